#pragma once

#include "net/packet/network_header.h"
#include "net/packet/packet_reader.h"

namespace sonde {

/// An ARP reply on Ethernet (RFC 826), asked for or not. One that claims a
/// group address for its sender is not believed (RFC 1812 §3.3.2).
PacketContent read_arp(PacketBytes bytes);

/// A neighbour advertisement with its target's link address; `header.payload`
/// begins with the ICMPv6 header. Checked as RFC 4861 §7.1.2 wants it, but for
/// the checksum: what a router passed on is unrelated.
PacketContent read_neighbour_advertisement(const NetworkHeader& header);

}  // namespace sonde
