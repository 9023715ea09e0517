#include "engine/probe/parked_probes.h"

#include <utility>

namespace sonde {

void ParkedProbes::park(const Neighbour& neighbour, const Probe& probe) {
  waiting_[neighbour].push_back(probe);
  ++size_;
}

std::vector<Neighbour> ParkedProbes::neighbours() const {
  std::vector<Neighbour> all;
  all.reserve(waiting_.size());
  for (const auto& [neighbour, probes] : waiting_) all.push_back(neighbour);
  return all;
}

std::vector<Probe> ParkedProbes::take(const Neighbour& neighbour) {
  const auto found = waiting_.find(neighbour);
  if (found == waiting_.end()) return {};
  std::vector<Probe> probes = std::move(found->second);
  waiting_.erase(found);
  size_ -= probes.size();
  return probes;
}

uint32_t ParkedProbes::clear() {
  waiting_.clear();
  return static_cast<uint32_t>(std::exchange(size_, 0));
}

}  // namespace sonde
