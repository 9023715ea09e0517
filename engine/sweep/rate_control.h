#pragma once

#include "net/base/clock.h"

namespace sonde {

/// Decides how fast a sweep may go: less when packets are lost, step by step
/// more while none are (additive increase, multiplicative decrease: Chiu and
/// Jain, 1989), and never more than was asked for. Pure: time and losses come
/// from the caller, one thread.
class RateControl {
 public:
  /// It never goes below that, in probes a second.
  static constexpr double kLeastRate = 1000;
  /// The least time between two decreases: what was sent before the first one
  /// must not count twice.
  static constexpr Nanos kPause = std::chrono::milliseconds(200);
  /// Growth a second, as a share of the rate at which the last loss was seen.
  static constexpr double kGrowth = 0.1;

  /// `most` in probes a second; 0: as fast as possible.
  explicit RateControl(double most) : most_(most), rate_(most) {}

  /// Takes in what happened since the last call: whether packets were lost, and
  /// at what rate was really sent. Returns the rate from now on; 0: without limit.
  double advance(Instant now, bool lost, double sent_rate);
  /// The rate now in force; 0: without limit.
  double rate() const { return rate_; }
  /// How often it was lowered.
  int decreases() const { return decreases_; }

 private:
  void decrease(Instant now, double sent_rate);
  void increase(Instant now);

  double most_;
  double rate_;
  double reference_ = 0;  // the rate at which the last loss was seen
  Instant decreased_;
  Instant changed_;
  int decreases_ = 0;
};

}  // namespace sonde
