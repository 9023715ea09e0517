#include "engine/sweep/rate_control.h"

#include <algorithm>

namespace sonde {

double RateControl::advance(Instant now, bool lost, double sent_rate) {
  if (lost) {
    if (decreases_ == 0 || now - decreased_ >= kPause) decrease(now, sent_rate);
  } else if (decreases_ > 0 && rate_ != most_) {
    increase(now);
  }
  return rate_;
}

void RateControl::decrease(Instant now, double sent_rate) {
  // What was allowed may be far above what was sent: halving that would change nothing.
  const double least = most_ > 0 ? std::min(kLeastRate, most_) : kLeastRate;
  reference_ = std::max(least, rate_ > 0 ? std::min(rate_, sent_rate) : sent_rate);
  rate_ = std::max(least, reference_ / 2);
  changed_ = decreased_ = now;
  ++decreases_;
}

void RateControl::increase(Instant now) {
  const double elapsed_s = std::chrono::duration<double>(now - changed_).count();
  changed_ = now;
  rate_ += elapsed_s * kGrowth * std::max(reference_, rate_);
  if (most_ > 0) rate_ = std::min(rate_, most_);
}

}  // namespace sonde
