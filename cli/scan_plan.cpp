#include "cli/scan_plan.h"

#include <net/if.h>

#include <algorithm>

#include "cli/plan.h"
#include "cli/unresolved.h"

namespace sonde {
namespace {

/// All addresses of the set, each once.
IntervalSet addresses_of(const TargetSet& targets) {
  std::vector<Interval> intervals(targets.parts().addresses.intervals().begin(),
                                  targets.parts().addresses.intervals().end());
  for (const HostEntry& host : targets.parts().hosts) intervals.push_back({host.address, host.address});
  for (const Pair& pair : targets.parts().pairs) intervals.push_back({pair.address(), pair.address()});
  return IntervalSet(std::move(intervals));
}

uint64_t most_pairs_of_one_address(const PairList& pairs) {
  uint64_t most = 0;
  for (size_t begin = 0; begin < pairs.size();) {
    size_t end = begin + 1;
    while (end < pairs.size() && pairs[end].address() == pairs[begin].address()) ++end;
    most = std::max<uint64_t>(most, end - begin);
    begin = end;
  }
  return most;
}

uint64_t most_ports_of_one_address(const TargetSet& targets) {
  const uint64_t by_ports = targets.host_count() > 0 ? targets.ports().size() : 0;
  return std::max(by_ports, most_pairs_of_one_address(targets.parts().pairs));
}

/// Asks of all intervals of the feed.
Result<PlannedRoutes> routes_of(const IntervalFeed& feed, const SourceOptions& source) {
  Result<RouteTable> table = RouteTable::open();
  if (!table) return tl::unexpected(table.error());
  const Result<RouteBlocks> blocks = table->blocks();
  if (!blocks) return tl::unexpected(blocks.error());
  const uint32_t interface_index = source.interface.empty() ? 0 : if_nametoindex(source.interface.c_str());
  const auto lookup = [&](const IpAddress& address) {
    const uint32_t scope = address.is_link_local_v6() ? interface_index : 0;
    return table->route_to(address, scope,
                           {interface_index, address.is_v4() ? source.source_v4 : source.source_v6});
  };
  return gather_routes(feed, *blocks, lookup);
}

void fill_conduct(PlanFacts& facts, const ScanConduct& conduct, const EngineChoice& engine) {
  facts.rate = conduct.rate;
  facts.host_rate = conduct.host_rate;
  facts.timeout = conduct.timeout;
  facts.retry_wait = conduct.retry_wait;
  facts.passes = conduct.retries + 1;
  facts.threads = engine.threads;
  const uint64_t slots = uint64_t{engine.slots_per_thread} * engine.threads;
  facts.concurrency = slots < facts.shard_endpoints ? slots : 0;  // with a slot for each, it is no limit
  facts.engine = engine.name;
  facts.engine_reason = engine.why;
}

}  // namespace

Result<PlannedRoutes> plan_routes(const TargetSet& targets, const SourceOptions& source) {
  const TargetParts& parts = targets.parts();
  const auto feed = [&parts](const auto& add) {
    std::ranges::for_each(parts.addresses.intervals(), add);
    for (const HostEntry& host : parts.hosts) add({host.address, host.address});
    for (size_t i = 0; i < parts.pairs.size(); ++i)
      if (i == 0 || parts.pairs[i].address() != parts.pairs[i - 1].address())
        add({parts.pairs[i].address(), parts.pairs[i].address()});
  };
  return routes_of(feed, source);
}

Result<std::string> describe_plan(const ScanOptions& options, const BuiltTargets& targets,
                                  const EngineChoice& engine, Shard shard) {
  const IntervalSet addresses = addresses_of(targets.set);
  const auto feed = [&addresses](const auto& add) { std::ranges::for_each(addresses.intervals(), add); };
  Result<PlannedRoutes> routes = routes_of(feed, options.conduct.source);
  if (!routes) return tl::unexpected(routes.error());
  const Limits limits = read_limits();
  PlanFacts facts;
  facts.endpoints = targets.set.size();
  facts.addresses = addresses.size();
  facts.most_ports_per_address = most_ports_of_one_address(targets.set);
  facts.shard = shard.whole() ? "" : shard.to_string();
  facts.shard_endpoints = ShardWalk(targets.set.size(), shard).steps();
  fill_conduct(facts, options.conduct, engine);
  facts.left_out = targets.left_out;
  facts.unresolved = unresolved_text(targets.unresolved);
  facts.routes = std::move(*routes);
  facts.memory_available_bytes = limits.memory_available_bytes;
  facts.conntrack = limits.conntrack;
  return render_plan(facts);
}

}  // namespace sonde
