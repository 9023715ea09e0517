#include "engine/sweep/neighbour_pacer.h"

#include <algorithm>
#include <utility>

namespace sonde {
namespace {

// Of the census, the addresses of one family.
std::vector<IpAddress> of_family(const std::vector<IpAddress>& addresses, bool v4) {
  std::vector<IpAddress> found;
  std::copy_if(addresses.begin(), addresses.end(), std::back_inserter(found),
               [v4](const IpAddress& address) { return address.is_v4() == v4; });
  return found;
}

}  // namespace

NeighbourPacer::NeighbourPacer(std::vector<AttachedNetwork> networks, size_t most_v4, size_t most_v6,
                               NeighbourCensus census)
    : networks_(merge_networks(std::move(networks))),
      census_(std::move(census)),
      v4_(most_v4, kNeighbourHold),
      v6_(most_v6, kNeighbourHold) {}

bool NeighbourPacer::is_attached(const IpAddress& address) const {
  const auto after =
      std::upper_bound(networks_.begin(), networks_.end(), address,
                       [](const IpAddress& a, const AttachedNetwork& network) { return a < network.first; });
  return after != networks_.begin() && address <= std::prev(after)->last;
}

Instant NeighbourPacer::take(const IpAddress& address, Instant now) {
  if (!is_attached(address)) return now;
  const std::lock_guard lock(mutex_);
  const bool is_first = latest_ == Instant::min();
  latest_ = std::max(latest_, now);
  NeighbourWindow& window = address.is_v4() ? v4_ : v6_;
  if (is_first) make_room(latest_);  // notes the neighbours there are already
  if (window.refresh(address, latest_)) return now;
  if (!window.has_room()) make_room(latest_);
  if (window.has_room()) {
    window.add(address, latest_);
    return now;
  }
  limits_.store(true, std::memory_order_relaxed);
  return next_chance(window);
}

// With a census, an address whose time is over stays until one says that the
// kernel does not hold it.
void NeighbourPacer::make_room(Instant now) {
  if (!census_) {
    v4_.expire(now);
    v6_.expire(now);
    return;
  }
  if (now < next_census_) return;
  const std::vector<IpAddress> held = census_();
  v4_.census(of_family(held, true), now);
  v6_.census(of_family(held, false), now);
  next_census_ = now + kCensusInterval;
}

Instant NeighbourPacer::next_chance(const NeighbourWindow& window) const {
  if (!census_) return *window.next_expiry();
  return window.holds_any() ? next_census_ : std::max(*window.next_expiry(), next_census_);
}

}  // namespace sonde
