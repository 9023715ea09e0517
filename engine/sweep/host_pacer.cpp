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
  const auto [place, is_new] = entries_.try_emplace(address, Entry{now, now});
  Entry& entry = place->second;
  if (is_new || now >= entry.last_sent + interval_) {
    entry.last_sent = now;
    return now;
  }
  entry.last_planned = std::max(entry.last_planned, entry.last_sent) + interval_;
  return entry.last_planned;
}

void HostPacer::forget_past(Instant now) {
  std::erase_if(entries_, [&](const auto& item) {
    return std::max(item.second.last_sent, item.second.last_planned) + interval_ <= now;
  });
  clean_at_ = std::max(kFirstCleaning, entries_.size() * 2);
}

}  // namespace sonde
