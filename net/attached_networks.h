#pragma once

#include <compare>
#include <span>
#include <vector>

#include "net/address.h"
#include "net/interfaces.h"
#include "net/route.h"

namespace sonde {

/// A block of addresses that are neighbours on a link: each one probed costs an
/// entry in the kernel's neighbour table.
struct AttachedNetwork {
  IpAddress first;
  IpAddress last;  ///< inclusive
  friend auto operator<=>(const AttachedNetwork&, const AttachedNetwork&) = default;
};

/// The same addresses, sorted and disjoint.
std::vector<AttachedNetwork> merge_networks(std::vector<AttachedNetwork> networks);

/// The attached networks of these routes: unicast, without a gateway, in any
/// table but `local`, on an interface that resolves neighbours (not loopback,
/// point-to-point or without ARP; one that is not in `interfaces` counts as
/// resolving). Sorted and disjoint. Pure.
///
/// A more specific route through a gateway inside of an attached network is not
/// cut out: its addresses are then taken for neighbours though they are none.
std::vector<AttachedNetwork> attached_networks(std::span<const TableRoute> routes,
                                               std::span<const Interface> interfaces = {});

}  // namespace sonde
