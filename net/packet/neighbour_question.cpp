#include "net/packet/neighbour_question.h"

#include <algorithm>

#include "net/base/check.h"
#include "net/packet/checksum.h"
#include "net/packet/network_header.h"
#include "net/packet/packet_port.h"
#include "net/packet/wire.h"

namespace sonde {
namespace {

constexpr size_t kStationSize = 6;  // on Ethernet
constexpr size_t kArpSize = 28;
constexpr size_t kIpv6Size = 40;
constexpr size_t kSolicitationSize = 32;  // with its option
constexpr uint8_t kSolicitation = 135;
constexpr uint8_t kSourceStationOption = 1;
static_assert(kIpv6Size + kSolicitationSize == kLargestNeighbourQuestion);

constexpr U128 kSolicitedNodes =
    (U128{0xff02} << 112) | 0x1'ff00'0000;  // RFC 4291 §2.7.1: ff02::1:ff00:0/104

void store_station(std::span<std::byte> out, size_t at, const LinkAddress& station) {
  std::ranges::copy(std::as_bytes(std::span(station.bytes)).first(station.size),
                    out.begin() + static_cast<ptrdiff_t>(at));
}

/// Where a multicast packet goes on Ethernet: 33:33 and the low 32 bits (RFC 2464 §7).
LinkAddress multicast_station(const IpAddress& group) {
  LinkAddress station{.bytes = {0x33, 0x33}, .size = kStationSize};
  store_u32(std::as_writable_bytes(std::span(station.bytes)), 2, static_cast<uint32_t>(group.number()));
  return station;
}

NeighbourQuestion arp_request(const IpAddress& wanted, const IpAddress& own, const LinkAddress& station) {
  NeighbourQuestion question{.ether_type = kEtherTypeArp,
                             .to = {.bytes = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, .size = kStationSize},
                             .size = kArpSize};
  const std::span out(question.bytes);
  store_u16(out, 0, 1);  // Ethernet
  store_u16(out, 2, kEtherTypeIpv4);
  store_u16(out, 4, kStationSize << 8 | 4);
  store_u16(out, 6, 1);  // request
  store_station(out, 8, station);
  store_address(out, 14, own);
  store_address(out, 24, wanted);
  return question;
}

/// The ICMPv6 checksum with its pseudo-header (RFC 8200 §8.1).
uint16_t solicitation_checksum(std::span<const std::byte> packet) {
  const uint64_t addresses_and_body = checksum_sum(packet.subspan(8));
  return checksum_of(addresses_and_body + kSolicitationSize + kProtocolIcmpv6);
}

NeighbourQuestion solicitation(const IpAddress& wanted, const IpAddress& own, const LinkAddress& station) {
  const IpAddress group = IpAddress::from_number(kSolicitedNodes | (wanted.number() & 0xffffff));
  NeighbourQuestion question{
      .ether_type = kEtherTypeIpv6, .to = multicast_station(group), .size = kLargestNeighbourQuestion};
  const std::span out(question.bytes);
  store_u32(out, 0, 6u << 28);
  store_u16(out, 4, kSolicitationSize);
  store_u16(out, 6, kProtocolIcmpv6 << 8 | 255);  // the hop limit proves that no router passed it on
  store_address(out, 8, own);
  store_address(out, 24, group);
  store_u16(out, kIpv6Size, kSolicitation << 8);
  store_address(out, kIpv6Size + 8, wanted);
  store_u16(out, kIpv6Size + 24, kSourceStationOption << 8 | 1);
  store_station(out, kIpv6Size + 26, station);
  store_u16(out, kIpv6Size + 2, solicitation_checksum(out));
  return question;
}

}  // namespace

NeighbourQuestion make_neighbour_question(const IpAddress& wanted, const IpAddress& own,
                                          const LinkAddress& station) {
  CHECK(wanted.is_v4() == own.is_v4() && station.size == kStationSize);
  return wanted.is_v4() ? arp_request(wanted, own, station) : solicitation(wanted, own, station);
}

}  // namespace sonde
