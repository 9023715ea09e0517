#pragma once

#include <cstddef>
#include <cstdint>
#include <tl/expected.hpp>

#include "net/address.h"
#include "net/packet/packet_reader.h"
#include "net/packet/wire.h"

namespace sonde {

/// Protocol numbers of what may follow (IANA).
inline constexpr uint8_t kProtocolIcmp = 1;
inline constexpr uint8_t kProtocolTcp = 6;
inline constexpr uint8_t kProtocolIcmpv6 = 58;

/// The network header of a packet with all that belongs to it, IPv4 options and
/// IPv6 extension headers, and what stands behind it.
struct NetworkHeader {
  IpAddress from;  ///< both addresses are of one family
  IpAddress to;
  uint8_t ttl = 0;          ///< IPv6: hop limit
  uint8_t protocol = 0;     ///< of the payload
  PacketBytes payload;      ///< what arrived of it; padding of the link is left out
  size_t payload_size = 0;  ///< what the header says; more than arrived if it was cut short,
                            ///< and the largest number there is if the header does not say
  bool ipv6() const { return !from.is_v4(); }
  bool cut_short() const { return payload.size() < payload_size; }
};

using NetworkHeaderOrNot = tl::expected<NetworkHeader, Unreadable>;

/// IPv4 (RFC 791 §3.1). A length of 0 comes from segments that the kernel
/// merged beyond 64 KiB, and does not say where the packet ends.
NetworkHeaderOrNot read_ipv4(PacketBytes bytes);

/// IPv6 (RFC 8200 §3, §4), up to the first header that is not one of its own
/// extensions. A length of 0 is a jumbogram's (RFC 2675), and says nothing. A
/// v4-mapped address is malformed here: it would pass for another host's.
NetworkHeaderOrNot read_ipv6(PacketBytes bytes);

}  // namespace sonde
