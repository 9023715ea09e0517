#pragma once

#include <cstdio>
#include <optional>
#include <string>

#include "engine/sweep/sweep.h"

namespace sonde {

/// The line that tells how far a sweep is. Pure; without a line end.
/// `rate` is in probes a second.
std::string progress_line(const SweepStatus& status, double rate);

/// Writes it to a stream: rewritten in place twice a second on a terminal, a
/// plain line every ten seconds elsewhere. One thread.
class Progress {
 public:
  Progress(std::FILE* stream, bool terminal) : stream_(stream), terminal_(terminal) {}
  /// Takes note, and writes when it is time.
  void update(const SweepStatus& status);
  /// Clears the line, so that something else can be written.
  void clear();

 private:
  std::FILE* stream_;
  bool terminal_;
  bool shown_ = false;
  Nanos last_at_{0};
  uint64_t last_sent_ = 0;
};

}  // namespace sonde
