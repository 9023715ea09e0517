#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "net/base/result.h"

namespace sonde {

/// What one network device has counted since it was made, of all programs
/// together, and the state of its link (struct rtnl_link_stats64; Linux,
/// Documentation/networking/statistics.rst).
struct InterfaceCounters {
  uint32_t interface_index = 0;
  std::string name;
  uint64_t sent = 0;               ///< packets
  uint64_t received = 0;           ///< packets
  uint64_t sending_dropped = 0;    ///< tx_dropped; also what a busy device refused and the sender sent again
  uint64_t sending_failed = 0;     ///< tx_errors: the carrier was lost, and the like
  uint64_t receiving_dropped = 0;  ///< rx_dropped
  uint64_t receiving_missed = 0;   ///< rx_missed_errors: the device had no buffer left
  uint64_t carrier_losses = 0;     ///< how often its link went down
  bool carrier = true;             ///< whether its link is up now
  friend bool operator==(const InterfaceCounters&, const InterfaceCounters&) = default;
};

/// Reads those of the interfaces, in their order. One that is gone is left out.
/// Needs no privilege. An error when netlink is denied (a seccomp filter) or fails.
Result<std::vector<InterfaceCounters>> read_interface_counters(std::span<const uint32_t> interfaces);

/// One sentence, with cause and remedy, for each interface whose link went down.
/// What else a device drops may be anybody's: frames of protocols that nobody
/// here speaks are among it.
std::vector<std::string> explain_link_losses(std::span<const InterfaceCounters> before,
                                             std::span<const InterfaceCounters> after);

/// What devices count among their drops, and was our doing. Of which device is
/// not known; of all together it is.
struct OwnDrops {
  uint64_t refused = 0;  ///< frames that a busy device gave back, and that were sent again
  uint64_t taken = 0;    ///< frames that our XDP program took: some drivers (virtio_net) count them as dropped
};

/// One sentence, with cause and remedy, for each interface and direction whose
/// losses grew from `before` to `after` by more than our own, or whose link went
/// down; empty when none did. An interface that is absent in either says nothing.
std::vector<std::string> explain_interface_drops(std::span<const InterfaceCounters> before,
                                                 std::span<const InterfaceCounters> after, OwnDrops own = {});

}  // namespace sonde
