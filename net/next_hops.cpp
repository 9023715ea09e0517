#include "net/next_hops.h"

#include <algorithm>
#include <charconv>
#include <span>
#include <utility>

#include "net/base/check.h"
#include "net/source_choice.h"

namespace sonde {
namespace {

constexpr uint32_t kNotAsked = UINT32_MAX;
constexpr uint32_t kNoRoute = 0;  // its place among the next hops

// "02:fc:00:00:00:01", as Interface has it.
LinkAddress station_of(const std::string& text) {
  LinkAddress station;
  for (size_t at = 0; at + 2 <= text.size() && station.size < LinkAddress::kLongest; at += 3) {
    const char* const digits = text.data() + at;
    std::from_chars(digits, digits + 2, station.bytes[station.size++], 16);
  }
  return station;
}

std::optional<Error> why_not_ours(RouteTable& routes, const std::optional<IpAddress>& source,
                                  uint32_t interface_index) {
  if (!source) return std::nullopt;
  const auto route = routes.route_to(*source, 0, {interface_index, source});
  return route ? std::nullopt : std::optional(route.error());
}

std::optional<Error> why_not_usable(std::span<const Interface> interfaces, uint32_t index) {
  if (index == 0) return std::nullopt;
  const auto found = std::ranges::find(interfaces, index, &Interface::index);
  if (found == interfaces.end())
    return Error{ErrorKind::usage,
                 "no interface has the index " + std::to_string(index) + ": `ip link` lists them"};
  if (found->up) return std::nullopt;
  return Error{ErrorKind::impossible,
               "the interface " + found->name + " is down: `ip link set " + found->name + " up` sets it up"};
}

// All edges at which the kernel's answer can change.
Result<RouteSegments> read_segments(RouteTable& routes, std::span<const Interface> interfaces) {
  auto blocks = routes.blocks();
  if (!blocks) return tl::unexpected(blocks.error());
  const auto labels = list_address_labels();
  if (!labels) return tl::unexpected(labels.error());
  const auto of_sources = source_choice_blocks(interfaces, *labels);
  blocks->all.insert(blocks->all.end(), of_sources.begin(), of_sources.end());
  return RouteSegments(blocks->all);
}

// Only an interface tells on which link a link-local destination is meant
// (RFC 4007 §6), and it is to be the one that the user asked for.
bool has_no_link(const IpAddress& destination, uint32_t scope, uint32_t wanted_interface) {
  if (scope == 0) return destination.is_link_local_v6() && wanted_interface == 0;
  return wanted_interface != 0 && wanted_interface != scope;
}

}  // namespace

Result<NextHops> NextHops::open(const RouteOptions& options, const std::optional<IpAddress>& other_source) {
  CHECK(!options.source || !other_source || options.source->is_v4() != other_source->is_v4());
  auto routes = RouteTable::open();
  if (!routes) return tl::unexpected(routes.error());
  const auto interfaces = list_interfaces();
  if (!interfaces) return tl::unexpected(interfaces.error());
  if (auto error = why_not_usable(*interfaces, options.interface_index)) return tl::unexpected(*error);
  for (const auto& source : {options.source, other_source})
    if (auto error = why_not_ours(*routes, source, options.interface_index)) return tl::unexpected(*error);
  auto segments = read_segments(*routes, *interfaces);
  if (!segments) return tl::unexpected(segments.error());
  return NextHops(std::move(*routes), std::move(*segments), options, other_source, *interfaces);
}

NextHops::NextHops(RouteTable routes, RouteSegments segments, const RouteOptions& options,
                   const std::optional<IpAddress>& other_source, const std::vector<Interface>& interfaces)
    : routes_(std::move(routes)),
      segments_(std::move(segments)),
      for_v4_{options.interface_index, std::nullopt},
      for_v6_{options.interface_index, std::nullopt},
      by_segment_(segments_.size(), kNotAsked) {
  for (const auto& source : {options.source, other_source})
    if (source) (source->is_v4() ? for_v4_ : for_v6_).source = source;
  for (const Interface& interface : interfaces) links_.emplace(interface.index, link_of(interface));
  place_of(NextHop{});
}

// Without a hardware address there is nothing to resolve: tunnels, loopback.
NextHops::Link NextHops::link_of(const Interface& interface) {
  Link link;
  link.needs_station = !interface.hardware_address.empty() && !interface.point_to_point && !interface.no_arp;
  link.station = station_of(interface.hardware_address);
  for (const InterfaceAddress& address : interface.addresses)
    if (!address.address.is_v4() && !address.tentative) link.v6_addresses.push_back(address.address);
  std::stable_partition(link.v6_addresses.begin(), link.v6_addresses.end(),
                        [](const IpAddress& address) { return address.is_link_local_v6(); });
  return link;
}

// A neighbour answers a solicitation to its source, which therefore is to be an
// address of this link. ARP answers to the station, any source will do.
IpAddress NextHops::own_address(const NextHop& hop, const Link& link) {
  if (hop.neighbour.is_v4()) return hop.source;
  const auto& own = link.v6_addresses;
  if (std::ranges::find(own, hop.source) != own.end()) return hop.source;
  return own.empty() ? IpAddress() : own.front();
}

const NextHop& NextHops::to(const IpAddress& destination, uint32_t scope) {
  const U128 number = destination.number();
  if (number < here_.first || number > here_.last || scope != scope_here_) go_to(destination, scope);
  NextHop& hop = hops_[place_here_];
  if (!hop.through_gateway) hop.neighbour = destination;
  return hop;
}

IpAddress NextHops::last_alike(const IpAddress& destination) const {
  const U128 number = destination.number();
  return number < here_.first || number > here_.last ? destination : IpAddress::from_number(here_.last);
}

void NextHops::go_to(const IpAddress& destination, uint32_t scope) {
  here_ = segments_.of(destination);
  scope_here_ = scope;
  uint32_t& known = remembered(here_.number, scope);
  if (known == kNotAsked) known = ask(destination, scope).value_or(kNotAsked);
  place_here_ = known == kNotAsked ? kNoRoute : known;
  if (known == kNotAsked) here_ = {0, 1, 0};
}

uint32_t& NextHops::remembered(size_t segment, uint32_t scope) {
  if (scope == 0) return by_segment_[segment];
  const uint64_t key = (uint64_t{segment} << 32) | scope;
  if (by_scope_.size() >= kMostScoped && !by_scope_.contains(key)) by_scope_.clear();
  return by_scope_.try_emplace(key, kNotAsked).first->second;
}

std::optional<uint32_t> NextHops::ask(const IpAddress& destination, uint32_t scope) {
  const RouteOptions& options = destination.is_v4() ? for_v4_ : for_v6_;
  if (has_no_link(destination, scope, options.interface_index)) return kNoRoute;
  ++lookups_;
  const Result<Route> route = routes_.route_to(destination, scope, options);
  if (!route) {
    failure_ = route.error().text;
    return std::nullopt;
  }
  const auto hop = hop_of(*route, destination, options.source);
  return hop ? std::optional(place_of(*hop)) : std::nullopt;
}

// A lookup with a source is not answered with it, for IPv6 even with another.
std::optional<NextHop> NextHops::hop_of(const Route& route, const IpAddress& destination,
                                        const std::optional<IpAddress>& source) {
  NextHop hop;
  hop.kind = route.kind;
  hop.interface_index = route.interface_index;
  hop.source = source ? *source : route.source.value_or(IpAddress());
  hop.through_gateway = route.gateway.has_value();
  hop.neighbour = route.gateway.value_or(destination);
  if (hop.kind != RouteKind::unicast) return hop;
  if (hop.source == IpAddress()) return NextHop{};
  const auto link = links_.find(hop.interface_index);
  if (link == links_.end()) {
    failure_ = "the route to " + destination.to_string() +
               " leaves by an interface that came after the run had begun (" + route.interface_name +
               "): run again";
    return std::nullopt;
  }
  hop.needs_station = link->second.needs_station;
  hop.own_station = link->second.station;
  hop.own_address = own_address(hop, link->second);
  return hop;
}

// What differs in the destination alone is one next hop.
uint32_t NextHops::place_of(NextHop hop) {
  if (!hop.through_gateway) hop.neighbour = IpAddress();
  const auto [place, is_new] = places_.try_emplace(hop, static_cast<uint32_t>(hops_.size()));
  if (is_new) hops_.push_back(hop);
  return place->second;
}

}  // namespace sonde
