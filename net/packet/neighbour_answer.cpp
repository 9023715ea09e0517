#include "net/packet/neighbour_answer.h"

#include <algorithm>
#include <array>
#include <optional>

namespace sonde {
namespace {

constexpr size_t kStationSize = 6;  // on Ethernet

constexpr size_t kArpSize = 28;
constexpr size_t kArpSenderStationAt = 8;
constexpr size_t kArpSenderAddressAt = 14;
/// Ethernet, IPv4, their sizes, reply.
constexpr std::array<uint8_t, 8> kArpReply = {0, 1, 0x08, 0, kStationSize, 4, 0, 2};

constexpr size_t kAdvertisementSize = 24;
constexpr size_t kTargetAt = 8;
constexpr uint8_t kOnLinkHopLimit = 255;
constexpr uint8_t kTargetStationOption = 2;
constexpr size_t kStationOptionSize = 8;

std::optional<LinkAddress> load_station(PacketBytes bytes, size_t at) {
  LinkAddress station{.size = kStationSize};
  for (size_t i = 0; i < kStationSize; ++i) station.bytes[i] = load_u8(bytes, at + i);
  const bool group = (station.bytes[0] & 1) != 0;
  return group ? std::nullopt : std::optional(station);
}

PacketContent answer(const IpAddress& address, const std::optional<LinkAddress>& station) {
  if (!station) return Unreadable::unrelated;
  return NeighbourAnswer{address, *station};
}

/// Whether every option has a size and ends within the packet (RFC 4861 §4.6).
bool options_fit(PacketBytes options) {
  while (!options.empty()) {
    const size_t size = options.size() < 2 ? 0 : size_t{load_u8(options, 1)} * 8;
    if (size == 0 || size > options.size()) return false;
    options = options.subspan(size);
  }
  return true;
}

/// What the first target link-layer address option says. Precondition: options_fit().
std::optional<LinkAddress> target_station(PacketBytes options) {
  while (!options.empty()) {
    const size_t size = size_t{load_u8(options, 1)} * 8;
    if (load_u8(options, 0) == kTargetStationOption)
      return size == kStationOptionSize ? load_station(options, 2) : std::nullopt;
    options = options.subspan(size);
  }
  return std::nullopt;
}

}  // namespace

PacketContent read_arp(PacketBytes bytes) {
  if (bytes.size() < kArpReply.size()) return Unreadable::truncated;
  for (size_t i = 0; i < kArpReply.size(); ++i)
    if (load_u8(bytes, i) != kArpReply[i]) return Unreadable::unrelated;
  if (bytes.size() < kArpSize) return Unreadable::truncated;
  return answer(load_ipv4(bytes, kArpSenderAddressAt), load_station(bytes, kArpSenderStationAt));
}

PacketContent read_neighbour_advertisement(const NetworkHeader& header) {
  if (header.cut_short() || header.payload.size() < kAdvertisementSize) return Unreadable::truncated;
  const uint8_t code = load_u8(header.payload, 1);
  const bool multicast_target = load_u8(header.payload, kTargetAt) == 0xff;
  if (header.ttl != kOnLinkHopLimit || code != 0 || multicast_target) return Unreadable::unrelated;
  const IpAddress target = load_ipv6(header.payload, kTargetAt);
  const PacketBytes options = header.payload.subspan(kAdvertisementSize);
  if (target.is_v4() || !options_fit(options)) return Unreadable::malformed;
  return answer(target, target_station(options));
}

}  // namespace sonde
