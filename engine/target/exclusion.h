#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/target/interval_set.h"
#include "engine/target/pair_list.h"
#include "engine/target/target_set.h"
#include "net/base/result.h"

namespace sonde {

/// What was taken out of the targets, and why: for the plan.
struct LeftOut {
  std::string why;         ///< "multicast (RFC 5771)", "--exclude", …
  U128 addresses = 0;      ///< addresses of ranges, and host entries
  uint64_t endpoints = 0;  ///< exact pairs, and ports taken from a host by a host:port exclude
};

/// The most endpoints (or labelled addresses) that one written range may stand
/// for, and the most that all host:port excludes together may split off.
inline constexpr uint64_t kMostSplitEndpoints = uint64_t{1} << 24;

/// What must not be probed, with the reasons. For one thread.
class Exclusion {
 public:
  /// All ports of these addresses. When addresses have several reasons, the
  /// first one given counts.
  void add_addresses(std::string why, IntervalSet addresses);
  /// Single endpoints, whatever their attributes are.
  void add_endpoints(std::string why, PairList endpoints);

  /// Takes it all out of `parts`, whose hosts must be sorted and not stand
  /// among the plain addresses. A host that loses some of its ports becomes
  /// exact pairs for the others, which are appended unsorted. Returns what was
  /// taken, without reasons that took nothing. An error when more than
  /// kMostSplitEndpoints pairs would come of it.
  Result<std::vector<LeftOut>> apply(TargetParts& parts) const;

 private:
  struct Removal {
    std::string why;
    IntervalSet addresses;
  };

  void take_addresses(TargetParts& parts, std::vector<LeftOut>& left_out) const;
  size_t reason_of(IpAddress address) const;
  Result<LeftOut> take_endpoints(TargetParts& parts) const;

  std::vector<Removal> removals_;
  IntervalSet all_;
  PairList endpoints_;  ///< sorted, without attributes
  std::string why_endpoints_;
};

}  // namespace sonde
