#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "net/packet/syn_core.h"

namespace sonde {

/// The sum of the bytes as big-endian 16-bit words, an odd byte padded with a
/// zero; not yet folded, so that sums of several parts can be added. Each part
/// but the last must have an even size.
constexpr uint64_t checksum_sum(std::span<const std::byte> bytes) {
  uint64_t sum = 0;
  for (size_t i = 0; i < bytes.size(); ++i)
    sum += std::to_integer<uint64_t>(bytes[i]) << (i % 2 == 0 ? 8 : 0);
  return sum;
}

/// The Internet checksum (RFC 1071) that belongs to a sum.
inline uint16_t checksum_of(uint64_t sum) { return sonde_checksum(sum); }

}  // namespace sonde
