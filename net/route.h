#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/address.h"
#include "net/base/result.h"
#include "net/netlink.h"

namespace sonde {

/// What the kernel would do with a packet to a destination.
enum class RouteKind : uint8_t {
  unicast,      ///< sends it out of an interface, to a gateway or to a neighbour
  local,        ///< the destination is this machine
  broadcast,    ///< a broadcast address of an attached subnet
  multicast,    ///< a multicast group
  unreachable,  ///< a route says: host unreachable (EHOSTUNREACH)
  prohibit,     ///< a route says: forbidden (EACCES)
  blackhole,    ///< a route says: drop without a word (EINVAL)
  none,         ///< no route (ENETUNREACH)
};

/// The words of `ip route`: "unicast", "local", … and "none".
std::string_view to_string(RouteKind kind);

/// Whether packets leave: unicast and local are, all others are not.
bool is_usable(RouteKind kind);

/// The next hop for one destination.
struct Route {
  RouteKind kind = RouteKind::none;
  uint32_t interface_index = 0;  ///< 0 when there is none
  std::string interface_name;    ///< empty when there is none
  std::optional<IpAddress>
      gateway;  ///< absent: the destination is a neighbour; an IPv4 route may have an IPv6 gateway (RFC 5549)
  std::optional<IpAddress> source;  ///< the source address that the kernel picks
  uint32_t mtu = 0;                 ///< the route's own, bytes; 0: the interface's
  friend auto operator<=>(const Route&, const Route&) = default;
};

/// What narrows a lookup, as the user's options do.
struct RouteOptions {
  uint32_t interface_index = 0;     ///< leave by this interface; 0: any. With one given, an IPv4
                                    ///< destination without a route counts as a neighbour on it.
  std::optional<IpAddress> source;  ///< leave from this address of this machine
};

/// A block of addresses: the first one and how many leading bits are fixed, of
/// 32 for IPv4 and of 128 for IPv6.
struct RoutePrefix {
  IpAddress first;
  uint8_t length = 0;
  /// The last address of the block.
  IpAddress last() const;
  /// "10.0.0.0/8", "default" for length 0.
  std::string to_string() const;
  friend auto operator<=>(const RoutePrefix&, const RoutePrefix&) = default;
};

/// One entry of the routing tables, as `ip route show table all` lists it.
struct TableRoute {
  RoutePrefix prefix;
  uint32_t table = 0;  ///< 254 is main, 255 local
  bool multipath =
      false;    ///< several next hops: `route` holds the first, the kernel picks by a hash of the flow
  Route route;  ///< `source` only when configured on the route
};

/// Where the routing of this machine changes from one address to the next: only
/// at the edges of these blocks. Between two edges all addresses have the same
/// next hop, but for the blocks with several next hops and for redirects that
/// the kernel learnt. (For IPv6, RFC 6724 may still pick different sources when
/// the interface has several addresses.) Both lists sorted, each block once.
struct RouteBlocks {
  std::vector<RoutePrefix> all;        ///< prefixes of all tables, destinations of all policy rules
  std::vector<RoutePrefix> multipath;  ///< those with several next hops
};

/// The kernel's routing, asked over rtnetlink. Needs no privilege. One thread
/// at a time; belongs to the network namespace in which it was opened.
class RouteTable {
 public:
  static Result<RouteTable> open();

  /// The kernel's own answer for a TCP packet to this destination, all tables
  /// and policy rules included. `scope` is the interface index of a link-local
  /// IPv6 destination, otherwise 0. "No route" is a Route of kind none, not an
  /// error; an error is a source or an interface that this machine does not have.
  Result<Route> route_to(const IpAddress& destination, uint32_t scope = 0, const RouteOptions& options = {});

  /// Every entry of every table, cached clones left out; at most `limit`,
  /// and an error that says so when there are more.
  Result<std::vector<TableRoute>> routes(size_t limit = kMostRoutes);

  /// The blocks at whose edges the answer of route_to can change.
  Result<RouteBlocks> blocks(size_t limit = kMostRoutes);

  /// Above this a full Internet table would cost seconds and memory.
  static constexpr size_t kMostRoutes = 1'500'000;

 private:
  explicit RouteTable(NetlinkSocket socket);
  const std::string& interface_name(uint32_t index);
  Result<std::vector<RoutePrefix>> rule_destinations();
  bool is_ours(const IpAddress& source, uint32_t interface_index);

  NetlinkSocket socket_;
  uint32_t named_index_ = 0;  ///< the interface whose name was asked last
  std::string name_;
  std::optional<IpAddress> known_source_;  ///< found to be an address of this machine
};

}  // namespace sonde
