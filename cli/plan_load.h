#pragma once

#include <cstdint>
#include <string>

#include "cli/plan.h"

namespace sonde {

/// The arithmetic of a plan: all pure. "No limit" is infinity.

/// Probes a second that --rate allows.
double rate_bound(const PlanFacts& facts);
/// Probes a second that stay possible when every one waits out its time-out.
double silent_bound(const PlanFacts& facts);
/// Probes a second to one address when the shuffled order spreads them evenly.
double average_host_rate(const PlanFacts& facts);
/// How many entries of the connection-tracking table a silent sweep holds at once.
double conntrack_demand(const PlanFacts& facts);
/// Memory of the ledger: two bits an endpoint of the shard.
uint64_t ledger_bytes(const PlanFacts& facts);

/// How long a sweep takes; the truth lies between.
struct PlanDuration {
  double best_s = 0;   ///< everything answers at once
  double worst_s = 0;  ///< everything is silent: every pass probes everything and waits out the time-out
  std::string
      worst_bound;  ///< the option that limits the worst case: "--rate", "--concurrency and --timeout", …
};
PlanDuration estimate_duration(const PlanFacts& facts);

}  // namespace sonde
