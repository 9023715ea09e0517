#pragma once

#include <atomic>

#include "net/base/clock.h"

namespace sonde {

/// Time that passes only when someone sleeps.
class VirtualClock final : public Clock {
 public:
  Instant now() const override { return Instant(Nanos(nanos_.load())); }
  WallTime wall_time(Instant at) const override { return WallTime(at.time_since_epoch()); }
  WallTime system_time() const override { return wall_time(now()) + Nanos(set_by_.load()); }
  /// Someone sets the system's clock.
  void set_system_time_ahead(Nanos by) { set_by_ += by.count(); }
  void advance_to(Instant at) {
    const int64_t wanted = at.time_since_epoch().count();
    for (int64_t now = nanos_.load(); wanted > now && !nanos_.compare_exchange_weak(now, wanted);) {
    }
  }

 private:
  std::atomic<int64_t> nanos_{1'000'000'000};
  std::atomic<int64_t> set_by_{0};
};

}  // namespace sonde
