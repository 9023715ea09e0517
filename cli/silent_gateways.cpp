#include "cli/silent_gateways.h"

#include <algorithm>
#include <set>

#include "net/held_neighbours.h"

namespace sonde {
namespace {

std::string sentence_of(const Route& route) {
  const char* const protocol = route.gateway->is_v4() ? "ARP" : "NDP";
  return "the gateway " + route.gateway->to_string() + " on " + route.interface_name + " does not answer " +
         protocol + ": the silence of what lies behind it is not the targets'; check the gateway and the link, "
                    "then sweep again";
}

}  // namespace

std::vector<std::string> explain_silent_gateways(const PlannedRoutes& routes,
                                                 std::span<const Neighbour> unanswering) {
  std::set<std::string> sentences;  // several sources may go by one gateway
  for (const PlannedHop& hop : routes.next_hops) {
    if (hop.route.kind != RouteKind::unicast || !hop.route.gateway) continue;
    const Neighbour gateway{hop.route.interface_index, *hop.route.gateway};
    if (std::ranges::find(unanswering, gateway) != unanswering.end()) sentences.insert(sentence_of(hop.route));
  }
  return {sentences.begin(), sentences.end()};
}

std::vector<std::string> silent_gateways(const PlannedRoutes& routes) {
  Result<NeighbourTable> table = NeighbourTable::open();
  if (!table) return {};
  const Result<std::vector<Neighbour>> unanswering = table->unanswering();
  return unanswering ? explain_silent_gateways(routes, *unanswering) : std::vector<std::string>{};
}

}  // namespace sonde
