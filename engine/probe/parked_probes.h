#pragma once

#include <cstddef>
#include <unordered_map>
#include <vector>

#include "engine/probe/probe.h"
#include "net/neighbour_resolver.h"

namespace sonde {

/// Probes that wait until the link address of their next hop is known.
class ParkedProbes {
 public:
  size_t size() const { return size_; }
  void park(const Neighbour& neighbour, const Probe& probe);
  /// The neighbours that are waited for.
  std::vector<Neighbour> neighbours() const;
  /// Takes out all probes that wait for this one.
  std::vector<Probe> take(const Neighbour& neighbour);
  /// Forgets all; returns how many there were.
  uint32_t clear();

 private:
  struct Hash {
    size_t operator()(const Neighbour& neighbour) const {
      return hash_of({neighbour.address, 0, neighbour.interface_index});
    }
  };
  std::unordered_map<Neighbour, std::vector<Probe>, Hash> waiting_;
  size_t size_ = 0;
};

}  // namespace sonde
