#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "engine/target/interval_set.h"
#include "net/route.h"

namespace sonde {

/// All targets that leave by one next hop.
struct PlannedHop {
  Route route;
  U128 addresses = 0;           ///< targets; saturates
  uint64_t interval_count = 0;  ///< into how many runs they fall
  std::vector<Interval>
      intervals;  ///< the first kMostKeptIntervals runs, in the order given, neighbours joined
};

/// Where the targets of a sweep go.
struct PlannedRoutes {
  std::vector<PlannedHop> next_hops;  ///< usable ones first, then by number of addresses, largest first
  bool multipath =
      false;  ///< routes with several next hops are among them: the kernel picks one per connection
  U128 not_looked_up = 0;  ///< addresses left out because a limit was hit
  std::string failure;     ///< why a lookup failed; empty when none did
};

/// How many runs of addresses are kept of one next hop, for the reader.
inline constexpr size_t kMostKeptIntervals = 64;

/// Asks where one address goes: RouteTable::route_to with the run's options.
using RouteLookup = std::function<Result<Route>(const IpAddress&)>;

/// How many lookups a plan makes at most: under a second's worth.
inline constexpr size_t kMostRouteLookups = 65'536;

/// Where the addresses of the intervals go. An interval is cut at the edges of
/// the blocks that lie in it and one address between two edges is looked up, so
/// that the answer holds for all between them. One lookup serves all intervals
/// between the same edges when they come sorted. After `most_lookups` the rest
/// is counted in not_looked_up; the first lookup that fails ends it.
PlannedRoutes gather_routes(std::span<const Interval> intervals, const RouteBlocks& blocks,
                            const RouteLookup& lookup, size_t most_lookups = kMostRouteLookups);

/// Calls what it is given with every interval, so that none need be kept.
using IntervalFeed = std::function<void(const std::function<void(const Interval&)>&)>;
/// The same of intervals that are not kept anywhere.
PlannedRoutes gather_routes(const IntervalFeed& feed, const RouteBlocks& blocks, const RouteLookup& lookup,
                            size_t most_lookups = kMostRouteLookups);

/// The source addresses that the targets see, sorted, each once.
std::vector<IpAddress> source_addresses(const PlannedRoutes& routes);

/// The interfaces that the targets are reached by, sorted, each once.
std::vector<uint32_t> interfaces_of(const PlannedRoutes& routes);

}  // namespace sonde
