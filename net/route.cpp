#include "net/route.h"

#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace sonde {
namespace {

uint8_t address_bits(const IpAddress& address) { return address.is_v4() ? 32 : 128; }
uint8_t family_of(const IpAddress& address) { return address.is_v4() ? AF_INET : AF_INET6; }

RouteKind kind_of(uint8_t rtm_type) {
  switch (rtm_type) {
    case RTN_UNICAST:
    case RTN_ANYCAST:
      return RouteKind::unicast;
    case RTN_LOCAL:
      return RouteKind::local;
    case RTN_BROADCAST:
      return RouteKind::broadcast;
    case RTN_MULTICAST:
      return RouteKind::multicast;
    case RTN_UNREACHABLE:
      return RouteKind::unreachable;
    case RTN_PROHIBIT:
      return RouteKind::prohibit;
    case RTN_BLACKHOLE:
      return RouteKind::blackhole;
    default:
      return RouteKind::none;
  }
}

// IPv4 answers a lookup that meets such a route with an error alone.
std::optional<RouteKind> kind_of_error(int error) {
  switch (error) {
    case ENETUNREACH:
      return RouteKind::none;
    case EHOSTUNREACH:
      return RouteKind::unreachable;
    case EACCES:
      return RouteKind::prohibit;
    case EINVAL:
      return RouteKind::blackhole;
    default:
      return std::nullopt;
  }
}

// RTA_VIA: an address family, then the address in network order.
std::optional<IpAddress> via_address(std::span<const std::byte> payload) {
  if (payload.size() < sizeof(rtvia)) return std::nullopt;
  const auto bytes = payload.subspan(sizeof(rtvia));
  U128 number = 0;
  for (std::byte byte : bytes) number = (number << 8) | static_cast<uint8_t>(byte);
  if (bytes.size() == 4) return IpAddress::v4(static_cast<uint32_t>(number));
  if (bytes.size() == 16) return IpAddress::from_number(number);
  return std::nullopt;
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

Route read_route(const rtmsg& header, const NetlinkAttributes& attributes) {
  Route route;
  route.kind = kind_of(header.rtm_type);
  route.interface_index = attributes.number(RTA_OIF).value_or(0);
  route.gateway = gateway_of(attributes);
  route.source = attributes.address(RTA_PREFSRC);
  route.mtu = attributes.nested(RTA_METRICS).number(RTAX_MTU).value_or(0);
  if (const auto hops = attributes.find(RTA_MULTIPATH)) read_first_hop(*hops, route);
  return route;
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
  entry.route = read_route(*header, attributes);
  entry.multipath = attributes.find(RTA_MULTIPATH).has_value();
  return entry;
}

// The destination that a policy rule names; none when it holds for any.
std::optional<RoutePrefix> read_rule_destination(const NetlinkMessage& message) {
  const auto header = message.header<fib_rule_hdr>();
  if (message.type() != RTM_NEWRULE || !header) return std::nullopt;
  const auto destination = message.attributes_after(sizeof(fib_rule_hdr)).address(FRA_DST);
  if (!destination) return std::nullopt;
  return RoutePrefix{*destination, header->dst_len};
}

NetlinkRequest lookup_request(const IpAddress& destination, uint32_t interface_index,
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

// The answer to one lookup, or the errno that stands for it.
struct Lookup {
  Route route;
  int error = 0;
};

Lookup look_up(NetlinkSocket& socket, const NetlinkRequest& request) {
  Lookup found;
  found.error = socket.exchange(request, [&](const NetlinkMessage& message) {
    const auto header = message.header<rtmsg>();
    if (message.type() == RTM_NEWROUTE && header)
      found.route = read_route(*header, message.attributes_after(sizeof(rtmsg)));
  });
  return found;
}

tl::unexpected<Error> lookup_error(const IpAddress& destination, int error) {
  return impossible_error("cannot look up the route to " + destination.to_string() + ": " +
                          std::strerror(error));
}

tl::unexpected<Error> list_error(const char* what, int error) {
  return impossible_error(std::string("cannot list the ") + what + ": " + std::strerror(error));
}

tl::unexpected<Error> too_many_routes(size_t limit) {
  return impossible_error("the routing tables have more than " + std::to_string(limit) +
                          " entries, too many to read; routes can still be asked one by one");
}

void sort_once(std::vector<RoutePrefix>& prefixes) {
  std::sort(prefixes.begin(), prefixes.end());
  prefixes.erase(std::unique(prefixes.begin(), prefixes.end()), prefixes.end());
}

}  // namespace

std::string_view to_string(RouteKind kind) {
  switch (kind) {
    case RouteKind::unicast:
      return "unicast";
    case RouteKind::local:
      return "local";
    case RouteKind::broadcast:
      return "broadcast";
    case RouteKind::multicast:
      return "multicast";
    case RouteKind::unreachable:
      return "unreachable";
    case RouteKind::prohibit:
      return "prohibit";
    case RouteKind::blackhole:
      return "blackhole";
    case RouteKind::none:
      return "none";
  }
  return "none";
}

bool is_usable(RouteKind kind) { return kind == RouteKind::unicast || kind == RouteKind::local; }

IpAddress RoutePrefix::last() const {
  const uint8_t bits = address_bits(first);
  const unsigned free_bits = length >= bits ? 0U : static_cast<unsigned>(bits - length);
  const U128 mask = free_bits == 128 ? ~U128{0} : (U128{1} << free_bits) - 1;
  return IpAddress::from_number(first.number() | mask);
}

std::string RoutePrefix::to_string() const {
  if (length == 0) return first.is_v4() ? "default" : "default (IPv6)";
  return first.to_string() + "/" + std::to_string(length);
}

RouteTable::RouteTable(NetlinkSocket socket) : socket_(std::move(socket)) {}

Result<RouteTable> RouteTable::open() {
  auto socket = NetlinkSocket::open(NETLINK_ROUTE);
  if (!socket) return tl::unexpected(socket.error());
  return RouteTable(std::move(*socket));
}

const std::string& RouteTable::interface_name(uint32_t index) {
  if (index == named_index_) return name_;
  std::array<char, IF_NAMESIZE> name{};
  named_index_ = index;
  name_ = index != 0 && if_indextoname(index, name.data()) != nullptr ? name.data() : "";
  return name_;
}

// The kernel takes any source in a lookup, so that the source is looked up
// first: an address of ours has a local route.
bool RouteTable::is_ours(const IpAddress& source, uint32_t interface_index) {
  if (source == known_source_) return true;
  const uint32_t scope = source.is_link_local_v6() ? interface_index : 0;
  const Lookup found = look_up(socket_, lookup_request(source, scope, std::nullopt));
  if (found.error != 0 || found.route.kind != RouteKind::local) return false;
  known_source_ = source;
  return true;
}

Result<Route> RouteTable::route_to(const IpAddress& destination, uint32_t scope,
                                   const RouteOptions& options) {
  const uint32_t interface_index = scope != 0 ? scope : options.interface_index;
  if (options.source && options.source->is_v4() != destination.is_v4())
    return usage_error("the source address " + options.source->to_string() + " cannot reach " +
                       destination.to_string() + ": one is IPv4, the other IPv6");
  if (options.source && !is_ours(*options.source, interface_index))
    return usage_error("the source address " + options.source->to_string() +
                       " is not an address of this machine: `ip address` lists them");
  Lookup found = look_up(socket_, lookup_request(destination, interface_index, options.source));
  // IPv6 answers ENETUNREACH for an interface that does not exist.
  if (found.error != 0 && interface_index != 0 && interface_name(interface_index).empty())
    return usage_error("no interface has the index " + std::to_string(interface_index) +
                       ": `ip link` lists them");
  if (found.error == 0) {
    found.route.interface_name = interface_name(found.route.interface_index);
    return found.route;
  }
  const auto kind = kind_of_error(found.error);
  if (!kind) return lookup_error(destination, found.error);
  Route refused;
  refused.kind = *kind;
  return refused;
}

Result<std::vector<TableRoute>> RouteTable::routes(size_t limit) {
  std::vector<TableRoute> entries;
  bool too_many = false;
  const int error = netlink_list(
      socket_, NetlinkRequest(RTM_GETROUTE, rtmsg{}, true),
      [&] {
        entries.clear();
        too_many = false;
      },
      [&](const NetlinkMessage& message) {
        auto entry = read_table_route(message);
        too_many = too_many || (entry && entries.size() == limit);
        if (entry && !too_many) entries.push_back(std::move(*entry));
      });
  if (error != 0) return list_error("routing tables", error);
  if (too_many) return too_many_routes(limit);
  for (TableRoute& entry : entries) entry.route.interface_name = interface_name(entry.route.interface_index);
  return entries;
}

Result<std::vector<RoutePrefix>> RouteTable::rule_destinations() {
  std::vector<RoutePrefix> found;
  const int error = netlink_list(
      socket_, NetlinkRequest(RTM_GETRULE, fib_rule_hdr{}, true), [&] { found.clear(); },
      [&](const NetlinkMessage& message) {
        if (const auto destination = read_rule_destination(message)) found.push_back(*destination);
      });
  // EOPNOTSUPP: a kernel without policy rules.
  if (error != 0 && error != EOPNOTSUPP) return list_error("routing rules", error);
  return found;
}

Result<RouteBlocks> RouteTable::blocks(size_t limit) {
  const auto entries = routes(limit);
  if (!entries) return tl::unexpected(entries.error());
  auto of_rules = rule_destinations();
  if (!of_rules) return tl::unexpected(of_rules.error());
  RouteBlocks blocks{std::move(*of_rules), {}};
  for (const TableRoute& entry : *entries) {
    blocks.all.push_back(entry.prefix);
    if (entry.multipath) blocks.multipath.push_back(entry.prefix);
  }
  sort_once(blocks.all);
  sort_once(blocks.multipath);
  return blocks;
}

}  // namespace sonde
