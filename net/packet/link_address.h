#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>

namespace sonde {

/// The address of a station on a link: 6 bytes on Ethernet, none on links
/// without a link layer (tun, WireGuard).
struct LinkAddress {
  static constexpr size_t kLongest = 8;  ///< what sockaddr_ll (packet(7)) can hold
  std::array<uint8_t, kLongest> bytes{};
  uint8_t size = 0;
  friend auto operator<=>(const LinkAddress&, const LinkAddress&) = default;
};

}  // namespace sonde
