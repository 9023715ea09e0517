#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "net/interfaces.h"
#include "net/packet/link_address.h"
#include "net/route.h"
#include "net/route_segments.h"

namespace sonde {

/// How packets to one destination leave this machine.
struct NextHop {
  RouteKind kind = RouteKind::none;  ///< nothing below is meaningful unless it is unicast
  uint32_t interface_index = 0;
  IpAddress source;              ///< the source address that the kernel would take, or the one asked for
  IpAddress neighbour;           ///< whose link address is needed: the gateway, or the destination itself.
                                 ///< An IPv4 destination may have an IPv6 gateway (RFC 5549).
  bool through_gateway = false;  ///< neighbour is a gateway
  bool needs_station = false;    ///< the link has addresses: neighbour must be resolved first
  LinkAddress own_station;       ///< ours on that link. Where no station is needed, packets are sent to
                                 ///< it: empty on tunnels, and what the kernel does on an Ethernet
                                 ///< device without ARP (arp_constructor in net/ipv4/arp.c).
  IpAddress own_address;         ///< ours, to ask for the neighbour's station from, of its family: the
                                 ///< source, or the interface's own (RFC 4861 §7.2.2); unspecified when
                                 ///< it has none of that family
  friend auto operator<=>(const NextHop&, const NextHop&) = default;
};

/// The kernel's routing decisions, asked once for every block of addresses
/// between two edges of the routing tables, and remembered. Belongs to one
/// thread; knows the routes and interfaces as they stood when it was opened.
///
/// Between two edges the first destination asked for decides. That is exact but
/// for what RouteBlocks names: of a route with several next hops all
/// destinations between two edges take the same one, and redirects that the
/// kernel learnt later are not followed. The IPv6 source is the kernel's own
/// choice too: the edges at which RFC 6724 chooses differently are among the
/// edges (source_choice_blocks). Policy rules that look at ports are not
/// followed: a lookup names none.
///
/// Costs some 20 bytes an edge: a few kilobytes on most machines, 60 MB with
/// RouteTable::kMostRoutes, above which it does not open.
class NextHops {
 public:
  /// `options.source` and `other_source` each hold for the destinations of
  /// their own family; they are of different families. Error: netlink is
  /// denied, the tables are too long, or the options name what this machine
  /// does not have or an interface that is down.
  static Result<NextHops> open(const RouteOptions& options,
                               const std::optional<IpAddress>& other_source = std::nullopt);

  /// Valid until the next call. `scope`: as in Endpoint; a link-local
  /// destination without one, or with another than the interface asked for, has
  /// no route. Also without a route: when this machine has no address to send
  /// from, and when a lookup fails; then failure() says why, and the next call
  /// asks again.
  const NextHop& to(const IpAddress& destination, uint32_t scope = 0);

  /// The last address up to which the last answer holds, for the same scope; the
  /// neighbour of a destination without gateway apart.
  IpAddress last_alike(const IpAddress& destination) const;

  /// Why the last failed lookup failed, in a sentence; empty while none has.
  const std::string& failure() const { return failure_; }
  /// How many lookups the kernel was asked for.
  uint64_t lookups() const { return lookups_; }

  /// Answers for link-local destinations are remembered for every interface;
  /// when there are so many, all of them are forgotten and asked anew.
  static constexpr size_t kMostScoped = size_t{1} << 16;

 private:
  // What packets on an interface need to know of it.
  struct Link {
    bool needs_station = false;
    LinkAddress station;
    std::vector<IpAddress> v6_addresses;  // link-local ones first
  };

  NextHops(RouteTable routes, RouteSegments segments, const RouteOptions& options,
           const std::optional<IpAddress>& other_source, const std::vector<Interface>& interfaces);
  static Link link_of(const Interface& interface);
  static IpAddress own_address(const NextHop& hop, const Link& link);

  void go_to(const IpAddress& destination, uint32_t scope);
  uint32_t& remembered(size_t segment, uint32_t scope);
  std::optional<uint32_t> ask(const IpAddress& destination, uint32_t scope);
  std::optional<NextHop> hop_of(const Route& route, const IpAddress& destination,
                                const std::optional<IpAddress>& source);
  uint32_t place_of(NextHop hop);

  RouteTable routes_;
  RouteSegments segments_;
  RouteOptions for_v4_;
  RouteOptions for_v6_;
  std::unordered_map<uint32_t, Link> links_;  // by interface index

  std::vector<NextHop> hops_;                        // each once; the first is "no route"
  std::map<NextHop, uint32_t> places_;               // in hops_
  std::vector<uint32_t> by_segment_;                 // places in hops_
  std::unordered_map<uint64_t, uint32_t> by_scope_;  // the same, of (segment, scope)

  RouteSegment here_{0, 1, 0};  // of the last call; an empty one when nothing is known
  uint32_t scope_here_ = 0;
  uint32_t place_here_ = 0;
  uint64_t lookups_ = 0;
  std::string failure_;
};

}  // namespace sonde
