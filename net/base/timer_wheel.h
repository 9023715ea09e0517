#pragma once

#include <cstdint>
#include <vector>

#include "net/base/clock.h"

namespace sonde {

/// Deadlines of up to `capacity` things, each known by a small number (its id).
/// Arming, disarming and expiring cost O(1); no memory is taken after
/// construction. A hashed wheel after Varghese and Lauck (1987), scheme 6: one
/// turn of kBuckets ticks, entries of later turns stay in their bucket.
///
/// Not thread-safe: one wheel belongs to one loop.
class TimerWheel {
 public:
  /// Ids are 0 … capacity−1; deadlines are rounded up to whole ticks, so that
  /// nothing expires early.
  TimerWheel(uint32_t capacity, Nanos tick, Instant now);

  /// Sets the deadline of `id`, replacing an earlier one.
  void arm(uint32_t id, Instant deadline);
  /// Forgets the deadline of `id`, if it has one.
  void disarm(uint32_t id);
  bool armed(uint32_t id) const { return entries_[id].armed; }

  /// Appends to `expired` the ids whose deadline is not after `now`, and
  /// disarms them.
  void advance(Instant now, std::vector<uint32_t>& expired);

  /// A time at or before the next deadline, and not later than one turn from
  /// the last advance(): how long a loop may sleep. Instant::max() when nothing
  /// is armed.
  Instant next_wake() const;

 private:
  static constexpr uint32_t kBuckets = 4096;
  static constexpr uint32_t kNone = UINT32_MAX;
  struct Entry {
    uint64_t tick = 0;
    uint32_t next = kNone;
    uint32_t previous = kNone;
    bool armed = false;
  };

  uint64_t tick_of(Instant at) const;
  void link(uint32_t id);
  void unlink(uint32_t id);
  void expire_bucket(uint32_t bucket, uint64_t last_tick, std::vector<uint32_t>& expired);

  std::vector<Entry> entries_;
  std::vector<uint32_t> heads_;
  std::vector<uint64_t> occupied_;  // a bit per bucket, to find the next one quickly
  Nanos tick_;
  Instant origin_;
  uint64_t current_ = 0;  // the last tick that was expired
  uint32_t count_ = 0;
};

}  // namespace sonde
