#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "engine/probe/syn_verdict.h"
#include "engine/target/target_set.h"
#include "net/packet/packet_port.h"
#include "tests/net/packet/packet_builder.h"

namespace sonde {

/// Which endpoints probe_bench generates probes for, and the proof that it does.
struct ProbeTask {
  const char* source;    ///< whose probes they are
  const char* first;     ///< the first address
  uint32_t prefixes;     ///< so many of one size, each with a gap of that size behind it
  unsigned host_bits;    ///< 2^host_bits addresses in each
  unsigned proved_bits;  ///< the same where every single probe is looked at
  uint16_t ports;        ///< 1 … ports, of every address

  /// The same kind of task, so small that every probe can be looked at.
  ProbeTask to_be_proved() const { return {source, first, prefixes, proved_bits, proved_bits, ports}; }
};

inline constexpr ProbeTask kIpv4OnePort{"198.18.0.1", "10.0.0.0", 1, 24, 16, 1};
inline constexpr ProbeTask kIpv4HundredPorts{"198.18.0.1", "10.0.0.0", 1, 24, 9, 100};
inline constexpr ProbeTask kIpv4ThousandPrefixes{"198.18.0.1", "10.0.0.0", 1000, 13, 6, 1};
inline constexpr ProbeTask kIpv6OnePort{"2001:db8::1", "2001:db8:1::", 1, 48, 16, 1};
inline constexpr ProbeTask kIpv6HundredPorts{"2001:db8::1", "2001:db8:1::", 1, 48, 9, 100};

/// What an answer has to prove, and the source ports that are used in turn.
inline constexpr SynScope kProbeScope{
    .key = {0x0706050403020100, 0x0f0e0d0c0b0a0908}, .first_port = 50000, .last_port = 50255};

inline std::vector<Interval> intervals_of(const ProbeTask& task) {
  const U128 size = U128{1} << task.host_bits;
  U128 first = packets::address(task.first).number();
  std::vector<Interval> intervals;
  for (uint32_t i = 0; i < task.prefixes; ++i, first += 2 * size)
    intervals.push_back({IpAddress::from_number(first), IpAddress::from_number(first + size - 1)});
  return intervals;
}

inline TargetSet targets_of(const ProbeTask& task) {
  std::vector<uint16_t> ports;
  for (uint16_t port = 1; port <= task.ports; ++port) ports.push_back(port);
  TargetParts parts;
  parts.addresses = IntervalSet(intervals_of(task));
  parts.ports = PortSet::of(ports);
  return TargetSet(std::move(parts));
}

/// Every endpoint, in ascending order, counted up plainly.
inline std::vector<Endpoint> endpoints_of(const ProbeTask& task) {
  std::vector<Endpoint> endpoints;
  for (const Interval& interval : intervals_of(task))
    for (U128 number = interval.first.number(); number <= interval.last.number(); ++number)
      for (uint16_t port = 1; port <= task.ports; ++port)
        endpoints.push_back({IpAddress::from_number(number), port, 0});
  return endpoints;
}

/// Whom a finished packet asks; nothing when a checksum is wrong, or when it is
/// not a SYN of `source` whose answer we would know as ours.
inline std::optional<Endpoint> asked_by(const packets::Bytes& packet, const IpAddress& source) {
  const bool v4 = source.is_v4();
  const PacketContent content = read_packet(v4 ? kEtherTypeIpv4 : kEtherTypeIpv6, packet);
  const auto* segment = std::get_if<TcpSegment>(&content);
  if (!segment || segment->from.address != source || segment->flags != kTcpSyn) return {};
  const auto tcp = packet.begin() + (v4 ? SONDE_IPV4_SIZE : SONDE_IPV6_SIZE);
  if (v4 && packets::internet_checksum({packet.begin(), tcp}) != 0) return {};
  if (packets::transport_checksum(source, segment->to.address, 6, {tcp, packet.end()}) != 0) return {};
  const Flow flow{source, segment->from.port, segment->to.address, segment->to.port};
  if (segment->sequence != syn_sequence(kProbeScope.key, flow)) return {};
  return segment->to;
}

/// Whether the packets ask every endpoint of the task, each once, and nothing else.
inline bool asks_all_once(const std::vector<packets::Bytes>& made, const ProbeTask& task) {
  std::vector<Endpoint> asked;
  for (const packets::Bytes& packet : made) {
    const auto endpoint = asked_by(packet, packets::address(task.source));
    if (!endpoint) return false;
    asked.push_back(*endpoint);
  }
  std::sort(asked.begin(), asked.end());
  return asked == endpoints_of(task);
}

}  // namespace sonde
