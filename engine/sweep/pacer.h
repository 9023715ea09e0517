#pragma once

#include <cstdint>

#include "net/base/clock.h"

namespace sonde {

/// How many probes may start now: a token bucket. Not thread-safe: one per loop.
class Pacer {
 public:
  /// `rate` in probes a second; 0 is without limit. What was not used is kept
  /// for at most kBurst, so that a pause is not followed by a flood.
  Pacer(double rate, Instant now);

  /// How many may start at `now`.
  uint64_t budget(Instant now);
  /// Takes so many out of the budget.
  void spend(uint64_t probes);
  /// How long until the next one may start; zero when one may start now.
  Nanos until_next(Instant now);

  static constexpr Nanos kBurst = std::chrono::milliseconds(5);

 private:
  void refill(Instant now);

  double rate_;
  double most_;        // tokens that are kept
  double tokens_ = 1;  // the first probe need not wait
  Instant filled_;
};

}  // namespace sonde
