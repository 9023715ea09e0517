#include "cli/progress.h"

#include <fmt/core.h>

#include "cli/figures.h"

namespace sonde {
namespace {

constexpr Nanos kTerminalPause = std::chrono::milliseconds(500);
constexpr Nanos kPlainPause = std::chrono::seconds(10);

double seconds(Nanos time) { return std::chrono::duration<double>(time).count(); }

}  // namespace

std::string progress_line(const SweepStatus& status, double rate) {
  const double share = status.pass_steps == 0
                           ? 0
                           : static_cast<double>(status.pass_dealt) / static_cast<double>(status.pass_steps);
  const uint64_t left = status.pass_steps - status.pass_dealt;
  std::string line = fmt::format(
      "pass {} of at most {}: {:.1f} %, {} probes/s, {} of {} endpoints decided, {} open, {} in flight",
      status.pass, status.passes, share * 100, measured(rate), grouped(status.settled), grouped(status.steps),
      grouped(status.open), grouped(status.in_flight));
  // Only the first pass probes every step, so only there the rate tells when it ends.
  if (status.pass == 1 && rate > 0 && left > 0)
    line += ", " + in_time(static_cast<double>(left) / rate) + " to go in this pass";
  if (status.local_failed > 0) line += fmt::format(", {} failed here", grouped(status.local_failed));
  return line;
}

void Progress::update(const SweepStatus& status) {
  const Nanos pause = terminal_ ? kTerminalPause : kPlainPause;
  if (status.elapsed - last_at_ < pause) return;
  const double rate = static_cast<double>(status.sent - last_sent_) / seconds(status.elapsed - last_at_);
  last_at_ = status.elapsed;
  last_sent_ = status.sent;
  const std::string line = progress_line(status, rate);
  if (terminal_) {
    fmt::print(stream_, "\r\x1b[K{}", line);
    std::fflush(stream_);
  } else {
    fmt::print(stream_, "sonde: {}\n", line);
  }
  shown_ = true;
}

void Progress::clear() {
  if (terminal_ && shown_) fmt::print(stream_, "\r\x1b[K");
  shown_ = false;
}

}  // namespace sonde
