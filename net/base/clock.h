#pragma once

#include <chrono>

namespace sonde {

using Nanos = std::chrono::nanoseconds;

/// A point on the monotonic clock. Only differences mean anything.
using Instant = std::chrono::time_point<std::chrono::steady_clock, Nanos>;

/// A point in civil time (UTC), for records.
using WallTime = std::chrono::sys_time<Nanos>;

/// Where time comes from. A loop samples now() once a turn and passes it down;
/// tests implement it with virtual time. Implementations are safe to call from
/// any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Instant now() const = 0;
  /// The civil time of an instant of this clock.
  virtual WallTime wall_time(Instant at) const = 0;
  /// The system's civil time as it stands now, to compare with times that the
  /// kernel put on packets. It may jump when the system's clock is set.
  virtual WallTime system_time() const = 0;
};

/// CLOCK_MONOTONIC, and CLOCK_REALTIME as it stood when the clock was made:
/// civil times of one run never jump, whatever is done to the system's clock.
class SystemClock final : public Clock {
 public:
  SystemClock();
  Instant now() const override;
  WallTime wall_time(Instant at) const override;
  WallTime system_time() const override;

 private:
  Instant mono_origin_;
  WallTime wall_origin_;
};

}  // namespace sonde
