#include "engine/sweep/xdp_targets.h"

#include <algorithm>
#include <map>
#include <optional>

namespace sonde {
namespace {

constexpr uint8_t kEthernetStation = 6;

tl::unexpected<Error> unreachable(const IpAddress& address, const std::string& why) {
  return impossible_error("the XDP engine cannot send to " + address.to_string() + ": " + why +
                          "; use --engine syn, or exclude it");
}

/// Why not; empty when nothing stands against it.
std::string obstacle_of(const NextHop& hop) {
  if (hop.kind == RouteKind::local) return "it is an address of this machine";
  if (hop.kind != RouteKind::unicast) return "this machine has no route to it";
  if (hop.own_station.size != kEthernetStation) return "its interface has no Ethernet addresses";
  return "";
}

/// Builds the tables, run by run.
class Layout {
 public:
  Layout(const TargetSet& targets, const HopLookup& lookup) : parts_(targets.parts()), lookup_(lookup) {
    for (uint64_t rank = 0; rank < parts_.ports.size(); ++rank) made_.ports.push_back(parts_.ports.nth(rank));
  }

  Result<XdpTargets> build() {
    for (auto step : {&Layout::add_intervals, &Layout::add_hosts, &Layout::add_pairs}) {
      const auto first = static_cast<uint32_t>(made_.runs.size());
      if (Result<void> added = (this->*step)(); !added) return tl::unexpected(added.error());
      const auto count = static_cast<uint32_t>(made_.runs.size()) - first;
      if (count > 0) made_.sections.push_back({first, count});
    }
    return std::move(made_);
  }

 private:
  Result<void> add_intervals() {
    if (made_.ports.empty()) return {};
    for (const Interval& interval : parts_.addresses.intervals()) {
      if (Result<void> added = add_interval(interval); !added) return added;
    }
    return {};
  }

  /// In pieces of one next hop each.
  Result<void> add_interval(const Interval& interval) {
    for (U128 here = interval.first.number();;) {
      const IpAddress first = IpAddress::from_number(here);
      const HopAnswer answer = lookup_(first, 0);
      const U128 last = std::min(answer.last_alike.number(), interval.last.number());
      if (Result<void> added = add(first, static_cast<uint64_t>(last - here) + 1, 0, answer.hop); !added)
        return added;
      if (last == interval.last.number()) return {};
      here = last + 1;
    }
  }

  Result<void> add_hosts() {
    for (const HostEntry& host : parts_.hosts) {
      if (Result<void> added = add_one(host.address, host.attributes, 0); !added) return added;
    }
    return {};
  }

  Result<void> add_pairs() {
    for (const Pair& pair : parts_.pairs) {
      if (Result<void> added = add_one(pair.address(), pair.attributes, pair.port); !added) return added;
    }
    return {};
  }

  Result<void> add_one(const IpAddress& address, AttributeId attributes, uint16_t port) {
    const uint32_t scope = attributes == kNoAttributes ? 0 : parts_.attributes[attributes].scope;
    return add(address, 1, port, lookup_(address, scope).hop);
  }

  Result<void> add(const IpAddress& first, uint64_t addresses, uint16_t port, const NextHop& hop) {
    if (const std::string obstacle = obstacle_of(hop); !obstacle.empty()) return unreachable(first, obstacle);
    const std::optional<uint16_t> place = place_of(hop);
    if (!place)
      return impossible_error("the targets leave by more than " + std::to_string(SONDE_MOST_HOPS) +
                              " next hops, which the XDP engine cannot hold: use --engine syn");
    made_.runs.push_back(run_of(index_, first, addresses, *place, port));
    index_ += port == 0 ? addresses * made_.ports.size() : 1;
    if (is_on_link(hop)) made_.on_link += addresses;
    return {};
  }

  std::optional<uint16_t> place_of(NextHop hop) {
    if (!hop.through_gateway) hop.neighbour = IpAddress();
    const auto [place, is_new] = places_.try_emplace(hop, static_cast<uint16_t>(made_.hops.size()));
    if (!is_new) return place->second;
    if (made_.hops.size() == SONDE_MOST_HOPS) return std::nullopt;
    made_.hops.push_back(hop);
    return place->second;
  }

  const TargetParts& parts_;
  const HopLookup& lookup_;
  XdpTargets made_;
  std::map<NextHop, uint16_t> places_;
  uint64_t index_ = 0;
};

}  // namespace

bool is_on_link(const NextHop& hop) { return hop.needs_station && !hop.through_gateway; }

Result<XdpTargets> lay_out_targets(const TargetSet& targets, const HopLookup& lookup) {
  return Layout(targets, lookup).build();
}

}  // namespace sonde
