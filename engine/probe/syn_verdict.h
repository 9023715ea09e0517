#pragma once

#include <cstdint>
#include <optional>

#include "engine/probe/outcome.h"
#include "net/packet/packet_reader.h"
#include "net/packet/syn_packet.h"

namespace sonde {

/// What makes a packet ours.
struct SynScope {
  CookieKey key;
  uint16_t first_port = 0;  ///< the source ports of our SYNs …
  uint16_t last_port = 0;   ///< … both included
};

/// How a received packet relates to the probes of this run.
enum class Relation : uint8_t {
  answer,     ///< it proves that it saw our SYN, and decides
  invalid,    ///< it is about our ports, but its proof is wrong: forged, stale or broken
  unrelated,  ///< it is none of our affair, or decides nothing
};

/// The verdict on one received packet.
struct SynVerdict {
  Relation relation = Relation::unrelated;
  // The rest is meaningful for an answer.
  Endpoint endpoint;  ///< whom it is about; a link-local one without its scope
  Outcome outcome;
  std::optional<SegmentEvidence> segment;  ///< of a SYN-ACK or RST
  std::optional<IcmpEvidence> icmp;
  std::optional<uint32_t> echoed;  ///< TSecr of a SYN-ACK: when its SYN was sent
};

/// Judges one packet. Pure: no I/O, no clock, no memory of earlier packets.
///
/// - SYN-ACK: open, when it acknowledges our SYN's sequence number + 1.
/// - RST: closed, when it does so too. RFC 9293 §3.10.7.3 (SYN-SENT) takes no
///   other: a RST without ACK proves nothing.
/// - ICMP error: filtered, when the sequence number that it quotes is ours.
/// - Anything else decides nothing: a bare ACK (a challenge, RFC 5961 §4.2), a
///   SYN (simultaneous open), data.
SynVerdict judge_packet(const PacketContent& content, const SynScope& scope);

}  // namespace sonde
