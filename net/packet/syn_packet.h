#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "net/address.h"
#include "net/packet/syn_core.h"

namespace sonde {

/// The secret of a run: who does not know it cannot forge an answer.
struct CookieKey {
  uint64_t k0 = 0;
  uint64_t k1 = 0;
};

/// One SYN's four-tuple.
struct Flow {
  IpAddress source;
  uint16_t source_port = 0;
  IpAddress destination;
  uint16_t destination_port = 0;
};

/// The sequence number of the SYN of a flow: SipHash-2-4 (Aumasson and
/// Bernstein, 2012) of the four-tuple, its low 32 bits. An answer that
/// acknowledges it (+1), or quotes it, was made by someone who saw our packet.
uint32_t syn_sequence(const CookieKey& key, const Flow& flow);

/// The largest SYN that SynBuilder writes: IPv6 header, TCP header, options.
inline constexpr size_t kLargestSyn = SONDE_SYN_IPV6_SIZE;

/// One SYN of several that are built together.
struct SynOrder {
  const Endpoint* to = nullptr;
  uint16_t source_port = 0;
  std::byte* out = nullptr;  ///< kLargestSyn bytes
};

/// Writes SYNs from one source address, as a Linux client would: MSS, SACK
/// permitted, timestamps, window scale; DF on IPv4. Built once, then only what
/// differs is written and both checksums adjusted. The identification (IPv4)
/// or flow label (IPv6) is a part of the flow's hash. Immutable; any thread.
class SynBuilder {
 public:
  /// `source`: whose packets these are; decides the family.
  SynBuilder(const IpAddress& source, const CookieKey& key);

  /// Writes the packet, from its network header on, and returns its size: 60
  /// bytes for IPv4, 80 for IPv6. `timestamp` is the TSval (RFC 7323), which a
  /// SYN-ACK brings back. Preconditions: the destination is of the family; out
  /// has kLargestSyn bytes.
  size_t build(const Endpoint& to, uint16_t source_port, uint32_t timestamp, std::span<std::byte> out) const;

  /// The same packets for all orders, and for many twice as fast. Precondition:
  /// every destination is of the family.
  void build(std::span<const SynOrder> orders, uint32_t timestamp) const;
  /// The size of each packet that it writes.
  size_t packet_size() const { return source_.is_v4() ? SONDE_SYN_IPV4_SIZE : SONDE_SYN_IPV6_SIZE; }

  const IpAddress& source() const { return source_; }
  /// The template in the form that a BPF program takes.
  const sonde_syn_template& core() const { return core_; }

 private:
  IpAddress source_;
  sonde_syn_template core_{};
};

}  // namespace sonde
