#include "engine/sweep/neighbour_window.h"

#include <iterator>

#include "net/base/check.h"

namespace sonde {

size_t NeighbourWindow::Hash::operator()(const IpAddress& address) const noexcept {
  const U128 number = address.number();
  const uint64_t mixed =
      (static_cast<uint64_t>(number) ^ static_cast<uint64_t>(number >> 64)) * 0x9e3779b97f4a7c15u;
  return static_cast<size_t>(mixed ^ (mixed >> 32));
}

NeighbourWindow::NeighbourWindow(size_t most, Nanos hold) : most_(most), hold_(hold) { CHECK(most > 0); }

bool NeighbourWindow::refresh(const IpAddress& address, Instant now) {
  const auto found = entries_.find(address);
  if (found == entries_.end()) return false;
  const auto entry = found->second;
  taken_.splice(taken_.end(), entry->expires == Instant::min() ? held_ : taken_, entry);
  entry->expires = now + hold_;
  return true;
}

void NeighbourWindow::add(const IpAddress& address, Instant now) {
  CHECK(has_room());
  taken_.push_back({address, now + hold_, 0});
  entries_.emplace(address, std::prev(taken_.end()));
}

void NeighbourWindow::drop_front() {
  entries_.erase(taken_.front().address);
  taken_.pop_front();
}

void NeighbourWindow::expire(Instant now) {
  while (!taken_.empty() && taken_.front().expires <= now) drop_front();
}

void NeighbourWindow::keep_or_drop_expired(Instant now) {
  while (!taken_.empty() && taken_.front().expires <= now) {
    if (taken_.front().seen != censuses_) {
      drop_front();
      continue;
    }
    taken_.front().expires = Instant::min();
    held_.splice(held_.end(), taken_, taken_.begin());
  }
}

void NeighbourWindow::census(std::span<const IpAddress> held, Instant now) {
  ++censuses_;
  for (const IpAddress& address : held)
    if (const auto found = entries_.find(address); found != entries_.end()) found->second->seen = censuses_;
  for (auto entry = held_.begin(); entry != held_.end();) {
    if (entry->seen != censuses_) entries_.erase(entry->address);
    entry = entry->seen != censuses_ ? held_.erase(entry) : std::next(entry);
  }
  keep_or_drop_expired(now);
  for (const IpAddress& address : held) {
    if (entries_.size() >= most_) return;
    if (entries_.contains(address)) continue;
    held_.push_back({address, Instant::min(), censuses_});
    entries_.emplace(address, std::prev(held_.end()));
  }
}

std::optional<Instant> NeighbourWindow::next_expiry() const {
  return taken_.empty() ? std::nullopt : std::optional(taken_.front().expires);
}

}  // namespace sonde
