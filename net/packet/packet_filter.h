#pragma once

#include <linux/filter.h>

#include <vector>

#include "net/packet/packet_port.h"

namespace sonde {

/// The most interfaces that one filter can name.
inline constexpr size_t kMostFilterInterfaces = 64;

/// How much of a packet is kept, from the network header on: the longest headers
/// of an answer, or of an ICMP error with all that it quotes of them.
inline constexpr uint32_t kLongestKept = 512;

/// The filter as a program of the classic BPF (Linux,
/// Documentation/networking/filter.rst), for sockets whose packets begin at the
/// network header (AF_PACKET, SOCK_DGRAM). It lets through what came in on one
/// of the interfaces, untagged (or tagged with a mere priority, VLAN 0), and is
/// - an ARP reply,
/// - a TCP segment to one of the ports; no later fragment,
/// - an ICMP error: 3, 11, 12; of ICMPv6 1, 3, 4, and the advertisement 136,
/// - an IPv6 packet with extension headers, whatever they hold.
/// What ends before its headers do does not pass. Pure. Error: no interface, or
/// more than kMostFilterInterfaces. Precondition: first_port <= last_port.
Result<std::vector<sock_filter>> make_packet_filter(const PacketFilter& filter);

}  // namespace sonde
