#include "cli/plan_routes.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

namespace sonde {
namespace {

constexpr U128 kHighest = ~U128{0};

// Sorted addresses at which the routing may change: each begins a new cell.
std::vector<U128> cell_starts(std::span<const RoutePrefix> blocks) {
  std::vector<U128> starts{IpAddress::kV4Base, IpAddress::kV4Base + (U128{1} << 32)};
  for (const RoutePrefix& block : blocks) {
    starts.push_back(block.first.number());
    if (block.last().number() != kHighest) starts.push_back(block.last().number() + 1);
  }
  std::sort(starts.begin(), starts.end());
  starts.erase(std::unique(starts.begin(), starts.end()), starts.end());
  return starts;
}

bool lies_in_any(const IpAddress& address, std::span<const RoutePrefix> blocks) {
  return std::any_of(blocks.begin(), blocks.end(), [&](const RoutePrefix& block) {
    return block.first <= address && address <= block.last() && block.first.is_v4() == address.is_v4();
  });
}

U128 size_of(const Interval& interval) {
  return saturating_add(interval.last.number() - interval.first.number(), 1);
}

class Gathering {
 public:
  Gathering(const RouteBlocks& blocks, const RouteLookup& lookup, size_t most_lookups)
      : blocks_(blocks), starts_(cell_starts(blocks.all)), lookup_(lookup), lookups_left_(most_lookups) {}

  void add(const Interval& interval) {
    for (U128 first = interval.first.number();;) {
      const size_t cell = cell_of(first);
      const U128 last = std::min(last_of(cell), interval.last.number());
      add_piece(cell, {IpAddress::from_number(first), IpAddress::from_number(last)});
      if (last == interval.last.number()) return;
      first = last + 1;
    }
  }

  PlannedRoutes finished() {
    std::stable_sort(found_.next_hops.begin(), found_.next_hops.end(),
                     [](const PlannedHop& a, const PlannedHop& b) {
                       if (is_usable(a.route.kind) != is_usable(b.route.kind)) return is_usable(a.route.kind);
                       return a.addresses > b.addresses;
                     });
    return std::move(found_);
  }

 private:
  // The number of starts at or before the address: 0 is the cell before all.
  size_t cell_of(U128 address) const {
    return static_cast<size_t>(std::upper_bound(starts_.begin(), starts_.end(), address) - starts_.begin());
  }
  U128 last_of(size_t cell) const { return cell == starts_.size() ? kHighest : starts_[cell] - 1; }

  void add_piece(size_t cell, const Interval& piece) {
    if (cell != known_cell_) look_up(cell, piece.first);
    if (!known_hop_) {
      found_.not_looked_up = saturating_add(found_.not_looked_up, size_of(piece));
      return;
    }
    count(found_.next_hops[*known_hop_], piece, ends_[*known_hop_]);
  }

  void look_up(size_t cell, const IpAddress& address) {
    known_cell_ = cell;
    known_hop_.reset();
    if (lookups_left_ == 0 || !found_.failure.empty()) return;
    --lookups_left_;
    const Result<Route> route = lookup_(address);
    if (!route) {
      found_.failure = route.error().text;
      return;
    }
    known_hop_ = next_hop_of(*route);
    found_.multipath = found_.multipath || lies_in_any(address, blocks_.multipath);
  }

  size_t next_hop_of(const Route& route) {
    const auto [place, is_new] = hops_.try_emplace(route, found_.next_hops.size());
    if (is_new) {
      found_.next_hops.push_back(PlannedHop{route, 0, 0, {}});
      ends_.emplace_back();
    }
    return place->second;
  }

  // `end` is the last address that was counted for this next hop.
  static void count(PlannedHop& hop, const Interval& piece, std::optional<U128>& end) {
    hop.addresses = saturating_add(hop.addresses, size_of(piece));
    const bool continues = end && *end + 1 == piece.first.number();
    end = piece.last.number();
    if (!continues) ++hop.interval_count;
    if (hop.interval_count > kMostKeptIntervals) return;
    if (continues)
      hop.intervals.back().last = piece.last;
    else
      hop.intervals.push_back(piece);
  }

  const RouteBlocks& blocks_;
  std::vector<U128> starts_;
  const RouteLookup& lookup_;
  size_t lookups_left_;
  std::optional<size_t> known_cell_;
  std::optional<size_t> known_hop_;
  std::map<Route, size_t> hops_;           // places in found_.next_hops
  std::vector<std::optional<U128>> ends_;  // parallel to found_.next_hops
  PlannedRoutes found_;
};

}  // namespace

PlannedRoutes gather_routes(std::span<const Interval> intervals, const RouteBlocks& blocks,
                            const RouteLookup& lookup, size_t most_lookups) {
  const auto feed = [intervals](const auto& add) { std::ranges::for_each(intervals, add); };
  return gather_routes(feed, blocks, lookup, most_lookups);
}

PlannedRoutes gather_routes(const IntervalFeed& feed, const RouteBlocks& blocks, const RouteLookup& lookup,
                            size_t most_lookups) {
  Gathering gathering(blocks, lookup, most_lookups);
  feed([&gathering](const Interval& interval) { gathering.add(interval); });
  return gathering.finished();
}

std::vector<IpAddress> source_addresses(const PlannedRoutes& routes) {
  std::vector<IpAddress> sources;
  for (const PlannedHop& hop : routes.next_hops)
    if (hop.route.kind == RouteKind::unicast && hop.route.source) sources.push_back(*hop.route.source);
  std::sort(sources.begin(), sources.end());
  sources.erase(std::unique(sources.begin(), sources.end()), sources.end());
  return sources;
}

std::vector<uint32_t> interfaces_of(const PlannedRoutes& routes) {
  std::set<uint32_t> used;
  for (const PlannedHop& hop : routes.next_hops)
    if (hop.route.interface_index != 0) used.insert(hop.route.interface_index);
  return {used.begin(), used.end()};
}

}  // namespace sonde
