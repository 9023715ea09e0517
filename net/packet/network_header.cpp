#include "net/packet/network_header.h"

#include <algorithm>
#include <limits>

namespace sonde {
namespace {

constexpr size_t kIpv4Size = 20;
constexpr size_t kIpv6Size = 40;
constexpr size_t kSmallestExtension = 8;
constexpr size_t kUnknownSize = std::numeric_limits<size_t>::max();

// IPv6 extension headers (RFC 8200 §4; the IANA registry "IPv6 Extension Header Types").
constexpr uint8_t kHopByHop = 0;
constexpr uint8_t kRouting = 43;
constexpr uint8_t kFragment = 44;
constexpr uint8_t kAuthentication = 51;
constexpr uint8_t kDestinationOptions = 60;
constexpr uint8_t kMobility = 135;
constexpr uint8_t kHostIdentity = 139;
constexpr uint8_t kShim6 = 140;

tl::unexpected<Unreadable> because(Unreadable reason) { return tl::unexpected(reason); }

bool has_version(PacketBytes bytes, unsigned version) { return load_u8(bytes, 0) >> 4 == version; }

/// What is left of the payload's bytes once its size is known: not the padding.
PacketBytes within(PacketBytes bytes, size_t size) { return bytes.first(std::min(bytes.size(), size)); }

bool is_extension(uint8_t protocol) {
  switch (protocol) {
    case kHopByHop:
    case kRouting:
    case kFragment:
    case kAuthentication:
    case kDestinationOptions:
    case kMobility:
    case kHostIdentity:
    case kShim6: return true;
    default: return false;
  }
}

/// The fragment header's second byte is reserved; the authentication header
/// counts in 4 bytes (RFC 4302 §2.2), all others in 8.
size_t extension_size(uint8_t protocol, uint8_t length) {
  if (protocol == kFragment) return kSmallestExtension;
  if (protocol == kAuthentication) return (size_t{length} + 2) * 4;
  return (size_t{length} + 1) * 8;
}

/// A datagram's first fragment holds the headers, and not all that they tell of.
bool take_fragment_header(NetworkHeader& header) {
  const uint16_t field = load_u16(header.payload, 2);
  if ((field & 0xfff8) != 0) return false;
  if ((field & 1) != 0) header.payload_size = kUnknownSize;
  return true;
}

NetworkHeaderOrNot skip_extensions(NetworkHeader header) {
  while (is_extension(header.protocol)) {
    if (header.payload.size() < kSmallestExtension) return because(Unreadable::truncated);
    if (header.protocol == kFragment && !take_fragment_header(header)) return because(Unreadable::fragment);
    const size_t size = extension_size(header.protocol, load_u8(header.payload, 1));
    if (size > header.payload_size) return because(Unreadable::malformed);
    if (size > header.payload.size()) return because(Unreadable::truncated);
    header.protocol = load_u8(header.payload, 0);
    header.payload = header.payload.subspan(size);
    if (header.payload_size != kUnknownSize) header.payload_size -= size;
  }
  return header;
}

}  // namespace

NetworkHeaderOrNot read_ipv4(PacketBytes bytes) {
  if (bytes.empty()) return because(Unreadable::truncated);
  if (!has_version(bytes, 4)) return because(Unreadable::malformed);
  if (bytes.size() < kIpv4Size) return because(Unreadable::truncated);
  const size_t header_size = (load_u8(bytes, 0) & 0x0fu) * 4u;
  const size_t total_size = load_u16(bytes, 2);
  if (header_size < kIpv4Size || (total_size != 0 && total_size < header_size))
    return because(Unreadable::malformed);
  if (bytes.size() < header_size) return because(Unreadable::truncated);
  const uint16_t fragment = load_u16(bytes, 6);
  if ((fragment & 0x1fff) != 0) return because(Unreadable::fragment);
  const bool more_fragments = (fragment & 0x2000) != 0;
  const PacketBytes payload = total_size == 0 ? bytes : within(bytes, total_size);
  return NetworkHeader{
      .from = load_ipv4(bytes, 12),
      .to = load_ipv4(bytes, 16),
      .ttl = load_u8(bytes, 8),
      .protocol = load_u8(bytes, 9),
      .payload = payload.subspan(header_size),
      .payload_size = total_size == 0 || more_fragments ? kUnknownSize : total_size - header_size};
}

NetworkHeaderOrNot read_ipv6(PacketBytes bytes) {
  if (bytes.empty()) return because(Unreadable::truncated);
  if (!has_version(bytes, 6)) return because(Unreadable::malformed);
  if (bytes.size() < kIpv6Size) return because(Unreadable::truncated);
  const size_t length = load_u16(bytes, 4);
  NetworkHeader header{.from = load_ipv6(bytes, 8),
                       .to = load_ipv6(bytes, 24),
                       .ttl = load_u8(bytes, 7),
                       .protocol = load_u8(bytes, 6),
                       .payload = bytes.subspan(kIpv6Size),
                       .payload_size = length == 0 ? kUnknownSize : length};
  if (header.from.is_v4() || header.to.is_v4()) return because(Unreadable::malformed);
  header.payload = within(header.payload, header.payload_size);
  return skip_extensions(header);
}

}  // namespace sonde
