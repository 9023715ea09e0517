#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace sonde {

struct CompletenessEstimate {
  double share = 1;  ///< estimated share of the endpoints that answer at all which have been found
  double low = 0;    ///< lower end of the 95 % interval
};

/// Estimates how complete a sweep is from its passes alone: `found[k]` is how
/// many endpoints answered in pass k for the first time. When each attempt is
/// lost with the same chance q, the counts follow a geometric distribution cut
/// off after the last pass, and q^passes of the answering endpoints are still
/// missing. q is the maximum-likelihood estimate (a removal study in the sense
/// of Zippin, 1956); the interval is by profile likelihood, so it also holds
/// when later passes found nothing.
///
/// nullopt when there is nothing to learn from: fewer than two passes, or
/// nothing found.
std::optional<CompletenessEstimate> estimate_completeness(std::span<const uint64_t> found);

}  // namespace sonde
