#include "net/neighbour_limits.h"

#include <fstream>

namespace sonde {
namespace {

NeighbourLimit read_limit(const std::string& path) {
  std::ifstream file(path);
  uint64_t most = 0;
  return file >> most ? NeighbourLimit{most, false} : NeighbourLimit{};
}

}  // namespace

NeighbourLimits read_neighbour_limits(const std::string& proc) {
  return {read_limit(proc + "/sys/net/ipv4/neigh/default/gc_thresh3"),
          read_limit(proc + "/sys/net/ipv6/neigh/default/gc_thresh3")};
}

}  // namespace sonde
