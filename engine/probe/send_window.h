#pragma once

#include <array>
#include <cstdint>

#include "net/base/clock.h"

namespace sonde {

/// How many probes were sent within the last time-out: those whose answers may
/// still come, when nothing is remembered of each. Counts in slices of an
/// eighth of the time-out, so a probe leaves up to that much late.
class SendWindow {
 public:
  /// Precondition: timeout > 0.
  SendWindow(Nanos timeout, Instant now) : slice_(timeout / kSlices + Nanos(1)), newest_began_(now) {}

  /// Counts probes sent at `now`.
  void add(uint32_t probes, Instant now);
  /// Forgets those whose time is over.
  void advance(Instant now);
  uint32_t count() const { return count_; }
  /// When the next ones leave; Instant::max() when there are none.
  Instant next_change() const { return count_ == 0 ? Instant::max() : newest_began_ + slice_; }
  void clear();

 private:
  static constexpr uint32_t kSlices = 8;
  Nanos slice_;
  Instant newest_began_;
  static constexpr uint32_t kRing = kSlices + 1;  // the newest slice is not full yet
  std::array<uint32_t, kRing> sent_{};
  uint32_t newest_ = 0;
  uint32_t count_ = 0;
};

}  // namespace sonde
