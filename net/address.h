#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sonde {

/// An unsigned 128-bit integer: an IPv6 address as a number.
__extension__ typedef unsigned __int128 U128;

/// An IPv4 or IPv6 address as one number in host order. IPv4 addresses stand
/// at ::ffff:0:0/96 (RFC 4291 §2.5.5.2), so that one ordering and one interval
/// arithmetic serve both; a v4-mapped IPv6 address *is* the IPv4 address.
class IpAddress {
 public:
  /// The unspecified address, ::.
  constexpr IpAddress() = default;
  /// From an IPv4 address in host order: 0x7f000001 is 127.0.0.1.
  static constexpr IpAddress v4(uint32_t number) { return IpAddress(kV4Base | number); }
  /// From a 128-bit number in host order; the v4-mapped range gives IPv4.
  static constexpr IpAddress from_number(U128 number) { return IpAddress(number); }
  /// From the text forms of RFC 4291 and dotted-quad IPv4 (four decimal
  /// octets; no octal, no short forms). No brackets, no zone. nullopt when it
  /// is not an address.
  static std::optional<IpAddress> parse(std::string_view text);

  constexpr bool is_v4() const { return (number_ >> 32) == (kV4Base >> 32); }
  /// The address as an IPv4 number. Precondition: is_v4().
  constexpr uint32_t v4_number() const { return static_cast<uint32_t>(number_); }
  constexpr U128 number() const { return number_; }
  /// fe80::/10, where an interface (scope) is part of the destination.
  constexpr bool is_link_local_v6() const { return (number_ >> 118) == (U128{0xfe80} >> 6); }
  /// Dotted quad, or the canonical IPv6 form of RFC 5952.
  std::string to_string() const;

  friend constexpr auto operator<=>(const IpAddress&, const IpAddress&) = default;

  /// The number of 0.0.0.0: ::ffff:0:0.
  static constexpr U128 kV4Base = U128{0xffff} << 32;

 private:
  explicit constexpr IpAddress(U128 number) : number_(number) {}
  U128 number_ = 0;
};

/// An address and a TCP port; `scope` is the interface index of a link-local
/// IPv6 address, 0 when there is none (RFC 4007).
struct Endpoint {
  IpAddress address;
  uint16_t port = 0;
  uint32_t scope = 0;

  /// "10.0.0.1:443" or "[2001:db8::1]:443".
  std::string to_string() const;
  friend constexpr auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

/// A hash of an endpoint for tables in memory: quick, and not against an adversary.
constexpr size_t hash_of(const Endpoint& endpoint) {
  const U128 number = endpoint.address.number();
  const uint64_t rest = (uint64_t{endpoint.scope} << 16) | endpoint.port;
  uint64_t mixed =
      static_cast<uint64_t>(number) ^ (static_cast<uint64_t>(number >> 64) * 0x9e3779b97f4a7c15ULL);
  mixed = (mixed ^ (rest << 20)) * 0xff51afd7ed558ccdULL;  // the finalizer of MurmurHash3
  mixed ^= mixed >> 32;
  mixed *= 0xc4ceb9fe1a85ec53ULL;
  return mixed ^ (mixed >> 32);
}

/// For std::unordered_map and the like.
struct EndpointHash {
  size_t operator()(const Endpoint& endpoint) const { return hash_of(endpoint); }
};

}  // namespace sonde
