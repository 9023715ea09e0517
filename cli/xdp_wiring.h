#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "cli/scan_options.h"
#include "engine/probe/packet_books.h"
#include "engine/sweep/crew.h"
#include "engine/sweep/journal.h"
#include "engine/target/target_set.h"
#include "net/interface_counters.h"
#include "net/interfaces.h"

namespace sonde {

/// Below that rate raw SYNs do as well, without programs in the kernel.
inline constexpr double kLeastXdpRate = 50000;

/// What the XDP engine is opened for.
struct XdpOrder {
  const ScanConduct& conduct;
  std::span<const Interface> interfaces;
  const TargetSet& targets;
  const JournalPlan& plan;  ///< seed, shard and slices
  ShowFilter show;          ///< answers that are not shown are counted in the kernel alone
  uint32_t threads = 1;
};

/// Puts the rights in force that the XDP engine takes. Error: one is missing, and how to grant it.
Result<void> raise_xdp_rights();

/// Whether the engine can reach the targets by the routes as they are now; sends
/// nothing, and takes no right. Error: which one it cannot, and why.
Result<void> check_xdp_targets(const ScanConduct& conduct, std::span<const Interface> interfaces,
                               const TargetSet& targets);

/// Opens everything that takes a right: resolves gateways, loads the programs and
/// attaches them. The crew that the factory makes takes it over; without one,
/// everything is taken down with the factory. Error: what is missing (a right, the
/// kernel, an Ethernet route, a gateway's answer).
Result<CrewFactory> open_xdp(const XdpOrder& order, const Clock& clock, const std::function<bool()>& stop);

}  // namespace sonde
