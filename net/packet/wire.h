#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "net/address.h"

namespace sonde {

/// Bytes of a packet, or of a structure of the kernel; big-endian numbers and
/// addresses in them begin `at` an offset. Precondition of everything here: the
/// bytes are there.
using PacketBytes = std::span<const std::byte>;

inline uint8_t load_u8(PacketBytes bytes, size_t at) { return std::to_integer<uint8_t>(bytes[at]); }

inline uint16_t load_u16(PacketBytes bytes, size_t at) {
  return static_cast<uint16_t>(load_u8(bytes, at) << 8 | load_u8(bytes, at + 1));
}

inline uint32_t load_u32(PacketBytes bytes, size_t at) {
  return static_cast<uint32_t>(load_u16(bytes, at)) << 16 | load_u16(bytes, at + 2);
}

inline IpAddress load_ipv4(PacketBytes bytes, size_t at) { return IpAddress::v4(load_u32(bytes, at)); }

/// A v4-mapped address comes out as IPv4; on the wire there are none.
inline IpAddress load_ipv6(PacketBytes bytes, size_t at) {
  U128 number = 0;
  for (size_t i = 0; i < 16; i += 4) number = number << 32 | load_u32(bytes, at + i);
  return IpAddress::from_number(number);
}

/// All of the bytes, as one address; nullopt when they are neither four nor sixteen.
inline std::optional<IpAddress> load_address(PacketBytes bytes) {
  if (bytes.size() == 4) return load_ipv4(bytes, 0);
  if (bytes.size() == 16) return load_ipv6(bytes, 0);
  return std::nullopt;
}

inline void store_u16(std::span<std::byte> out, size_t at, uint16_t number) {
  out[at] = static_cast<std::byte>(number >> 8);
  out[at + 1] = static_cast<std::byte>(number);
}

inline void store_u32(std::span<std::byte> out, size_t at, uint32_t number) {
  store_u16(out, at, static_cast<uint16_t>(number >> 16));
  store_u16(out, at + 2, static_cast<uint16_t>(number));
}

/// Four bytes or sixteen, as the family has it.
inline void store_address(std::span<std::byte> out, size_t at, const IpAddress& address) {
  if (address.is_v4()) return store_u32(out, at, address.v4_number());
  for (size_t i = 0; i < 4; ++i)
    store_u32(out, at + 4 * i, static_cast<uint32_t>(address.number() >> (96 - 32 * i)));
}

}  // namespace sonde
