#pragma once

#include <span>
#include <string>
#include <vector>

#include "cli/plan_routes.h"
#include "net/neighbour_resolver.h"

namespace sonde {

/// One sentence, with cause and remedy, for each gateway among the next hops
/// that is among the neighbours who do not answer.
std::vector<std::string> explain_silent_gateways(const PlannedRoutes& routes,
                                                 std::span<const Neighbour> unanswering);

/// The gateways on the way that did not answer the kernel. It takes the kernel
/// three seconds to give up and tell a connect, which by then has timed out:
/// without this, our own link's silence would look like the targets'.
std::vector<std::string> silent_gateways(const PlannedRoutes& routes);

}  // namespace sonde
