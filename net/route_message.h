#pragma once

#include <optional>

#include "net/address.h"
#include "net/netlink.h"
#include "net/route.h"

namespace sonde {

/// The messages of rtnetlink(7) about routes, to and from our types: what
/// net/route.cpp sends and receives. Names of interfaces are not in them.

/// RTM_GETROUTE for one destination; interface 0 is any.
NetlinkRequest route_request(const IpAddress& destination, uint32_t interface_index,
                             const std::optional<IpAddress>& source);
/// The answer to it; nullopt when the message is something else.
std::optional<Route> read_route(const NetlinkMessage& message);
/// The kind of route that IPv4 tells by an errno alone; nullopt for any other errno.
std::optional<RouteKind> route_kind_of_errno(int error);
/// One entry of a dump of the tables; nullopt for cached clones and what is not IP.
std::optional<TableRoute> read_table_route(const NetlinkMessage& message);
/// The destination that a policy rule of a dump names; nullopt when it holds for any.
std::optional<RoutePrefix> read_rule_destination(const NetlinkMessage& message);

}  // namespace sonde
