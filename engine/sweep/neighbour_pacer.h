#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <mutex>
#include <vector>

#include "engine/sweep/neighbour_window.h"
#include "net/address.h"
#include "net/attached_networks.h"
#include "net/base/clock.h"

namespace sonde {

/// Says which addresses the kernel's neighbour table holds and cannot give up
/// now: NeighbourTable::held(). Empty when it cannot be asked.
using NeighbourCensus = std::function<std::vector<IpAddress>()>;

/// Keeps a sweep of attached networks within the kernel's neighbour table. When
/// that table is full the kernel drops the SYN and connect() never learns of it:
/// live hosts would be told silent. So at most `most` addresses of attached
/// networks are in use at once, per family; others have to wait. Addresses
/// behind a gateway are not limited and cost no lock. Thread-safe.
class NeighbourPacer {
 public:
  /// How long an address is in use after its last take, at least. What does not
  /// answer ARP is INCOMPLETE for 3 s and then FAILED, which the kernel may
  /// collect at once (neigh_forced_gc in net/core/neighbour.c).
  static constexpr Nanos kNeighbourHold = std::chrono::milliseconds(5500);
  /// How often the census is asked, at most, and only while probes wait.
  static constexpr Nanos kCensusInterval = std::chrono::milliseconds(500);

  /// `networks` may overlap and come in any order; `most_v4` and `most_v6` are
  /// at least 1: what the kernel's table takes, less what others need of it.
  ///
  /// With a `census`, an address stays in use beyond its hold for as long as
  /// the kernel holds it: one that answered ARP, be it with an open port or
  /// behind a firewall, cannot be collected for 20 to 60 s. The neighbours of
  /// others count too. It is called under the pacer's lock, from any thread.
  NeighbourPacer(std::vector<AttachedNetwork> networks, size_t most_v4, size_t most_v6,
                 NeighbourCensus census = {});

  /// `now` when a probe to `address` may start: from then on it is in use, and
  /// taking it again extends that. Otherwise the earliest time at which trying
  /// again makes sense (later than `now`), and nothing is noted. Calls of
  /// several threads may come with instants slightly out of order.
  Instant take(const IpAddress& address, Instant now);

  /// Whether it ever made a probe wait. From any thread.
  bool limits() const { return limits_.load(std::memory_order_relaxed); }

 private:
  bool is_attached(const IpAddress& address) const;
  void make_room(Instant now);
  Instant next_chance(const NeighbourWindow& window) const;

  const std::vector<AttachedNetwork> networks_;  // sorted, disjoint
  const NeighbourCensus census_;
  std::atomic<bool> limits_ = false;
  std::mutex mutex_;  // guards what follows
  NeighbourWindow v4_;
  NeighbourWindow v6_;
  Instant latest_ = Instant::min();
  Instant next_census_ = Instant::min();
};

}  // namespace sonde
