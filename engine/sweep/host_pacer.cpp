#include "engine/sweep/host_pacer.h"

#include <algorithm>

namespace sonde {
namespace {
constexpr size_t kFirstCleaning = 1 << 16;

Nanos interval_of(double rate) { return rate > 0 ? Nanos(static_cast<int64_t>(1e9 / rate)) : Nanos::zero(); }
}  // namespace

size_t HostPacer::AddressHash::operator()(const IpAddress& address) const noexcept {
  const U128 number = address.number();
  const uint64_t mixed =
      (static_cast<uint64_t>(number) ^ static_cast<uint64_t>(number >> 64)) * 0x9e3779b97f4a7c15u;
  return static_cast<size_t>(mixed ^ (mixed >> 32));
}

HostPacer::HostPacer(double rate) : interval_(interval_of(rate)), clean_at_(kFirstCleaning) {}

Instant HostPacer::take(const IpAddress& address, Instant now) {
  if (interval_ == Nanos::zero()) return now;
  const std::lock_guard lock(mutex_);
  if (entries_.size() >= clean_at_) forget_past(now);
  Entry& entry = entries_.try_emplace(address, Entry{now, now}).first->second;
  if (now >= entry.next - interval_ / 10) {
    entry.next = std::max(now, entry.next) + interval_;
    return now;
  }
  entry.last_planned = std::max(entry.last_planned + interval_, entry.next);
  return entry.last_planned;
}

void HostPacer::forget_past(Instant now) {
  std::erase_if(entries_, [&](const auto& item) {
    return std::max(item.second.next, item.second.last_planned) <= now;
  });
  clean_at_ = std::max(kFirstCleaning, entries_.size() * 2);
}

}  // namespace sonde
