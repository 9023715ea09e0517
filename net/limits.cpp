#include "net/limits.h"

#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <vector>

namespace sonde {
namespace {

constexpr int kMostCpus = 1 << 16;

std::optional<uint64_t> read_number(const std::string& path) {
  std::ifstream file(path);
  uint64_t number = 0;
  return file >> number ? std::optional(number) : std::nullopt;
}

std::optional<PortRange> read_port_range(const std::string& path) {
  std::ifstream file(path);
  PortRange range;
  return file >> range.first >> range.last ? std::optional(range) : std::nullopt;
}

std::optional<ConntrackTable> read_conntrack(const std::string& folder) {
  const auto most = read_number(folder + "/nf_conntrack_max");
  if (!most) return std::nullopt;
  return ConntrackTable{read_number(folder + "/nf_conntrack_count").value_or(0), *most};
}

uint64_t limit_number(rlim_t limit) { return limit == RLIM_INFINITY ? kNoLimit : uint64_t{limit}; }

ResourceLimit read_resource_limit(__rlimit_resource resource) {
  rlimit limit{};
  if (getrlimit(resource, &limit) != 0) return {};
  return {limit_number(limit.rlim_cur), limit_number(limit.rlim_max)};
}

std::optional<uint64_t> available_by_meminfo(const std::string& path) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string name;
    uint64_t kibibytes = 0;
    if (words >> name >> kibibytes && name == "MemAvailable:") return kibibytes * 1024;
  }
  return std::nullopt;
}

// The path of this process in the cgroup v2 tree: the line "0::/path".
std::string cgroup_path(const std::string& path) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("0::/")) return line.substr(3);
  return "/";
}

// What the limits on the way up the tree leave; every level counts.
std::optional<uint64_t> available_by_cgroup(const std::string& cgroups, std::string path) {
  std::optional<uint64_t> least;
  while (true) {
    const std::string folder = cgroups + path;
    const auto most = read_number(folder + "/memory.max");  // "max" is no number: no limit
    const auto used = read_number(folder + "/memory.current");
    if (most && used) least = std::min(least.value_or(UINT64_MAX), *most - std::min(*most, *used));
    if (path.size() <= 1) return least;
    path.resize(std::max<size_t>(path.rfind('/'), 1));
  }
}

std::optional<uint64_t> memory_available(const std::string& proc, const std::string& cgroups) {
  const auto machine = available_by_meminfo(proc + "/meminfo");
  const auto group = available_by_cgroup(cgroups, cgroup_path(proc + "/self/cgroup"));
  if (machine && group) return std::min(*machine, *group);
  return machine ? machine : group;
}

// The mask of a machine with many processors does not fit a plain cpu_set_t;
// EINVAL says so.
uint32_t usable_cpus() {
  for (int cpus = 1024; cpus <= kMostCpus; cpus *= 2) {
    std::vector<cpu_set_t> mask(CPU_ALLOC_SIZE(static_cast<size_t>(cpus)) / sizeof(cpu_set_t) + 1);
    const size_t size = mask.size() * sizeof(cpu_set_t);
    if (sched_getaffinity(0, size, mask.data()) == 0)
      return static_cast<uint32_t>(std::max(1, CPU_COUNT_S(size, mask.data())));
    if (errno != EINVAL) break;
  }
  return 1;
}

}  // namespace

Limits read_limits(const std::string& proc, const std::string& cgroups) {
  const std::string ipv4 = proc + "/sys/net/ipv4";
  Limits limits;
  limits.descriptors = read_resource_limit(RLIMIT_NOFILE);
  limits.locked_memory = read_resource_limit(RLIMIT_MEMLOCK);
  limits.system_files = read_number(proc + "/sys/fs/file-max");
  limits.source_ports = read_port_range(ipv4 + "/ip_local_port_range");
  limits.tcp_max_orphans = read_number(ipv4 + "/tcp_max_orphans");
  limits.tcp_max_tw_buckets = read_number(ipv4 + "/tcp_max_tw_buckets");
  limits.tcp_syn_retries = read_number(ipv4 + "/tcp_syn_retries");
  limits.somaxconn = read_number(proc + "/sys/net/core/somaxconn");
  limits.icmp_ratelimit_ms = read_number(ipv4 + "/icmp_ratelimit");
  limits.icmp_msgs_per_sec = read_number(ipv4 + "/icmp_msgs_per_sec");
  limits.conntrack = read_conntrack(proc + "/sys/net/netfilter");
  limits.memory_available_bytes = memory_available(proc, cgroups);
  limits.cpus = usable_cpus();
  return limits;
}

Result<ResourceLimit> raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
    return impossible_error(std::string("cannot read the limit of descriptors: ") + std::strerror(errno));
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
    return impossible_error(std::string("cannot raise the limit of descriptors (RLIMIT_NOFILE) to ") +
                            std::to_string(limit.rlim_max) + ": " + std::strerror(errno));
  return read_resource_limit(RLIMIT_NOFILE);
}

}  // namespace sonde
