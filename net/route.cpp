#include "net/route.h"

#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "net/route_message.h"

namespace sonde {
namespace {

// The answer to one lookup, or the errno that stands for it.
struct Lookup {
  Route route;
  int error = 0;
};

Lookup look_up(NetlinkSocket& socket, const NetlinkRequest& request) {
  Lookup found;
  found.error = socket.exchange(request, [&](const NetlinkMessage& message) {
    if (auto route = read_route(message)) found.route = std::move(*route);
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
    case RouteKind::unicast: return "unicast";
    case RouteKind::local: return "local";
    case RouteKind::broadcast: return "broadcast";
    case RouteKind::multicast: return "multicast";
    case RouteKind::unreachable: return "unreachable";
    case RouteKind::prohibit: return "prohibit";
    case RouteKind::blackhole: return "blackhole";
    case RouteKind::none: return "none";
  }
  return "none";
}

bool is_usable(RouteKind kind) { return kind == RouteKind::unicast || kind == RouteKind::local; }

IpAddress RoutePrefix::last() const {
  const uint8_t bits = first.is_v4() ? 32 : 128;
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
  const Lookup found = look_up(socket_, route_request(source, scope, std::nullopt));
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
  Lookup found = look_up(socket_, route_request(destination, interface_index, options.source));
  // IPv6 answers ENETUNREACH for an interface that does not exist.
  if (found.error != 0 && interface_index != 0 && interface_name(interface_index).empty())
    return usage_error("no interface has the index " + std::to_string(interface_index) +
                       ": `ip link` lists them");
  if (found.error == 0) {
    found.route.interface_name = interface_name(found.route.interface_index);
    return found.route;
  }
  const auto kind = route_kind_of_errno(found.error);
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
