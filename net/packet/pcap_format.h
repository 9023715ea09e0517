#pragma once

#include <cstddef>
#include <cstdint>

namespace sonde {

// The pcap file format (draft-ietf-opsawg-pcap; tcpdump.org, "LINK-LAYER HEADER
// TYPES"), as far as pcap_reader.cpp and pcap_writer.cpp share it.

/// The first four bytes, in the byte order of whoever wrote the file.
inline constexpr uint32_t kPcapMicroseconds = 0xa1b2c3d4;
inline constexpr uint32_t kPcapNanoseconds = 0xa1b23c4d;

/// Magic, version (2 × 16 bits), zone, accuracy, longest packet, link type.
inline constexpr size_t kPcapFileHeader = 24;
/// Seconds, fraction, bytes in the file, bytes on the wire.
inline constexpr size_t kPcapPacketHeader = 16;
/// The most bytes of one packet, its link header included: as tcpdump's limit.
inline constexpr uint32_t kPcapLongestPacket = 262144;

enum class PcapLink : uint32_t { ethernet = 1, raw = 101, linux_sll = 113, linux_sll2 = 276 };

/// EtherType, reserved (2), interface index (4), ARPHRD type (2), packet type,
/// address size, address (8): in network order.
inline constexpr size_t kSll2Header = 20;
/// Packet type (2), ARPHRD type (2), address size (2), address (8), EtherType.
inline constexpr size_t kSllHeader = 16;
/// The packet type of both for what this machine sent (PACKET_OUTGOING).
inline constexpr uint8_t kSllOutgoing = 4;

}  // namespace sonde
