#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "net/base/result.h"

namespace sonde {

/// A resource limit of this process; `kNoLimit` stands for RLIM_INFINITY.
struct ResourceLimit {
  uint64_t soft = 0;
  uint64_t hard = 0;
  friend bool operator==(const ResourceLimit&, const ResourceLimit&) = default;
};

inline constexpr uint64_t kNoLimit = UINT64_MAX;

/// net.ipv4.ip_local_port_range: the source ports that connect() picks from.
struct PortRange {
  uint16_t first = 0;
  uint16_t last = 0;
  /// How many ports there are; 0 when the range is empty or unknown.
  uint32_t count() const { return last < first || last == 0 ? 0U : uint32_t{last} - first + 1U; }
  friend bool operator==(const PortRange&, const PortRange&) = default;
};

/// The table of connection tracking in this network namespace.
struct ConntrackTable {
  uint64_t used = 0;
  uint64_t most = 0;
  friend bool operator==(const ConntrackTable&, const ConntrackTable&) = default;
};

/// How long that table keeps a connection attempt that nothing answers, unless
/// set otherwise (nf_conntrack_tcp_timeout_syn_sent).
inline constexpr unsigned kConntrackSilentSeconds = 120;

/// The limits of process and kernel that a sweep runs into. What this kernel or
/// namespace does not have, or does not show, is absent.
struct Limits {
  ResourceLimit descriptors;                   ///< RLIMIT_NOFILE: sockets a process holds
  ResourceLimit locked_memory;                 ///< RLIMIT_MEMLOCK, bytes
  std::optional<uint64_t> system_files;        ///< fs.file-max, the whole machine's
  std::optional<PortRange> source_ports;       ///< net.ipv4.ip_local_port_range
  std::optional<uint64_t> tcp_max_orphans;     ///< closed sockets still being wound up, the namespace's
  std::optional<uint64_t> tcp_max_tw_buckets;  ///< sockets in TIME_WAIT
  std::optional<uint64_t> tcp_syn_retries;     ///< SYNs that the kernel repeats in one connect()
  std::optional<uint64_t> somaxconn;           ///< backlog of a listening socket
  std::optional<uint64_t> icmp_ratelimit_ms;  ///< least time between two ICMP errors that we send to one peer
  std::optional<uint64_t> icmp_msgs_per_sec;  ///< ICMP errors that we send a second, all peers
  std::optional<ConntrackTable> conntrack;    ///< present when connection tracking is loaded
  std::optional<uint64_t> memory_available_bytes;  ///< MemAvailable, or what the memory cgroup leaves
  uint32_t cpus = 1;                               ///< that this process may run on: sched_getaffinity(2)
};

/// Reads them all; never fails, what cannot be read is absent. `proc` and
/// `cgroups` are where procfs and the cgroup v2 tree are mounted.
Limits read_limits(const std::string& proc = "/proc", const std::string& cgroups = "/sys/fs/cgroup");

/// Raises the soft limit of descriptors to the hard one, which needs no right,
/// and returns what then holds.
Result<ResourceLimit> raise_descriptor_limit();

}  // namespace sonde
