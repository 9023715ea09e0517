/// delay_lines DEVICE:MILLISECONDS...: makes one TUN device for each argument,
/// which gives every packet back after its delay (delay_line.h), until it is
/// killed. Prints "ready" once all devices are there.

#include <poll.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <optional>
#include <string_view>

#include "tests/lab/delay_line.h"

namespace sonde {
namespace {

Result<DelayLine> open_line(std::string_view text) {
  const size_t colon = text.find(':');
  unsigned delay_ms = 0;
  const char* const end = text.data() + text.size();
  if (colon == text.npos || std::from_chars(text.data() + colon + 1, end, delay_ms).ptr != end) {
    return usage_error(std::string(text) + ": expected DEVICE:MILLISECONDS");
  }
  return DelayLine::open(std::string(text.substr(0, colon)), std::chrono::milliseconds(delay_ms));
}

std::optional<timespec> until(Instant due, Instant now) {
  if (due == Instant::max()) return std::nullopt;
  const int64_t wait = std::max<int64_t>((due - now).count(), 0);
  return timespec{wait / 1'000'000'000, wait % 1'000'000'000};
}

void turn(std::vector<DelayLine>& lines, std::vector<pollfd>& polled, const Clock& clock) {
  Instant due = Instant::max();
  for (const DelayLine& line : lines) due = std::min(due, line.next());
  const auto wait = until(due, clock.now());
  ppoll(polled.data(), polled.size(), wait ? &*wait : nullptr, nullptr);
  const Instant now = clock.now();
  for (DelayLine& line : lines) {
    line.take(now);
    line.give(now);
  }
}

int run(int count, char** arguments) {
  std::vector<DelayLine> lines;
  std::vector<pollfd> polled;
  for (int i = 0; i < count; ++i) {
    auto line = open_line(arguments[i]);
    if (!line) {
      std::fprintf(stderr, "delay_lines: %s\n", line.error().text.c_str());
      return 1;
    }
    polled.push_back({line->descriptor(), POLLIN, 0});
    lines.push_back(std::move(*line));
  }
  std::puts("ready");
  std::fflush(stdout);
  const SystemClock clock;
  for (;;) turn(lines, polled, clock);
}

}  // namespace
}  // namespace sonde

int main(int argc, char** argv) { return sonde::run(argc - 1, argv + 1); }
