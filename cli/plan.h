#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/plan_routes.h"
#include "engine/target/target_builder.h"
#include "net/base/clock.h"
#include "net/limits.h"

namespace sonde {

/// What a sweep is about to do, as plain numbers.
struct PlanFacts {
  uint64_t endpoints = 0;               ///< address and port pairs, of all shards
  U128 addresses = 0;                   ///< distinct addresses
  uint64_t most_ports_per_address = 0;  ///< the largest number of endpoints on one address
  std::string shard;                    ///< "2/8"; empty when the sweep is whole
  uint64_t shard_endpoints = 0;         ///< endpoints of this shard; equals endpoints when whole
  double rate = 0;                      ///< probes/s, all threads; 0: no limit
  double host_rate = 0;                 ///< probes/s to one address; 0: no limit
  Nanos timeout{0};                     ///< of one attempt
  Nanos retry_wait{0};                  ///< before the second pass; doubled for each one after
  uint32_t passes = 1;                  ///< attempts that a silent endpoint gets: 1 + retries
  uint64_t concurrency = 0;             ///< connects in flight, all threads; 0: no limit
  uint32_t threads = 1;
  std::string engine;         ///< "connect (io_uring)"
  std::string engine_reason;  ///< why this one
  std::vector<LeftOut> left_out;
  std::string unresolved;  ///< names that are not probed, in a sentence; empty when there are none
  PlannedRoutes routes;
  std::optional<uint64_t> memory_available_bytes;
  std::optional<ConntrackTable> conntrack;  ///< when connection tracking is loaded here
};

/// How many lines of intervals a plan shows for one next hop.
inline constexpr size_t kMostPlanIntervals = 8;
/// How many next hops a plan shows.
inline constexpr size_t kMostPlanNextHops = 32;

/// The report of `sonde scan --plan`: plain text, ends with a newline. Pure;
/// nothing is sent. Lists that are too long are cut and say so.
std::string render_plan(const PlanFacts& facts);

}  // namespace sonde
