#pragma once

#include <memory>

#include "net/packet/packet_port.h"

namespace sonde {

struct AfPacketOptions {
  PacketFilter filter;
  /// Ports with the same number share what comes in, by flow; 0: alone. Sockets
  /// of other processes in this network namespace would share, too: the first
  /// of the reserved source ports is a number that nobody else has.
  uint16_t fanout_group = 0;
  size_t ring_bytes = 4 << 20;  ///< receive ring; a tiny one loses packets, and says so
};

/// A port on AF_PACKET (packet(7)): batches leave by sendmmsg past the queueing
/// discipline (PACKET_QDISC_BYPASS; other packet sockets, tcpdump's among them,
/// do not see them), answers come in through a TPACKET_V3 ring behind a socket
/// filter, with the kernel's receive times. An answer is handed over at most
/// some milliseconds after its coming. The descriptor stays readable until a
/// receive() finds nothing. Needs CAP_NET_RAW while it is opened, and no right
/// afterwards. Errors name what is missing.
Result<std::unique_ptr<PacketPort>> open_af_packet_port(const AfPacketOptions& options);

}  // namespace sonde
