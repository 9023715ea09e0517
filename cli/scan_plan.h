#pragma once

#include <string>

#include "cli/wiring.h"

namespace sonde {

/// What `sonde scan --plan` prints: asks the kernel for routes and limits, and
/// sends nothing.
Result<std::string> describe_plan(const ScanOptions& options, const BuiltTargets& targets,
                                  const EngineChoice& engine, Shard shard);

}  // namespace sonde
