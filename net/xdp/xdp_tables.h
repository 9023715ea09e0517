#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "net/address.h"
#include "net/base/result.h"
#include "net/packet/link_address.h"
#include "net/packet/syn_packet.h"
#include "net/xdp/sweep_layout.h"

namespace sonde {

/// A way out: an interface, the source of what leaves by it, and the station it goes to.
struct XdpHop {
  uint32_t interface_index = 0;  ///< of the device that sends: below a VLAN device, its parent
  IpAddress source;              ///< decides the family
  LinkAddress own;               ///< 6 bytes: links without Ethernet are not for this engine
  LinkAddress neighbour;         ///< 6 bytes; without, every target is its own neighbour
  uint16_t vlan = 0;             ///< the tag to write; 0: none
};

/// What is swept, in tables. Everything is fixed for the life of an XdpSweep,
/// but for the slice.
struct XdpTables {
  std::vector<sonde_run> runs;          ///< ascending by first_index, from 0, without gaps
  std::vector<sonde_section> sections;  ///< at most SONDE_MOST_SECTIONS; the first that has an endpoint wins
  std::vector<uint16_t> ports;          ///< of runs without one, in the order of their indices
  std::vector<XdpHop> hops;             ///< at most SONDE_MOST_HOPS
  sonde_permutation permutation{};      ///< of all indices
  uint64_t shard_first = 0;             ///< the shard's first position, below shard_stride
  uint64_t shard_stride = 1;            ///< from one position of the shard to its next
  uint16_t first_port = 0;              ///< our source ports: a run of them that is ours alone
  uint16_t last_port = 0;
  CookieKey key;
  uint64_t most_steps = 0;         ///< of a slice: two bits of locked memory each
  uint32_t most_neighbours = 0;    ///< stations that set_neighbour() may name
  uint32_t event_bytes = 1 << 22;  ///< memory for events on their way; rounded up to a power of two
};

/// An address in the form of the tables.
sonde_ipv6 number_of(const IpAddress& address);
/// And back.
IpAddress address_of(const sonde_ipv6& number);

/// A run of `addresses` addresses × all ports, or of one endpoint if there is a port.
sonde_run run_of(uint64_t first_index, const IpAddress& first, uint64_t addresses, uint16_t hop,
                 uint16_t port = 0);

/// Error (ErrorKind::impossible): more of something than the programs can hold,
/// which only a larger set of targets than this engine takes can bring about.
/// What contradicts itself is a programmer's error.
Result<void> check(const XdpTables& tables);

/// The tables in the form of the programs, but for the slice.
sonde_geometry geometry_of(const XdpTables& tables);
std::unique_ptr<sonde_port_table> port_table_of(const XdpTables& tables);
std::unique_ptr<sonde_guide> guide_of(const XdpTables& tables);
sonde_hop hop_of(const XdpHop& hop, const CookieKey& key);

}  // namespace sonde
