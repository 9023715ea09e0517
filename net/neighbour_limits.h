#pragma once

#include <cstdint>
#include <string>

namespace sonde {

/// gc_thresh3 of a kernel on which nobody has set it (net/ipv4/arp.c, net/ipv6/ndisc.c).
inline constexpr uint64_t kDefaultNeighbours = 1024;

/// How many entries one neighbour table of the kernel can hold.
struct NeighbourLimit {
  uint64_t most = kDefaultNeighbours;  ///< net.ipv{4,6}.neigh.default.gc_thresh3
  bool assumed = true;                 ///< not visible here: `most` is the kernel's default
  friend bool operator==(const NeighbourLimit&, const NeighbourLimit&) = default;
};

/// The limits of both tables (ARP, and neighbour discovery). The tables belong
/// to the whole machine, all network namespaces together, but only the first
/// namespace shows the limits.
struct NeighbourLimits {
  NeighbourLimit v4;
  NeighbourLimit v6;
  friend bool operator==(const NeighbourLimits&, const NeighbourLimits&) = default;
};

/// Reads them; never fails, what cannot be read is assumed. `proc` is where
/// procfs is mounted.
NeighbourLimits read_neighbour_limits(const std::string& proc = "/proc");

}  // namespace sonde
