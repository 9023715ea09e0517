#include "engine/target/reserved.h"

#include <array>

namespace sonde {
namespace {

constexpr Interval v4_block(uint32_t base, int prefix) {
  const uint32_t host_bits = prefix == 32 ? 0 : ~uint32_t{0} >> prefix;
  return {IpAddress::v4(base), IpAddress::v4(base | host_bits)};
}

/// `base` is the upper 64 bits of the block; prefix is from 1 to 64.
constexpr Interval v6_block(uint64_t base, int prefix) {
  const U128 number = U128{base} << 64;
  return {IpAddress::from_number(number), IpAddress::from_number(number | (~U128{0} >> prefix))};
}

constexpr Interval v6_single(uint64_t low) {
  return {IpAddress::from_number(low), IpAddress::from_number(low)};
}

constexpr std::array kNeverProbed = {
    SpecialRange{v4_block(0x00000000, 8), "\"this network\" (RFC 791)"},
    SpecialRange{v4_block(0xe0000000, 4), "multicast (RFC 5771)"},
    SpecialRange{v4_block(0xffffffff, 32), "limited broadcast (RFC 919)"},
    SpecialRange{{IpAddress::v4(0xf0000000), IpAddress::v4(0xfffffffe)}, "reserved (RFC 1112)"},
    SpecialRange{v6_single(0), "unspecified address (RFC 4291)"},
    SpecialRange{v6_block(0xff00000000000000, 8), "multicast (RFC 4291)"},
};

constexpr std::array kFreeToProbe = {
    SpecialRange{v4_block(0x0a000000, 8), "private (RFC 1918)"},
    SpecialRange{v4_block(0xac100000, 12), "private (RFC 1918)"},
    SpecialRange{v4_block(0xc0a80000, 16), "private (RFC 1918)"},
    SpecialRange{v4_block(0x7f000000, 8), "loopback (RFC 1122)"},
    SpecialRange{v4_block(0xa9fe0000, 16), "link-local (RFC 3927)"},
    SpecialRange{v4_block(0x64400000, 10), "shared, carrier NAT (RFC 6598)"},
    SpecialRange{v4_block(0xc6120000, 15), "benchmarking (RFC 2544)"},
    SpecialRange{v4_block(0xc0000200, 24), "documentation (RFC 5737)"},
    SpecialRange{v4_block(0xc6336400, 24), "documentation (RFC 5737)"},
    SpecialRange{v4_block(0xcb007100, 24), "documentation (RFC 5737)"},
    SpecialRange{v6_single(1), "loopback (RFC 4291)"},
    SpecialRange{v6_block(0xfc00000000000000, 7), "unique local (RFC 4193)"},
    SpecialRange{v6_block(0xfe80000000000000, 10), "link-local (RFC 4291)"},
    SpecialRange{v6_block(0x2001000200000000, 48), "benchmarking (RFC 5180)"},
    SpecialRange{v6_block(0x20010db800000000, 32), "documentation (RFC 3849)"},
    SpecialRange{v6_block(0x3fff000000000000, 20), "documentation (RFC 9637)"},
};

}  // namespace

std::span<const SpecialRange> never_probed() { return kNeverProbed; }

std::span<const SpecialRange> free_to_probe() { return kFreeToProbe; }

IntervalSet free_to_probe_set() {
  std::vector<Interval> ranges;
  for (const SpecialRange& special : kFreeToProbe) ranges.push_back(special.range);
  return IntervalSet(std::move(ranges));
}

std::optional<Interval> needs_permission(const IntervalSet& addresses) {
  const IntervalSet strange = addresses.without(free_to_probe_set());
  if (strange.empty()) return std::nullopt;
  return strange.intervals().front();
}

}  // namespace sonde
