#include "cli/plan_warnings.h"

#include <algorithm>

#include "cli/figures.h"
#include "cli/plan_load.h"

namespace sonde {
namespace {

// More probes a second than this to one address are worth a word: an address
// may be a small device, and a rate like that looks like an attack.
constexpr double kGentleHostRate = 100;

U128 unreachable_addresses(const PlannedRoutes& routes) {
  U128 addresses = 0;
  for (const PlannedHop& hop : routes.next_hops)
    if (!is_usable(hop.route.kind)) addresses = saturating_add(addresses, hop.addresses);
  return addresses;
}

void warn_of_routes(const PlannedRoutes& routes, std::vector<std::string>& warnings) {
  if (const U128 lost = unreachable_addresses(routes); lost > 0)
    warnings.push_back(
        counted(lost, "address cannot", "addresses cannot") +
        " be reached from this machine, which says nothing about them: each probe would end as a "
        "local error; add a route, run from another vantage, or leave them out with --exclude");
  if (routes.multipath)
    warnings.push_back(
        "some routes have several next hops: the kernel picks one for each connection, so other interfaces "
        "and "
        "source addresses than those above may be used");
  if (!routes.failure.empty()) warnings.push_back("the next hops are not complete: " + routes.failure);
  if (routes.not_looked_up > 0)
    warnings.push_back("the next hops of " + counted(routes.not_looked_up, "address", "addresses") +
                       " were not looked up" +
                       (routes.failure.empty() ? ": the limit of lookups was reached" : ""));
}

void warn_of_load(const PlanFacts& facts, std::vector<std::string>& warnings) {
  const double average = average_host_rate(facts);
  const double to_one = facts.host_rate > 0 ? std::min(facts.host_rate, average) : average;
  if (to_one > kGentleHostRate)
    warnings.push_back(
        "one address gets about " + measured(to_one) +
        " probes/s: small devices and intrusion detection may react; lower --rate or --host-rate");
  if (silent_bound(facts) < rate_bound(facts) && facts.rate > 0)
    warnings.push_back("the rate cannot be held while nothing answers: " +
                       counted(facts.concurrency, "connect", "connects") + " in flight for " +
                       in_short_time(facts.timeout) + " are " + measured(silent_bound(facts)) +
                       " probes/s; raise --concurrency or lower --timeout");
}

void warn_of_tables(const PlanFacts& facts, std::vector<std::string>& warnings) {
  if (facts.memory_available_bytes && ledger_bytes(facts) > *facts.memory_available_bytes / 2)
    warnings.push_back("the ledger takes more than half of the memory available (" +
                       in_bytes(*facts.memory_available_bytes) + "): split the sweep with --shard");
  // An empty table is in no rule's use.
  if (!facts.conntrack || facts.conntrack->used == 0) return;
  const ConntrackTable& table = *facts.conntrack;
  const auto free = static_cast<double>(table.most - std::min(table.used, table.most));
  if (conntrack_demand(facts) > free)
    warnings.push_back(
        "connection tracking of this machine may overflow: silent probes stay in its table for 120 s, "
        "which makes up to " +
        measured(conntrack_demand(facts)) + " entries, and " + measured(free) +
        " are free; then probes are dropped here: exempt them (nft notrack), raise "
        "net.netfilter.nf_conntrack_max, or lower --rate");
}

}  // namespace

std::vector<std::string> plan_warnings(const PlanFacts& facts) {
  std::vector<std::string> warnings;
  warn_of_routes(facts.routes, warnings);
  warn_of_load(facts, warnings);
  warn_of_tables(facts, warnings);
  return warnings;
}

}  // namespace sonde
