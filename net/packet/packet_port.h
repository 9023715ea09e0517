#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "net/base/clock.h"
#include "net/base/result.h"
#include "net/packet/link_address.h"

namespace sonde {

/// EtherTypes (IEEE 802) that we send and receive.
inline constexpr uint16_t kEtherTypeIpv4 = 0x0800;
inline constexpr uint16_t kEtherTypeArp = 0x0806;
inline constexpr uint16_t kEtherTypeIpv6 = 0x86dd;

/// A packet to send, from its network header on. The link header is the
/// kernel's affair, so that Ethernet, VLAN and tunnel devices are all alike.
struct OutgoingPacket {
  uint32_t interface_index = 0;
  uint16_t ether_type = 0;
  LinkAddress to;  ///< the next hop; size 0 on links without link addresses
  std::span<const std::byte> bytes;
};

/// A packet that came in, from its network header on. The bytes are as they
/// were on the wire: nothing about them has been checked.
struct IncomingPacket {
  uint32_t interface_index = 0;
  uint16_t ether_type = 0;
  LinkAddress from;                  ///< the station that sent it
  std::span<const std::byte> bytes;  ///< may be cut short of `whole_size`
  uint32_t whole_size = 0;           ///< on the wire, from the network header on
  WallTime received;                 ///< by the kernel's clock
};

/// What a port has counted since it was opened.
struct PacketCounters {
  uint64_t sent = 0;        ///< taken by the device
  uint64_t refused = 0;     ///< not taken, because the device was busy: each attempt counts
  uint64_t received = 0;    ///< passed the filter and handed to us
  uint64_t rx_dropped = 0;  ///< passed the filter and lost, because we were too slow
};

/// What became of a batch.
struct SendResult {
  size_t taken = 0;  ///< the first so many packets are on their way
  int error = 0;     ///< errno that stopped the batch at packet `taken`; 0: all were taken.
                     ///< ENOBUFS and EAGAIN: the device is busy, the same packets can be sent again;
                     ///< ENETDOWN: it is down, or its link is.
};

/// Where raw packets go out and come in: a seam. One port belongs to one thread,
/// but for counters().
class PacketPort {
 public:
  virtual ~PacketPort() = default;
  /// Hands packets to their devices, in order, until one is refused. Never blocks.
  virtual SendResult send(std::span<const OutgoingPacket> packets) = 0;
  /// What has arrived since the last call, at most some thousands; the packets
  /// and their bytes are valid until the next call. Never blocks.
  virtual std::span<const IncomingPacket> receive() = 0;
  /// Becomes readable (poll(2)) when receive() has something; -1 when there is
  /// nothing to wait for (replays).
  virtual int descriptor() const = 0;
  /// Sleeps until receive() has something or the other descriptor (-1: none) is
  /// readable, at most `longest`.
  virtual void wait(Nanos longest, int also);
  virtual PacketCounters counters() = 0;
};

/// What a port shall let through. Everything else is left to the kernel's stack.
struct PacketFilter {
  std::vector<uint32_t> interfaces;  ///< indices; packets of others, and those with a VLAN tag, are not ours
  uint16_t first_port = 0;           ///< the reserved source ports …
  uint16_t last_port = 0;            ///< … both included
};

}  // namespace sonde
