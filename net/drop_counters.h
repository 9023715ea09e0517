#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sonde {

/// What the kernel has counted, since it started, of packets that it dropped
/// without telling connect(). A counter that this kernel or namespace does not
/// show is absent. All count the packets of the whole machine or namespace, not
/// of this process alone.
struct DropCounters {
  std::optional<uint64_t> neighbours_v4_full;  ///< ARP: new neighbours refused, the table was full
  std::optional<uint64_t> neighbours_v6_full;  ///< the same for neighbour discovery
  /// Connection tracking: packets dropped because no entry could be made (the
  /// table was full) or entered (another flow had taken its place, or too many
  /// were in it): columns drop and chainlength. Column insert_failed is not
  /// added: what it counts is in one of these.
  std::optional<uint64_t> conntrack_dropped;
  /// Connection tracking: entries given up early to make room for new ones; the
  /// new packet left, but the answer to the old one may find no entry any more.
  std::optional<uint64_t> conntrack_evicted;
  friend bool operator==(const DropCounters&, const DropCounters&) = default;
};

/// Reads them from `proc`/net/stat/{arp_cache,ndisc_cache,nf_conntrack}; never
/// fails. `proc` is where procfs is mounted. (The neighbour counters are shown
/// in the machine's first network namespace alone.)
DropCounters read_drop_counters(const std::string& proc = "/proc");

/// One sentence, with cause and remedy, for each counter that grew from `before`
/// to `after`; empty when none did. A counter absent in either says nothing.
std::vector<std::string> explain_drops(const DropCounters& before, const DropCounters& after);

}  // namespace sonde
