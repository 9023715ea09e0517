#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <optional>

#include "net/packet/pcap_file.h"
#include "net/packet/pcap_format.h"
#include "net/packet/wire.h"

namespace sonde {
namespace {

constexpr uint32_t kPcapng = 0x0a0d0d0a;
constexpr uint32_t kLinkTypeMask = 0x0fffffff;  // above it stands how long Ethernet's checksum is
constexpr uint16_t kEtherTypeVlan = 0x8100;
constexpr uint16_t kEtherTypeServiceVlan = 0x88a8;
constexpr uint16_t kVlanNumber = 0x0fff;
constexpr size_t kEthernetHeader = 14;
constexpr size_t kStation = 6;
constexpr size_t kVlanTag = 4;
constexpr uint64_t kNanosPerSecond = 1'000'000'000;

// Callers look at the size before they load.
using Bytes = PacketBytes;

LinkAddress station_at(Bytes bytes, size_t offset, size_t size) {
  LinkAddress station;
  station.size = static_cast<uint8_t>(std::min(size, LinkAddress::kLongest));
  for (size_t i = 0; i < station.size; ++i) station.bytes[i] = load_u8(bytes, offset + i);
  return station;
}

/// Takes the link header off, and moves what it says into `captured`. The size
/// of the header; nullopt when the packet ends within it.
std::optional<size_t> read_ethernet(Bytes bytes, CapturedPacket& captured) {
  if (bytes.size() < kEthernetHeader) return std::nullopt;
  captured.packet.from = station_at(bytes, kStation, kStation);
  captured.packet.ether_type = load_u16(bytes, 2 * kStation);
  return kEthernetHeader;
}

std::optional<size_t> read_raw(Bytes bytes, CapturedPacket& captured) {
  if (bytes.empty()) return std::nullopt;
  const int version = load_u8(bytes, 0) >> 4;
  if (version == 4) captured.packet.ether_type = kEtherTypeIpv4;
  if (version == 6) captured.packet.ether_type = kEtherTypeIpv6;
  return 0;
}

PacketDirection direction_of(unsigned packet_type) {
  return packet_type == kSllOutgoing ? PacketDirection::sent : PacketDirection::received;
}

std::optional<size_t> read_sll(Bytes bytes, CapturedPacket& captured) {
  if (bytes.size() < kSllHeader) return std::nullopt;
  captured.direction = direction_of(load_u16(bytes, 0));
  captured.packet.from = station_at(bytes, 6, load_u16(bytes, 4));
  captured.packet.ether_type = load_u16(bytes, 14);
  return kSllHeader;
}

std::optional<size_t> read_sll2(Bytes bytes, CapturedPacket& captured) {
  if (bytes.size() < kSll2Header) return std::nullopt;
  captured.packet.ether_type = load_u16(bytes, 0);
  captured.packet.interface_index = load_u32(bytes, 4);
  captured.direction = direction_of(load_u8(bytes, 10));
  captured.packet.from = station_at(bytes, 12, load_u8(bytes, 11));
  return kSll2Header;
}

using LinkReader = std::optional<size_t> (*)(Bytes, CapturedPacket&);

LinkReader reader_of(uint32_t link_type) {
  switch (static_cast<PcapLink>(link_type)) {
    case PcapLink::ethernet: return read_ethernet;
    case PcapLink::raw: return read_raw;
    case PcapLink::linux_sll: return read_sll;
    case PcapLink::linux_sll2: return read_sll2;
  }
  return nullptr;
}

bool is_vlan(uint16_t ether_type) {
  return ether_type == kEtherTypeVlan || ether_type == kEtherTypeServiceVlan;
}

/// One walk over the bytes of a capture. Everything is foreign: nothing is read
/// before its presence has been looked at, and nothing is reserved by what the
/// bytes say.
class Walk {
 public:
  Walk(Bytes bytes, const std::string& name, const CaptureOptions& options)
      : bytes_(bytes), name_(name), options_(options) {}

  Result<std::vector<CapturedPacket>> packets() {
    if (const auto read = read_file_header(); !read) return tl::unexpected(read.error());
    std::vector<CapturedPacket> found;
    while (offset_ < bytes_.size()) {
      const auto captured = next_packet();
      if (!captured) return tl::unexpected(captured.error());
      if (*captured) found.push_back(**captured);
    }
    return found;
  }

 private:
  tl::unexpected<Error> error(const std::string& text) const {
    return usage_error(name_ + ": at offset " + std::to_string(offset_) + ": " + text);
  }

  uint32_t own_word(size_t offset) const {
    const uint32_t word = load_u32(bytes_, offset);
    return big_endian_ ? word : __builtin_bswap32(word);
  }

  bool read_magic() {
    for (const bool big_endian : {false, true}) {
      big_endian_ = big_endian;
      const uint32_t magic = own_word(0);
      nanos_per_unit_ = magic == kPcapNanoseconds ? 1 : 1000;
      if (magic == kPcapNanoseconds || magic == kPcapMicroseconds) return true;
    }
    return false;
  }

