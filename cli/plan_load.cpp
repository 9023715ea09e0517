#include "cli/plan_load.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/sweep/sweep.h"

namespace sonde {
namespace {

constexpr double kUnbounded = std::numeric_limits<double>::infinity();

double seconds(Nanos time) { return std::chrono::duration<double>(time).count(); }

// How long one walk over the shard takes because of the busiest address.
double host_bound_s(const PlanFacts& facts) {
  if (facts.host_rate <= 0 || facts.endpoints == 0) return 0;
  const double share = static_cast<double>(facts.shard_endpoints) / static_cast<double>(facts.endpoints);
  return std::ceil(static_cast<double>(facts.most_ports_per_address) * share) / facts.host_rate;
}

/// All pauses between the passes, as the sweep makes them.
double retry_waits_s(const PlanFacts& facts) {
  double sum_s = 0;
  Nanos wait = facts.retry_wait;
  for (uint32_t pass = 1; pass < facts.passes; ++pass) {
    sum_s += seconds(wait);
    wait = std::max(wait, std::min(wait * 2, kLongestRetryWait));
  }
  return sum_s;
}

}  // namespace

double rate_bound(const PlanFacts& facts) { return facts.rate > 0 ? facts.rate : kUnbounded; }

double silent_bound(const PlanFacts& facts) {
  const double timeout_s = seconds(facts.timeout);
  return facts.concurrency > 0 && timeout_s > 0 ? static_cast<double>(facts.concurrency) / timeout_s
                                                : kUnbounded;
}

double average_host_rate(const PlanFacts& facts) {
  if (facts.addresses == 0) return 0;
  return std::min(rate_bound(facts), static_cast<double>(facts.shard_endpoints)) /
         static_cast<double>(facts.addresses);
}

double conntrack_demand(const PlanFacts& facts) {
  const double at_once = std::min(rate_bound(facts), silent_bound(facts)) * kConntrackSilentSeconds;
  return std::min(at_once, static_cast<double>(facts.shard_endpoints));
}

PlanDuration estimate_duration(const PlanFacts& facts) {
  const auto probes = static_cast<double>(facts.shard_endpoints);
  const double by_rate_s = probes / rate_bound(facts);
  const double by_flight_s = probes / silent_bound(facts);
  const double by_host_s = host_bound_s(facts);
  const double walk_s = std::max({by_rate_s, by_flight_s, by_host_s});
  PlanDuration duration;
  duration.best_s = std::max(by_rate_s, by_host_s);
  duration.worst_s = facts.passes * (walk_s + seconds(facts.timeout)) + retry_waits_s(facts);
  if (walk_s <= seconds(facts.timeout))
    duration.worst_bound = "--timeout";
  else if (walk_s == by_rate_s)
    duration.worst_bound = "--rate";
  else
    duration.worst_bound = walk_s == by_flight_s ? "--concurrency and --timeout" : "--host-rate";
  return duration;
}

uint64_t ledger_bytes(const PlanFacts& facts) {
  return facts.shard_endpoints / 4 + (facts.shard_endpoints % 4 != 0 ? 1 : 0);
}

}  // namespace sonde
