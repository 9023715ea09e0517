#pragma once

#include <optional>
#include <vector>

#include "engine/target/exclusion.h"
#include "engine/target/target_collector.h"
#include "engine/target/target_set.h"

namespace sonde {

/// Puts gathered targets into canonical order, without doubles, and takes the
/// exclusion out of them; tells in `left_out` what that took. Errors are those
/// of Exclusion::apply.
Result<TargetParts> merge_targets(TargetCollector::Gathered gathered, PortSet ports,
                                  const Exclusion& exclusion, std::vector<LeftOut>& left_out);

}  // namespace sonde