  Result<void> read_file_header() {
    if (bytes_.size() < kPcapFileHeader) return error("too short for a pcap file");
    if (load_u32(bytes_, 0) == kPcapng)
      return error("this is pcapng: make pcap of it with `editcap -F pcap IN OUT`");
    if (!read_magic()) return error("this is no pcap file");
    const uint32_t link_type = own_word(20) & kLinkTypeMask;
    read_link_ = reader_of(link_type);
    if (read_link_ == nullptr)
      return error("link type " + std::to_string(link_type) +
                   " is not read here: Ethernet (1), RAW (101), LINUX_SLL (113) and LINUX_SLL2 (276) are");
    offset_ = kPcapFileHeader;
    return {};
  }

  /// Nothing for a packet that is left out.
  Result<std::optional<CapturedPacket>> next_packet() {
    const size_t left = bytes_.size() - offset_;
    if (left < kPcapPacketHeader) return error("the file ends within the header of a packet");
    const uint32_t kept = own_word(offset_ + 8);
    if (kept > kPcapLongestPacket)
      return error("a packet of " + std::to_string(kept) + " bytes is too large");
    if (kept > left - kPcapPacketHeader) return error("the file ends within a packet");
    CapturedPacket captured;
    captured.packet.received = time_at(offset_);
    captured.packet.bytes = bytes_.subspan(offset_ + kPcapPacketHeader, kept);
    captured.packet.whole_size = std::max(own_word(offset_ + 12), kept);
    auto unwrapped = unwrap(captured);
    offset_ += kPcapPacketHeader + kept;
    return unwrapped;
  }

  WallTime time_at(size_t offset) const {
    const uint64_t nanos = own_word(offset) * kNanosPerSecond + own_word(offset + 4) * nanos_per_unit_;
    return WallTime(Nanos(nanos));
  }

  Result<std::optional<CapturedPacket>> unwrap(CapturedPacket& captured) const {
    const auto header = read_link_(captured.packet.bytes, captured);
    if (!header) return error("a packet that ends within its link header");
    take_off(captured.packet, *header);
    bool in_vlan = false;
    while (is_vlan(captured.packet.ether_type)) {
      if (captured.packet.bytes.size() < kVlanTag) return error("a packet that ends within its VLAN tag");
      in_vlan = in_vlan || (load_u16(captured.packet.bytes, 0) & kVlanNumber) != 0;
      captured.packet.ether_type = load_u16(captured.packet.bytes, 2);
      take_off(captured.packet, kVlanTag);
    }
    if (in_vlan && !options_.keep_vlan) return std::optional<CapturedPacket>();
    return std::optional(captured);
  }

  static void take_off(IncomingPacket& packet, size_t header) {
    packet.bytes = packet.bytes.subspan(header);
    packet.whole_size -= static_cast<uint32_t>(header);
  }

  const Bytes bytes_;
  const std::string& name_;
  const CaptureOptions options_;
  size_t offset_ = 0;
  bool big_endian_ = false;
  uint64_t nanos_per_unit_ = 1;
  LinkReader read_link_ = nullptr;
};

tl::unexpected<Error> unreadable(const std::string& path, int error) {
  return usage_error(path + ": the capture cannot be read: " + std::strerror(error));
}

/// 0 or an errno; a file that shrinks meanwhile ends where it ends.
int read_all(int descriptor, std::vector<std::byte>& bytes) {
  size_t filled = 0;
  while (filled < bytes.size()) {
    const ssize_t count = ::read(descriptor, bytes.data() + filled, bytes.size() - filled);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno;
    if (count == 0) break;
    filled += static_cast<size_t>(count);
  }
  bytes.resize(filled);
  return 0;
}

Result<std::vector<std::byte>> read_file(int descriptor, const std::string& path) {
  struct stat facts {};
  if (fstat(descriptor, &facts) != 0) return unreadable(path, errno);
  if (!S_ISREG(facts.st_mode)) return usage_error(path + ": a capture is read from a plain file");
  if (static_cast<uint64_t>(facts.st_size) > Capture::kMostBytes)
    return usage_error(path + ": captures above " + std::to_string(Capture::kMostBytes >> 20) +
                       " MiB are not read: take a part of it with `editcap -r IN OUT 1-1000000`");
  std::vector<std::byte> bytes(static_cast<size_t>(facts.st_size));
  if (const int error = read_all(descriptor, bytes)) return unreadable(path, error);
  return bytes;
}

}  // namespace

Result<Capture> Capture::read(const std::string& path, const CaptureOptions& options) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) return unreadable(path, errno);
  auto bytes = read_file(descriptor, path);
  close(descriptor);
  if (!bytes) return tl::unexpected(bytes.error());
  return parse(std::move(*bytes), path, options);
}

Result<Capture> Capture::parse(std::vector<std::byte> bytes, const std::string& name,
                               const CaptureOptions& options) {
  Capture capture;
  capture.bytes_ = std::move(bytes);
  auto packets = Walk(capture.bytes_, name, options).packets();
  if (!packets) return tl::unexpected(packets.error());
  capture.packets_ = std::move(*packets);
  return capture;
}

}  // namespace sonde
