#pragma once

#include <functional>
#include <vector>

#include "engine/target/target_set.h"
#include "net/next_hops.h"
#include "net/xdp/xdp_tables.h"

namespace sonde {

/// How packets to an address leave, and the last address for which that holds.
struct HopAnswer {
  NextHop hop;
  IpAddress last_alike;
};
/// NextHops::to() and last_alike(), of an address and scope.
using HopLookup = std::function<HopAnswer(const IpAddress&, uint32_t scope)>;

/// A target set in the tables of the XDP engine, but for link addresses.
struct XdpTargets {
  std::vector<sonde_run> runs;
  std::vector<sonde_section> sections;
  std::vector<uint16_t> ports;
  std::vector<NextHop> hops;  ///< by sonde_run::hop
  uint64_t on_link = 0;       ///< addresses that are their own neighbours, as often as they stand in runs
};

/// Whether every target behind this hop is its own neighbour.
bool is_on_link(const NextHop& hop);

/// Lays it out, cut where the next hop changes. Error: a target that does not
/// leave by an Ethernet interface (which one, and why), or too many next hops.
Result<XdpTargets> lay_out_targets(const TargetSet& targets, const HopLookup& lookup);

}  // namespace sonde
