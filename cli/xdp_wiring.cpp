#include "cli/xdp_wiring.h"

#include <sched.h>

#include <algorithm>
#include <memory>
#include <set>
#include <thread>

#include "cli/packet_wiring.h"
#include "engine/sweep/xdp_crew.h"
#include "engine/sweep/xdp_targets.h"
#include "engine/target/permutation.h"
#include "net/packet/af_packet_port.h"
#include "net/privilege.h"

namespace sonde {
namespace {

constexpr double kQuestionsPerSecond = 1000;

/// All of it, until a crew takes its part over.
struct XdpSetup {
  explicit XdpSetup(SourcePorts ports) : source_ports(std::move(ports)) {}
  SourcePorts source_ports;
  XdpCrewParts parts;
};

Result<XdpTargets> lay_out(const ScanConduct& conduct, std::span<const Interface> interfaces,
                           const TargetSet& set) {
  Result<NextHops> hops = NextHops::open(route_options(conduct.source, interfaces), other_source(conduct.source));
  if (!hops) return tl::unexpected(hops.error());
  Result<XdpTargets> targets = lay_out_targets(set, [&hops](const IpAddress& address, uint32_t scope) {
    const NextHop hop = hops->to(address, scope);
    return HopAnswer{hop, hops->last_alike(address)};
  });
  if (targets && targets->on_link > NeighbourResolver::kMostNeighbours)
    return impossible_error("more than " + std::to_string(NeighbourResolver::kMostNeighbours) +
                            " attached hosts are more than the XDP engine asks for: use --engine syn");
  return targets;
}

std::vector<uint32_t> interfaces_of(const XdpTargets& targets) {
  std::set<uint32_t> all;
  for (const NextHop& hop : targets.hops) all.insert(hop.interface_index);
  return {all.begin(), all.end()};
}

NeighbourQuery query_of(const NextHop& hop, const IpAddress& neighbour) {
  return {{hop.interface_index, neighbour}, {hop.own_address, hop.own_station}};
}

/// The stations of the gateways; by hop.
Result<std::vector<XdpHop>> resolve_gateways(const XdpTargets& targets, PacketPort& port, const Clock& clock,
                                             const std::function<bool()>& stop) {
  std::vector<XdpHop> hops;
  std::vector<NeighbourQuery> queries;
  for (const NextHop& hop : targets.hops) {
    hops.push_back({.interface_index = hop.interface_index,
                    .source = hop.source,
                    .own = hop.own_station,
                    .neighbour = hop.needs_station ? LinkAddress{} : hop.own_station});
    if (hop.through_gateway && hop.needs_station) queries.push_back(query_of(hop, hop.neighbour));
  }
  std::string silent;
  const auto on_neighbour = [&](const NeighbourQuery& query, const LinkAddress* station) {
    if (station == nullptr) silent = query.neighbour.address.to_string();
    for (size_t i = 0; station != nullptr && i < hops.size(); ++i) {
      const NextHop& hop = targets.hops[i];
      if (hop.through_gateway && hop.neighbour == query.neighbour.address &&
          hop.interface_index == query.neighbour.interface_index)
        hops[i].neighbour = *station;
    }
  };
  if (Result<uint64_t> asked =
          survey_neighbours(port, queries, kQuestionsPerSecond, clock, stop, on_neighbour);
      !asked)
    return tl::unexpected(asked.error());
  if (!silent.empty())
    return impossible_error(
        "the gateway " + silent +
        " answers no ARP or neighbour solicitation: look at it and the link to it, or exclude "
        "what lies behind it");
  return hops;
}

/// Targets that are their own neighbours, each once.
std::vector<NeighbourQuery> on_link_of(const XdpTargets& targets) {
  std::vector<NeighbourQuery> all;
  all.reserve(targets.on_link);
  for (const sonde_run& run : targets.runs) {
    const NextHop& hop = targets.hops[run.hop];
    if (!is_on_link(hop)) continue;
    const U128 first = address_of(run.first).number();
    for (uint64_t i = 0; i < run.addresses; ++i)
      all.push_back(query_of(hop, IpAddress::from_number(first + i)));
  }
  std::ranges::sort(all);
  const auto again = std::ranges::unique(all);
  all.erase(again.begin(), again.end());
  return all;
}

XdpTables tables_of(const XdpOrder& order, XdpTargets targets, std::vector<XdpHop> hops,
                    const SourcePorts& ports) {
  XdpTables tables;
  tables.runs = std::move(targets.runs);
  tables.sections = std::move(targets.sections);
  tables.ports = std::move(targets.ports);
  tables.hops = std::move(hops);
  tables.permutation = Permutation(order.targets.size(), order.plan.seed).core();
  tables.shard_first = order.plan.shard_index - 1;
  tables.shard_stride = order.plan.shard_count;
  tables.first_port = ports.first();
  tables.last_port = ports.last();
  tables.key = random_key();
  tables.most_steps = std::min(order.plan.slice_steps, order.plan.steps);
  tables.most_neighbours = static_cast<uint32_t>(targets.on_link);
  return tables;
}

/// Open ones always: a SYN proxy shows by what it opens.
uint32_t wanted_by(const ShowFilter& show) {
  uint32_t wanted = 1 << SONDE_OPEN;
  if (show.shows(State::closed)) wanted |= 1 << SONDE_CLOSED;
  if (show.shows(State::filtered)) wanted |= 1 << SONDE_REJECTED;
  return wanted;
}

/// Of those that this process may run on (taskset, cpusets), the first so many.
std::vector<uint32_t> cores_for(uint32_t threads, uint32_t cores) {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return {0};
  std::vector<uint32_t> numbers;
  for (uint32_t core = 0; core < std::min<uint32_t>(cores, CPU_SETSIZE) && numbers.size() < threads; ++core)
    if (CPU_ISSET(core, &allowed)) numbers.push_back(core);
  return numbers;
}

Result<void> open_into(XdpSetup& setup, const XdpOrder& order, const Clock& clock,
                       const std::function<bool()>& stop) {
  Result<XdpTargets> targets = lay_out(order.conduct, order.interfaces, order.targets);
  if (!targets) return tl::unexpected(targets.error());
  const std::vector<uint32_t> interfaces = interfaces_of(*targets);
  AfPacketOptions options;
  options.filter = {interfaces, setup.source_ports.first(), setup.source_ports.last()};
  options.ring_bytes = order.conduct.ring_bytes;
  Result<std::unique_ptr<PacketPort>> port = open_af_packet_port(options);
  if (!port) return tl::unexpected(port.error());
  Result<std::vector<XdpHop>> hops = resolve_gateways(*targets, **port, clock, stop);
  if (!hops) return tl::unexpected(hops.error());
  setup.parts.on_link = on_link_of(*targets);
  Result<std::unique_ptr<XdpSweep>> sweep =
      XdpSweep::open(tables_of(order, std::move(*targets), std::move(*hops), setup.source_ports));
  if (!sweep) return tl::unexpected(sweep.error());
  if (Result<void> attached =
          (*sweep)->attach(interfaces, order.conduct.xdp_generic ? XdpMode::generic : XdpMode::native);
      !attached)
    return attached;
  setup.parts.interfaces = interfaces;
  setup.parts.cores = cores_for(order.threads, (*sweep)->cores());
  setup.parts.sweep = std::move(*sweep);
  setup.parts.port = std::move(*port);
  setup.parts.answer_wait = order.conduct.timeout;
  setup.parts.wanted = wanted_by(order.show);
  return {};
}

}  // namespace

Result<void> check_xdp_targets(const ScanConduct& conduct, std::span<const Interface> interfaces,
                               const TargetSet& targets) {
  const Result<XdpTargets> laid_out = lay_out(conduct, interfaces, targets);
  return laid_out ? Result<void>{} : tl::unexpected(laid_out.error());
}

Result<void> raise_xdp_rights() {
  for (const Capability capability :
       {Capability::net_raw, Capability::net_admin, Capability::bpf, Capability::perfmon}) {
    if (!raise_capability(capability))
      return impossible_error(
          "the XDP engine needs CAP_NET_RAW, CAP_NET_ADMIN, CAP_BPF and CAP_PERFMON, and " +
          std::string(to_string(capability)) +
          " is missing: be root, or give them all to the binary by `scripts/grant --xdp`; or use "
          "--engine connect");
  }
  return {};
}

Result<CrewFactory> open_xdp(const XdpOrder& order, const Clock& clock, const std::function<bool()>& stop) {
  Result<SourcePorts> ports = reserve_ports(order.conduct.source);
  if (!ports) return tl::unexpected(ports.error());
  const auto setup = std::make_shared<XdpSetup>(std::move(*ports));
  if (Result<void> opened = open_into(*setup, order, clock, stop); !opened)
    return tl::unexpected(opened.error());
  return [setup](SweepWorker::Shared shared) -> Result<std::unique_ptr<Crew>> {
    return std::make_unique<XdpCrew>(std::move(setup->parts), shared);
  };
}

}  // namespace sonde
