#include "net/packet/packet_reader.h"

#include <algorithm>

#include "net/packet/neighbour_answer.h"
#include "net/packet/network_header.h"
#include "net/packet/packet_port.h"

namespace sonde {
namespace {

constexpr size_t kTcpSize = 20;
constexpr size_t kIcmpSize = 8;
constexpr size_t kQuotedTcpSize = 8;  // ports and sequence number
constexpr uint8_t kNeighbourAdvertisement = 136;

PacketContent read_tcp(const NetworkHeader& header) {
  const PacketBytes tcp = header.payload;
  if (tcp.size() < kTcpSize) return Unreadable::truncated;
  const size_t size = (load_u8(tcp, 12) >> 4) * 4u;
  if (size < kTcpSize || size > header.payload_size) return Unreadable::malformed;
  return TcpSegment{.from = {header.from, load_u16(tcp, 0)},
                    .to = {header.to, load_u16(tcp, 2)},
                    .sequence = load_u32(tcp, 4),
                    .acknowledgement = load_u32(tcp, 8),
                    .flags = load_u8(tcp, 13),
                    .window = load_u16(tcp, 14),
                    .ttl = header.ttl,
                    .options = tcp.first(std::min(size, tcp.size())).subspan(kTcpSize)};
}

/// The types that mean "your packet was not delivered"; others inform (redirect,
/// packet too big) or are history (source quench).
bool is_error(const NetworkHeader& header) {
  const uint8_t type = load_u8(header.payload, 0);
  if (header.ipv6()) return type == 1 || type == 3 || type == 4;  // RFC 4443 §3
  return type == 3 || type == 11 || type == 12;                   // RFC 792
}

PacketContent read_icmp_error(const NetworkHeader& header) {
  const PacketBytes icmp = header.payload;
  if (icmp.size() < kIcmpSize) return Unreadable::truncated;
  const PacketBytes quote = icmp.subspan(kIcmpSize);
  const NetworkHeaderOrNot quoted = header.ipv6() ? read_ipv6(quote) : read_ipv4(quote);
  if (!quoted) return quoted.error();
  if (quoted->protocol != kProtocolTcp) return Unreadable::unrelated;
  if (quoted->payload.size() < kQuotedTcpSize) return Unreadable::truncated;
  return IcmpQuote{.type = load_u8(icmp, 0),
                   .code = load_u8(icmp, 1),
                   .ipv6 = header.ipv6(),
                   .sender = header.from,
                   .ttl = header.ttl,
                   .from = {quoted->from, load_u16(quoted->payload, 0)},
                   .to = {quoted->to, load_u16(quoted->payload, 2)},
                   .sequence = load_u32(quoted->payload, 4)};
}

PacketContent read_icmp(const NetworkHeader& header) {
  if (header.payload.empty()) return Unreadable::truncated;
  if (is_error(header)) return read_icmp_error(header);
  if (header.ipv6() && load_u8(header.payload, 0) == kNeighbourAdvertisement)
    return read_neighbour_advertisement(header);
  return Unreadable::unrelated;
}

PacketContent read_payload(const NetworkHeaderOrNot& header) {
  if (!header) return header.error();
  if (header->protocol == kProtocolTcp) return read_tcp(*header);
  if (header->protocol == (header->ipv6() ? kProtocolIcmpv6 : kProtocolIcmp)) return read_icmp(*header);
  return Unreadable::unrelated;
}

}  // namespace

PacketContent read_packet(uint16_t ether_type, std::span<const std::byte> bytes) {
  switch (ether_type) {
    case kEtherTypeIpv4: return read_payload(read_ipv4(bytes));
    case kEtherTypeIpv6: return read_payload(read_ipv6(bytes));
    case kEtherTypeArp: return read_arp(bytes);
    default: return Unreadable::unrelated;
  }
}

}  // namespace sonde
