#include "net/route_segments.h"

#include <algorithm>
#include <array>

namespace sonde {
namespace {

constexpr U128 kHighest = ~U128{0};

constexpr IpAddress v6(uint16_t first_group, uint16_t second_group = 0) {
  return IpAddress::from_number((U128{first_group} << 112) | (U128{second_group} << 96));
}

// What __mkroute_output (net/ipv4/route.c) and ipv6_addr_type() tell apart
// though no table has an entry for it.
constexpr std::array kKnownWithoutRoute = {
    RoutePrefix{IpAddress::v4(0), 0},
    RoutePrefix{IpAddress::v4(0), 8},
    RoutePrefix{IpAddress::v4(0), 32},
    RoutePrefix{IpAddress::v4(0xe0000000), 4},
    RoutePrefix{IpAddress::v4(0xffffffff), 32},
    RoutePrefix{v6(0), 128},
    RoutePrefix{v6(0x2001, 0x10), 28},
    RoutePrefix{v6(0xfe80), 10},
    RoutePrefix{v6(0xfec0), 10},
    RoutePrefix{v6(0xff00), 8},
};

void append_edges(const RoutePrefix& block, std::vector<U128>& starts) {
  starts.push_back(block.first.number());
  const U128 last = block.last().number();
  if (last != kHighest) starts.push_back(last + 1);
}

}  // namespace

RouteSegments::RouteSegments(std::span<const RoutePrefix> blocks) : starts_{0} {
  starts_.reserve(1 + 2 * (blocks.size() + kKnownWithoutRoute.size()));
  for (const RoutePrefix& block : kKnownWithoutRoute) append_edges(block, starts_);
  for (const RoutePrefix& block : blocks) append_edges(block, starts_);
  std::sort(starts_.begin(), starts_.end());
  starts_.erase(std::unique(starts_.begin(), starts_.end()), starts_.end());
  starts_.shrink_to_fit();
}

RouteSegment RouteSegments::of(const IpAddress& address) const {
  const auto next = std::upper_bound(starts_.begin(), starts_.end(), address.number());
  const auto number = static_cast<size_t>(next - starts_.begin()) - 1;
  return {number, starts_[number], next == starts_.end() ? kHighest : *next - 1};
}

}  // namespace sonde
