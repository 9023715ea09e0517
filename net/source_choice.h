#pragma once

#include <span>
#include <vector>

#include "net/interfaces.h"
#include "net/route.h"

namespace sonde {

/// The blocks at whose edges the source address that the kernel chooses for an
/// IPv6 destination can change (RFC 6724 §5, ipv6_get_saddr_eval in
/// net/ipv6/addrconf.c) within one route: the blocks of the labels, and those
/// in which another of this machine's addresses has the longest common prefix.
/// A few for each IPv6 address of this machine. Pure.
std::vector<RoutePrefix> source_choice_blocks(std::span<const Interface> interfaces,
                                              std::span<const RoutePrefix> labels);

/// The blocks of RFC 6724's policy table, as `ip addrlabel` lists them; none on
/// a kernel without IPv6. Needs no privilege. An error when netlink is denied.
Result<std::vector<RoutePrefix>> list_address_labels();

}  // namespace sonde
