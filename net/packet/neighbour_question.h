#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "net/address.h"
#include "net/packet/link_address.h"

namespace sonde {

/// The largest question: a neighbour solicitation with its source option.
inline constexpr size_t kLargestNeighbourQuestion = 72;

/// A question for a neighbour's link address, ready to be sent.
struct NeighbourQuestion {
  uint16_t ether_type = 0;
  LinkAddress to;  ///< broadcast, or the solicited-node multicast station
  std::array<std::byte, kLargestNeighbourQuestion> bytes{};
  size_t size = 0;
  std::span<const std::byte> packet() const { return std::span(bytes).first(size); }
};

/// Asks on an Ethernet link for the station that has `wanted`: an ARP request
/// (RFC 826) for IPv4, a neighbour solicitation to the solicited-node address
/// (RFC 4861 §4.3, §7.2.2) for IPv6. `own` and `station` are ours; both
/// addresses are of one family.
NeighbourQuestion make_neighbour_question(const IpAddress& wanted, const IpAddress& own,
                                          const LinkAddress& station);

}  // namespace sonde
