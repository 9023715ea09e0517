#include "net/packet/packet_ring.h"

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace sonde {
namespace {

// The kernel hands a block over when it is full or when its time has come,
// however little is in it: what bounds how long we may be held up is the number
// of blocks, so there are many small ones. 256 blocks of 4 ms are a second.
constexpr size_t kMostBlocks = 256;
constexpr size_t kFewestBlocks = 2;  // one is filled while the other is read
constexpr size_t kLargestBlock = size_t{128} << 10;
constexpr size_t kFrameBytes = 2048;  // a formality: packets stand close together in a block
constexpr uint32_t kRetireMs = 4;

struct Layout {
  size_t block_bytes = 0;
  size_t block_count = 0;
  size_t bytes() const { return block_bytes * block_count; }
};

Layout layout_of(size_t bytes) {
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  const size_t block_bytes =
      std::clamp(bytes / kMostBlocks / page * page, page, std::max(page, kLargestBlock));
  return {block_bytes, std::max(kFewestBlocks, bytes / block_bytes)};
}

int request_ring(int descriptor, const Layout& layout) {
  const int version = TPACKET_V3;
  if (setsockopt(descriptor, SOL_PACKET, PACKET_VERSION, &version, sizeof version) != 0) return errno;
  tpacket_req3 request{};
  request.tp_block_size = static_cast<unsigned>(layout.block_bytes);
  request.tp_block_nr = static_cast<unsigned>(layout.block_count);
  request.tp_frame_size = kFrameBytes;
  request.tp_frame_nr = static_cast<unsigned>(layout.bytes() / kFrameBytes);
  request.tp_retire_blk_tov = kRetireMs;
  return setsockopt(descriptor, SOL_PACKET, PACKET_RX_RING, &request, sizeof request) == 0 ? 0 : errno;
}

tl::unexpected<Error> ring_error(const Layout& layout, int error) {
  return impossible_error("no receive ring of " + std::to_string(layout.bytes() >> 10) +
                          " KiB for raw packets: " + std::strerror(error) +
                          (error == ENOMEM ? "; free memory, or raise the limit of this container" : ""));
}

tpacket_block_desc* header_of(std::byte* block) { return reinterpret_cast<tpacket_block_desc*>(block); }

bool handed_over(std::byte* block) {
  return (__atomic_load_n(&header_of(block)->hdr.bh1.block_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER) != 0;
}

void hand_back(std::byte* block) {
  __atomic_store_n(&header_of(block)->hdr.bh1.block_status, uint32_t{TP_STATUS_KERNEL}, __ATOMIC_RELEASE);
}

LinkAddress station_of(const sockaddr_ll& address) {
  LinkAddress station;
  station.size = std::min<uint8_t>(address.sll_halen, LinkAddress::kLongest);
  std::copy_n(address.sll_addr, station.size, station.bytes.begin());
  return station;
}

// A packet as the kernel lays it out: tpacket3_hdr, sockaddr_ll, the bytes.
IncomingPacket packet_at(const std::byte* place) {
  const auto& header = *reinterpret_cast<const tpacket3_hdr*>(place);
  const auto& address = *reinterpret_cast<const sockaddr_ll*>(place + TPACKET_ALIGN(sizeof header));
  IncomingPacket packet;
  packet.interface_index = static_cast<uint32_t>(address.sll_ifindex);
  packet.ether_type = ntohs(address.sll_protocol);
  packet.from = station_of(address);
  packet.bytes = std::span(place + header.tp_net, header.tp_snaplen);
  packet.whole_size = header.tp_len;
  packet.received = WallTime(std::chrono::seconds(header.tp_sec) + Nanos(header.tp_nsec));
  return packet;
}

}  // namespace

Result<PacketRing> PacketRing::attach(int descriptor, size_t bytes) {
  if (bytes > kMostBytes)
    return usage_error("a receive ring has at most " + std::to_string(kMostBytes >> 20) + " MiB");
  const Layout layout = layout_of(bytes);
  if (const int error = request_ring(descriptor, layout)) return ring_error(layout, error);
  void* const memory =
      mmap(nullptr, layout.bytes(), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, descriptor, 0);
  if (memory == MAP_FAILED) return ring_error(layout, errno);
  return PacketRing(static_cast<std::byte*>(memory), layout.block_bytes, layout.block_count);
}

PacketRing::PacketRing(std::byte* memory, size_t block_bytes, size_t block_count)
    : memory_(memory), block_bytes_(block_bytes), block_count_(block_count) {
  packets_.reserve(kMostAtOnce);
}

PacketRing::PacketRing(PacketRing&& other) noexcept
    : memory_(std::exchange(other.memory_, nullptr)),
      block_bytes_(other.block_bytes_),
      block_count_(other.block_count_),
      oldest_(other.oldest_),
      reading_(other.reading_),
      next_(other.next_),
      left_(other.left_),
      packets_(std::move(other.packets_)) {}

PacketRing::~PacketRing() {
  if (memory_ != nullptr) munmap(memory_, block_bytes_ * block_count_);
}

void PacketRing::give_back() {
  for (; oldest_ < reading_; ++oldest_) hand_back(block(oldest_));
}

// The kernel's next block, if it has been handed over and is not one that we
// are still holding from an earlier round.
bool PacketRing::open_block() {
  std::byte* const here = block(reading_);
  if (reading_ - oldest_ == block_count_ || !handed_over(here)) return false;
  const tpacket_hdr_v1& header = header_of(here)->hdr.bh1;
  left_ = header.num_pkts;
  next_ = here + header.offset_to_first_pkt;
  if (left_ == 0) ++reading_;
  return true;
}

std::span<const IncomingPacket> PacketRing::take() {
  give_back();
  packets_.clear();
  while (packets_.size() < kMostAtOnce && (left_ > 0 || open_block())) {
    if (left_ == 0) continue;  // an empty block
    packets_.push_back(packet_at(next_));
    next_ += reinterpret_cast<const tpacket3_hdr*>(next_)->tp_next_offset;
    if (--left_ == 0) ++reading_;
  }
  return packets_;
}

}  // namespace sonde
