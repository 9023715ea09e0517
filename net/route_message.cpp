#include "net/route_message.h"

#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>

#include <cerrno>
#include <cstring>

#include "net/packet/wire.h"

namespace sonde {
namespace {

uint8_t address_bits(const IpAddress& address) { return address.is_v4() ? 32 : 128; }
uint8_t family_of(const IpAddress& address) { return address.is_v4() ? AF_INET : AF_INET6; }

RouteKind kind_of(uint8_t rtm_type) {
  switch (rtm_type) {
    case RTN_UNICAST:
    case RTN_ANYCAST: return RouteKind::unicast;
    case RTN_LOCAL: return RouteKind::local;
    case RTN_BROADCAST: return RouteKind::broadcast;
    case RTN_MULTICAST: return RouteKind::multicast;
    case RTN_UNREACHABLE: return RouteKind::unreachable;
    case RTN_PROHIBIT: return RouteKind::prohibit;
    case RTN_BLACKHOLE: return RouteKind::blackhole;
    default: return RouteKind::none;
  }
}

// RTA_VIA: an address family, then the address in network order.
std::optional<IpAddress> via_address(std::span<const std::byte> payload) {
  if (payload.size() < sizeof(rtvia)) return std::nullopt;
  return load_address(payload.subspan(sizeof(rtvia)));
}

std::optional<IpAddress> gateway_of(const NetlinkAttributes& attributes) {
  if (const auto gateway = attributes.address(RTA_GATEWAY)) return gateway;
  const auto via = attributes.find(RTA_VIA);
  return via ? via_address(*via) : std::nullopt;
}

// Several next hops stand in RTA_MULTIPATH, each an rtnexthop with attributes;
// the first one is taken.
void read_first_hop(std::span<const std::byte> hops, Route& route) {
  rtnexthop hop;
  if (hops.size() < sizeof(hop)) return;
  std::memcpy(&hop, hops.data(), sizeof(hop));
  if (hop.rtnh_len < sizeof(hop) || hop.rtnh_len > hops.size()) return;
  route.interface_index = static_cast<uint32_t>(hop.rtnh_ifindex);
  route.gateway = gateway_of(NetlinkAttributes(hops.first(hop.rtnh_len).subspan(sizeof(hop))));
}

Route route_of(const rtmsg& header, const NetlinkAttributes& attributes) {
  Route route;
  route.kind = kind_of(header.rtm_type);
  route.interface_index = attributes.number(RTA_OIF).value_or(0);
  route.gateway = gateway_of(attributes);
  route.source = attributes.address(RTA_PREFSRC);
  route.mtu = attributes.nested(RTA_METRICS).number(RTAX_MTU).value_or(0);
  if (const auto hops = attributes.find(RTA_MULTIPATH)) read_first_hop(*hops, route);
  return route;
}

}  // namespace

NetlinkRequest route_request(const IpAddress& destination, uint32_t interface_index,
                             const std::optional<IpAddress>& source) {
  rtmsg header{};
  header.rtm_family = family_of(destination);
  header.rtm_dst_len = address_bits(destination);
  header.rtm_src_len = source ? address_bits(*source) : 0;
  NetlinkRequest request(RTM_GETROUTE, header, false);
  request.attribute(RTA_DST, destination);
  if (source) request.attribute(RTA_SRC, *source);
  if (interface_index != 0) request.attribute(RTA_OIF, interface_index);
  // Rules may tell protocols apart (`ip rule … ipproto tcp`).
  request.attribute(RTA_IP_PROTO, uint8_t{IPPROTO_TCP});
  return request;
}

std::optional<Route> read_route(const NetlinkMessage& message) {
  const auto header = message.header<rtmsg>();
  if (message.type() != RTM_NEWROUTE || !header) return std::nullopt;
  return route_of(*header, message.attributes_after(sizeof(rtmsg)));
}

std::optional<RouteKind> route_kind_of_errno(int error) {
  switch (error) {
    case ENETUNREACH: return RouteKind::none;
    case EHOSTUNREACH: return RouteKind::unreachable;
    case EACCES: return RouteKind::prohibit;
    case EINVAL: return RouteKind::blackhole;
    default: return std::nullopt;
  }
}

std::optional<TableRoute> read_table_route(const NetlinkMessage& message) {
  const auto header = message.header<rtmsg>();
  if (message.type() != RTM_NEWROUTE || !header) return std::nullopt;
  if (header->rtm_family != AF_INET && header->rtm_family != AF_INET6) return std::nullopt;
  if ((header->rtm_flags & RTM_F_CLONED) != 0) return std::nullopt;
  const NetlinkAttributes attributes = message.attributes_after(sizeof(rtmsg));
  TableRoute entry;
  const IpAddress unspecified = header->rtm_family == AF_INET ? IpAddress::v4(0) : IpAddress();
  entry.prefix = {attributes.address(RTA_DST).value_or(unspecified), header->rtm_dst_len};
  entry.table = attributes.number(RTA_TABLE).value_or(header->rtm_table);
  entry.route = route_of(*header, attributes);
  entry.multipath = attributes.find(RTA_MULTIPATH).has_value();
  return entry;
}

std::optional<RoutePrefix> read_rule_destination(const NetlinkMessage& message) {
  const auto header = message.header<fib_rule_hdr>();
  if (message.type() != RTM_NEWRULE || !header) return std::nullopt;
  const auto destination = message.attributes_after(sizeof(fib_rule_hdr)).address(FRA_DST);
  if (!destination) return std::nullopt;
  return RoutePrefix{*destination, header->dst_len};
}

}  // namespace sonde
