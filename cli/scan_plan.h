#pragma once

#include <string>

#include "cli/plan_routes.h"
#include "cli/wiring.h"

namespace sonde {

/// Where the targets go, by the kernel's routes as they are now. Sends nothing.
Result<PlannedRoutes> plan_routes(const TargetSet& targets, const SourceOptions& source);

/// What `sonde scan --plan` prints: asks the kernel for routes and limits, and
/// sends nothing.
Result<std::string> describe_plan(const ScanOptions& options, const BuiltTargets& targets,
                                  const EngineChoice& engine, Shard shard);

}  // namespace sonde
