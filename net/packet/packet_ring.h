#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "net/packet/packet_port.h"

namespace sonde {

/// The receive ring of a packet socket: blocks of memory shared with the kernel,
/// which fills one after the other and hands each over when it is full, or a
/// moment after its first packet (TPACKET_V3; Linux,
/// Documentation/networking/packet_mmap.rst). Belongs to one thread.
class PacketRing {
 public:
  /// The largest ring that can be asked for.
  static constexpr size_t kMostBytes = size_t{1} << 30;

  /// Gives the socket a ring of about `bytes`; the descriptor stays the
  /// caller's and must outlive nothing here. Error: no memory, or the kernel
  /// has no TPACKET_V3.
  static Result<PacketRing> attach(int descriptor, size_t bytes);
  PacketRing(PacketRing&& other) noexcept;
  PacketRing& operator=(PacketRing&&) = delete;
  ~PacketRing();

  /// The packets handed over since the last call, at most kMostAtOnce, in the
  /// order of their coming; they and their bytes are valid until the next call.
  std::span<const IncomingPacket> take();

  static constexpr size_t kMostAtOnce = 4096;

 private:
  PacketRing(std::byte* memory, size_t block_bytes, size_t block_count);
  std::byte* block(size_t number) const { return memory_ + (number % block_count_) * block_bytes_; }
  bool open_block();
  void give_back();

  std::byte* memory_ = nullptr;
  size_t block_bytes_ = 0;
  size_t block_count_ = 0;
  uint64_t oldest_ = 0;              // the first block that is ours and not given back
  uint64_t reading_ = 0;             // the block that is being read; those before it are read
  const std::byte* next_ = nullptr;  // its next packet
  uint32_t left_ = 0;                // packets left in it; 0: it has not been opened
  std::vector<IncomingPacket> packets_;
};

}  // namespace sonde
