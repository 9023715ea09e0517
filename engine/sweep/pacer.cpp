#include "engine/sweep/pacer.h"

#include <algorithm>
#include <cmath>

namespace sonde {
namespace {
constexpr double kNanosPerSecond = 1e9;
constexpr uint64_t kUnlimited = UINT64_MAX;
}  // namespace

Pacer::Pacer(double rate, Instant now)
    : rate_(rate),
      most_(std::max(1.0, rate * static_cast<double>(kBurst.count()) / kNanosPerSecond)),
      filled_(now) {}

void Pacer::refill(Instant now) {
  if (now <= filled_) return;
  const double elapsed_s = static_cast<double>((now - filled_).count()) / kNanosPerSecond;
  tokens_ = std::min(most_, tokens_ + rate_ * elapsed_s);
  filled_ = now;
}

uint64_t Pacer::budget(Instant now) {
  if (rate_ <= 0) return kUnlimited;
  refill(now);
  return static_cast<uint64_t>(tokens_);
}

void Pacer::spend(uint64_t probes) {
  if (rate_ > 0) tokens_ -= static_cast<double>(probes);
}

Nanos Pacer::until_next(Instant now) {
  if (rate_ <= 0) return Nanos::zero();
  refill(now);
  if (tokens_ >= 1) return Nanos::zero();
  return Nanos(static_cast<int64_t>(std::ceil((1 - tokens_) / rate_ * kNanosPerSecond)));
}

}  // namespace sonde
