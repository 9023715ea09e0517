#pragma once

#include <string>
#include <vector>

#include "cli/plan.h"

namespace sonde {

/// What a reader should know before a sweep starts, each with its remedy: no
/// routes, too much load on one address, tables that would overflow. Pure.
std::vector<std::string> plan_warnings(const PlanFacts& facts);

}  // namespace sonde
