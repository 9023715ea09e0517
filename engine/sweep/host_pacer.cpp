#include "engine/sweep/host_pacer.h"

#include <algorithm>

namespace sonde {
namespace {
constexpr size_t kFirstCleaning = 1 << 16;

Nanos interval_of(double rate) { return rate > 0 ? Nanos(static_cast<int64_t>(1e9 / rate)) : Nanos::zero(); }
}  // namespace

size_t HostPacer::AddressHash::operator()(const IpAddress& address) const noexcept {
  const U128 number = address.number();
  const uint64_t mixed = (static_cast<uint64_t>(number) ^ static_cast<uint64_t>(number >> 64)) * 0x9e3779b97f4a7c15u;
  return static_cast<size_t>(mixed ^ (mixed >> 32));
}

HostPacer::HostPacer(double rate) : interval_(interval_of(rate)), clean_at_(kFirstCleaning) {}

Instant HostPacer::reserve(const IpAddress& address, Instant now) {
  if (interval_ == Nanos::zero()) return now;
  const std::lock_guard lock(mutex_);
  if (next_free_.size() >= clean_at_) forget_past(now);
  Instant& next = next_free_.try_emplace(address, now).first->second;
  const Instant reserved = std::max(next, now);
  next = reserved + interval_;
  return reserved;
}

void HostPacer::forget_past(Instant now) {
  std::erase_if(next_free_, [now](const auto& entry) { return entry.second <= now; });
  clean_at_ = std::max(kFirstCleaning, next_free_.size() * 2);
}

}  // namespace sonde
