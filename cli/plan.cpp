#include "cli/plan.h"

#include <algorithm>

#include "cli/figures.h"
#include "cli/plan_load.h"
#include "cli/plan_warnings.h"

namespace sonde {
namespace {

std::string heading(const PlanFacts& facts) {
  std::string text = "Plan: " + counted(facts.endpoints, "endpoint", "endpoints") + " on " +
                     counted(facts.addresses, "address", "addresses") + ", at most " +
                     counted(facts.most_ports_per_address, "port", "ports") +
                     " of one address. Nothing was sent.\n\n";
  return text;
}

std::string line(const std::string& name, const std::string& text) {
  std::string padded = name;
  padded.resize(std::max<size_t>(name.size() + 1, 12), ' ');
  return "  " + padded + text + "\n";
}

std::string probes_a_second(double rate) {
  const std::string number = measured(rate);
  return number + (number == "1" ? " probe/s" : " probes/s");
}

std::string about(double rate) {
  return rate > 0 && rate < 0.01 ? "under 0.01 probes/s" : "about " + probes_a_second(rate);
}

std::string limit_or_none(double rate) { return rate > 0 ? probes_a_second(rate) : std::string("no limit"); }

std::string in_flight_text(const PlanFacts& facts) {
  const std::string connects = facts.concurrency > 0
                                   ? "up to " + counted(facts.concurrency, "connect", "connects")
                                   : std::string("as many as the rate allows");
  return connects + ", " + counted(facts.threads, "thread", "threads");
}

std::string attempts_text(const PlanFacts& facts) {
  return "up to " + std::to_string(facts.passes) + " for an endpoint that stays silent, " +
         in_short_time(facts.timeout) + " each";
}

std::string duration_text(const PlanFacts& facts) {
  const PlanDuration duration = estimate_duration(facts);
  return in_time(duration.best_s) + " when everything answers at once, " + in_time(duration.worst_s) +
         " when everything is silent (bound by " + duration.worst_bound + ")";
}

std::string host_load_text(const PlanFacts& facts) {
  const double average = average_host_rate(facts);
  if (facts.host_rate <= 0) return about(average) + ", by the shuffled order alone: --host-rate sets a limit";
  return "at most " + probes_a_second(facts.host_rate) + ", on average " +
         about(std::min(average, facts.host_rate));
}

std::string numbers(const PlanFacts& facts) {
  std::string text =
      line("engine", facts.engine + (facts.engine_reason.empty() ? "" : ": " + facts.engine_reason));
  if (!facts.shard.empty())
    text += line("shard",
                 facts.shard + ": " + counted(facts.shard_endpoints, "endpoint", "endpoints") + " of it");
  text += line("rate", limit_or_none(facts.rate));
  text += line("one address", host_load_text(facts));
  text += line("in flight", in_flight_text(facts));
  text += line("attempts", attempts_text(facts));
  text += line("duration", duration_text(facts));
  text += line("ledger", in_bytes(ledger_bytes(facts)) + " of memory (two bits an endpoint)");
  return text;
}

std::string left_out_amount(const LeftOut& left_out) {
  if (left_out.endpoints == 0) return counted(left_out.addresses, "address", "addresses");
  const std::string endpoints = counted(left_out.endpoints, "endpoint", "endpoints");
  return left_out.addresses == 0 ? endpoints
                                 : counted(left_out.addresses, "address", "addresses") + " and " + endpoints;
}

std::string left_out_section(const PlanFacts& facts) {
  if (facts.left_out.empty() && facts.unresolved.empty()) return {};
  std::string text = "\nLeft out\n";
  for (const LeftOut& left_out : facts.left_out)
    text += "  " + left_out_amount(left_out) + ": " + left_out.why + "\n";
  if (!facts.unresolved.empty()) text += "  " + facts.unresolved + "\n";
  return text;
}

std::string unusable_name(RouteKind kind) {
  if (kind == RouteKind::none) return "no route";
  return "no way out: the route is of type " + std::string(to_string(kind));
}

std::string hop_name(const Route& route) {
  if (!is_usable(route.kind)) return unusable_name(route.kind);
  std::string text = route.interface_name.empty() ? "interface " + std::to_string(route.interface_index)
                                                  : route.interface_name;
  if (route.kind == RouteKind::local)
    text += ", this machine itself";
  else
    text += route.gateway ? " via " + route.gateway->to_string() : ", directly attached";
  if (route.source) text += ", from " + route.source->to_string();
  if (route.mtu != 0) text += ", mtu " + std::to_string(route.mtu);
  return text;
}

std::string hop_block(const PlannedHop& hop) {
  std::string text =
      "  " + hop_name(hop.route) + ": " + counted(hop.addresses, "address", "addresses") + "\n";
  const size_t shown = std::min(hop.intervals.size(), kMostPlanIntervals);
  for (size_t i = 0; i < shown; ++i) text += "    " + hop.intervals[i].to_string() + "\n";
  if (hop.interval_count > shown) text += "    … and " + grouped(hop.interval_count - shown) + " more\n";
  return text;
}

// The hops behind the cut, in one line.
std::string cut_line(std::span<const PlannedHop> rest) {
  U128 addresses = 0;
  for (const PlannedHop& hop : rest) addresses = saturating_add(addresses, hop.addresses);
  return "  … and " + counted(rest.size(), "more next hop", "more next hops") + " for " +
         counted(addresses, "address", "addresses") + "\n";
}

std::string sources_line(const PlannedRoutes& routes) {
  const std::vector<IpAddress> sources = source_addresses(routes);
  if (sources.empty()) return {};
  std::string text = "\nThe firewalls on the way must let these source addresses through: ";
  const size_t shown = std::min(sources.size(), kMostPlanIntervals);
  for (size_t i = 0; i < shown; ++i) text += (i == 0 ? "" : ", ") + sources[i].to_string();
  if (sources.size() > shown) text += " and " + grouped(sources.size() - shown) + " more";
  return text + "\n";
}

std::string routes_section(const PlannedRoutes& routes) {
  if (routes.next_hops.empty()) return {};
  std::string text = "\nNext hops\n";
  const std::span<const PlannedHop> hops(routes.next_hops);
  const size_t shown = std::min(hops.size(), kMostPlanNextHops);
  for (const PlannedHop& hop : hops.first(shown)) text += hop_block(hop);
  if (hops.size() > shown) text += cut_line(hops.subspan(shown));
  return text + sources_line(routes);
}

std::string warnings_section(const PlanFacts& facts) {
  const std::vector<std::string> warnings = plan_warnings(facts);
  if (warnings.empty()) return {};
  std::string text = "\nWarnings\n";
  for (const std::string& warning : warnings) text += "  - " + warning + "\n";
  return text;
}

}  // namespace

std::string render_plan(const PlanFacts& facts) {
  return heading(facts) + numbers(facts) + left_out_section(facts) + routes_section(facts.routes) +
         warnings_section(facts);
}

}  // namespace sonde
