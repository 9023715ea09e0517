#include "net/base/clock.h"

namespace sonde {

SystemClock::SystemClock()
    : mono_origin_(std::chrono::steady_clock::now()),
      wall_origin_(std::chrono::time_point_cast<Nanos>(std::chrono::system_clock::now())) {}

Instant SystemClock::now() const { return std::chrono::steady_clock::now(); }

WallTime SystemClock::wall_time(Instant at) const { return wall_origin_ + (at - mono_origin_); }

WallTime SystemClock::system_time() const {
  return std::chrono::time_point_cast<Nanos>(std::chrono::system_clock::now());
}

}  // namespace sonde
