#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "net/address.h"
#include "net/route.h"

namespace sonde {

/// A run of addresses that no edge of a routing block divides.
struct RouteSegment {
  size_t number = 0;
  U128 first = 0;
  U128 last = 0;  ///< inclusive
};

/// All addresses of both families, cut at the edges of routing blocks, at the
/// border of the families, and where the kernel decides without a route
/// (unspecified, link-local, multicast and broadcast addresses). One sorted
/// list: 16 bytes a segment, at most two segments a block.
class RouteSegments {
 public:
  explicit RouteSegments(std::span<const RoutePrefix> blocks);

  size_t size() const { return starts_.size(); }
  /// The segment of this address; O(log size()).
  RouteSegment of(const IpAddress& address) const;

 private:
  std::vector<U128> starts_;  ///< sorted, each once; the first is 0
};

}  // namespace sonde
