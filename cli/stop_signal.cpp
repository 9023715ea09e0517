#include "cli/stop_signal.h"

#include <poll.h>
#include <unistd.h>

#include <chrono>
#include <ctime>
#include <initializer_list>
#include <string_view>

#include "cli/command.h"

namespace sonde {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr timespec kGlance{0, 100'000'000};
constexpr auto kSameRequest = std::chrono::milliseconds(250);

/// Not by stdio, whose lock the thread that is held up may hold; and not at all
/// when standard error itself is what takes nothing.
void tell_at_once(std::string_view text) {
  pollfd error_stream{STDERR_FILENO, POLLOUT, 0};
  if (poll(&error_stream, 1, 0) <= 0 || (error_stream.revents & POLLOUT) == 0) return;
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, text.data(), text.size());
}

/// As nohup(1) leaves it: a blocked signal would be queued all the same.
bool is_ignored(int signal) {
  struct sigaction now {};
  return sigaction(signal, nullptr, &now) == 0 && now.sa_handler == SIG_IGN;
}

}  // namespace

StopSignal::StopSignal() {
  sigemptyset(&signals_);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    if (!is_ignored(signal)) sigaddset(&signals_, signal);
  }
  pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
  watcher_ = std::thread([this] { watch(); });
}

StopSignal::~StopSignal() {
  over_ = true;
  watcher_.join();
}

bool StopSignal::wait_a_moment() const { return sigtimedwait(&signals_, nullptr, &kGlance) > 0; }

void StopSignal::watch() {
  SteadyClock::time_point first;
  while (!over_) {
    if (!wait_a_moment()) continue;
    if (!asked_) {
      first = SteadyClock::now();
      asked_ = true;
      // On a terminal the cursor stands behind the progress line.
      tell_at_once(isatty(STDERR_FILENO) != 0 ? "\nsonde: stopping; once more ends at once\n"
                                              : "sonde: stopping; once more ends at once\n");
    } else if (SteadyClock::now() - first > kSameRequest) {
      _exit(static_cast<int>(ExitCode::interrupted));
    }
  }
}

}  // namespace sonde
