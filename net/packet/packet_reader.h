#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>

#include "net/address.h"
#include "net/packet/link_address.h"

namespace sonde {

/// TCP flags (RFC 9293 §3.1).
inline constexpr uint8_t kTcpFin = 0x01;
inline constexpr uint8_t kTcpSyn = 0x02;
inline constexpr uint8_t kTcpRst = 0x04;
inline constexpr uint8_t kTcpAck = 0x10;

/// What the options of a segment say. `order` has nmap's letters, in the order
/// of the options: M(SS), S(ACK permitted), T(imestamps), N(OP), W(indow
/// scale), E(nd of list), and ? for any other; "MSTNW" is a Linux SYN-ACK. At
/// most 40 letters.
struct TcpOptions {
  std::string order;
  std::optional<uint16_t> mss;
  std::optional<uint8_t> window_scale;
  std::optional<uint32_t> timestamp_value;  ///< TSval
  std::optional<uint32_t> timestamp_echo;   ///< TSecr
  bool malformed = false;                   ///< a length that does not fit: what stood before it was read
};

/// Reads the option bytes between TCP header and data.
TcpOptions read_tcp_options(std::span<const std::byte> bytes);

/// A TCP segment, as far as its header goes.
/// Link-local endpoints have no scope here and below: the caller knows the interface.
struct TcpSegment {
  Endpoint from;
  Endpoint to;
  uint32_t sequence = 0;
  uint32_t acknowledgement = 0;
  uint8_t flags = 0;
  uint16_t window = 0;
  uint8_t ttl = 0;                     ///< as received; IPv6: hop limit
  std::span<const std::byte> options;  ///< for read_tcp_options(); what arrived of them
};

/// An ICMP or ICMPv6 error about a TCP segment, with what it quotes of it.
/// RFC 792 owes 8 bytes of the TCP header: ports and sequence number. Errors are
/// unreachable, time exceeded and parameter problem (ICMP 3, 11, 12; ICMPv6 1, 3, 4).
struct IcmpQuote {
  uint8_t type = 0;
  uint8_t code = 0;
  bool ipv6 = false;
  IpAddress sender;
  uint8_t ttl = 0;  ///< of the ICMP packet itself
  Endpoint from;    ///< the quoted segment's source: we, if it is ours
  Endpoint to;      ///< the quoted segment's destination
  uint32_t sequence = 0;
};

/// "This address is at that station": an ARP reply (RFC 826) or a neighbour
/// advertisement with its target's link address (RFC 4861), on Ethernet.
struct NeighbourAnswer {
  IpAddress address;
  LinkAddress station;
};

/// Why a packet is none of the above.
enum class Unreadable : uint8_t {
  unrelated,  ///< well-formed, as far as read, but none of these
  fragment,   ///< not the first of a datagram: no header in it
  truncated,  ///< ends before the headers do
  malformed,  ///< lengths or versions that contradict each other; v4-mapped addresses in IPv6
};

using PacketContent = std::variant<Unreadable, TcpSegment, IcmpQuote, NeighbourAnswer>;

/// Reads a packet from its network header on. Takes IP options, IPv6 extension
/// headers (RFC 8200 §4), quotes of 8 bytes, segments merged by the kernel, and
/// packets of which only the beginning is there. Checksums are not looked at:
/// the kernel leaves them open on virtual links, and the cookie says more.
/// Reads nothing outside of `bytes`, whatever they are. Pure; views point into
/// `bytes`.
PacketContent read_packet(uint16_t ether_type, std::span<const std::byte> bytes);

}  // namespace sonde
