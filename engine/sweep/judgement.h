#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/probe/record.h"

namespace sonde {

/// What a sweep knows of itself, beyond its summary, when its result is judged.
struct SweepFacts {
  std::optional<double> completeness_goal;
  std::vector<std::string> drops;  ///< what the kernel dropped unseen, each in a sentence
  bool last_pass_lossy = false;    ///< this machine lost packets in it that had reached it
  bool hosts_left_out = false;     ///< more hosts answered than are remembered
  bool errors_left_out = false;    ///< more endpoints failed than are remembered, should they answer yet
  /// The sweep waited for room in the neighbour table: entries it could have (IPv4, IPv6).
  std::optional<std::pair<size_t, size_t>> neighbour_limits;
  uint32_t step_downs = 0;  ///< how often concurrency was lowered
};

/// Says in the summary what stands against its result (degraded), and which
/// limits were hit, each with its remedy. Pure.
void judge(SummaryRecord& summary, const SweepFacts& facts);

}  // namespace sonde
