#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/target/attributes.h"
#include "engine/target/interval_set.h"
#include "engine/target/pair_list.h"
#include "engine/target/ports.h"
#include "net/address.h"

namespace sonde {

/// One endpoint to probe, with what the user said of it. The views live as
/// long as the TargetSet that gave them.
struct Target {
  Endpoint endpoint;
  std::string_view name;  ///< host name or label; empty when there is none
  std::string_view sni;   ///< TLS server name; empty when there is none
};

/// An address on which all ports of the set are probed, with attributes.
struct HostEntry {
  IpAddress address;
  AttributeId attributes = kNoAttributes;
  friend auto operator<=>(const HostEntry&, const HostEntry&) = default;
};

/// What a TargetSet is made of. All parts are in canonical order: intervals
/// and ports ascending; hosts by address, then attributes; pairs by address,
/// port, attributes; the attribute table sorted and without unused entries.
struct TargetParts {
  IntervalSet addresses;  ///< × ports
  PortSet ports;
  std::vector<HostEntry> hosts;  ///< × ports
  PairList pairs;
  AttributeTable attributes;
};

/// What to probe: the numbers 0 … size()−1, each an endpoint. First addresses
/// × ports (address by address), then hosts × ports, then exact pairs. The
/// order is canonical: equal targets, however they were written, have equal
/// indices. Immutable and movable; safe to read from any thread. Made by
/// build_target_set() (target_builder.h).
///
/// No endpoint stands in it twice with the same attributes. The same endpoint
/// under different attributes (two server names) is several targets.
class TargetSet {
 public:
  /// The largest size(): 2^63, the limit of the permutation.
  static constexpr uint64_t kLargestSize = uint64_t{1} << 63;

  /// From parts in canonical order. Precondition: endpoint_count(parts) ≤ kLargestSize.
  explicit TargetSet(TargetParts parts);
  /// An empty set.
  TargetSet() = default;

  /// The number of endpoints.
  uint64_t size() const { return size_; }
  /// The endpoint of an index, in O(log intervals). Precondition: index < size().
  Target nth(uint64_t index) const;
  /// Writes nth(index).endpoint to where it is to be: quicker, since nothing is
  /// copied that has just been written in parts.
  void put_endpoint(uint64_t index, Endpoint& endpoint) const;

  /// Appends every index whose endpoint this is: none, one, or as many as there
  /// are attributes for it. O(log) of the parts' sizes. nth() of each gives it back.
  void find(const Endpoint& endpoint, std::vector<uint64_t>& indices) const;

  /// Whether an endpoint may stand in it more than once.
  bool may_repeat() const { return parts_.attributes.size() > 1; }

  /// The lowest of these indices, in O(log) however many there are.
  std::optional<uint64_t> find_first(const Endpoint& endpoint) const;

  /// Addresses of the intervals and host entries (an address once per entry).
  uint64_t host_count() const;
  /// Exact pairs.
  uint64_t pair_count() const { return parts_.pairs.size(); }
  /// The ports of every address and host; empty when there are only pairs.
  const PortSet& ports() const { return parts_.ports; }
  const TargetParts& parts() const { return parts_; }

  /// Writes the set in the grammar of targets, line by line, each with its
  /// newline, in pieces of some kilobytes. Read again, with ports() as the
  /// ports and public addresses allowed, it gives an equal set with the same
  /// indices; no name needs to be resolved for that. Zones are written as
  /// interface indices of this machine.
  void write_text(const std::function<void(std::string_view)>& write) const;
  /// The same as one string.
  std::string canonical_text() const;

  /// A 64-bit hash of everything that decides what an index means. Equal sets
  /// have equal digests, on every machine; not meant against an adversary.
  uint64_t digest() const;

  /// Heap memory that the set holds.
  size_t memory_bytes() const;

 private:
  Target target(IpAddress address, uint16_t port, AttributeId id) const;
  bool has_scope(AttributeId id, uint32_t scope) const;
  template <typename Visit>
  bool visit_on_ports(const Endpoint& endpoint, Visit&& visit) const;
  template <typename Visit>
  bool visit_pairs(const Endpoint& endpoint, Visit&& visit) const;

  TargetParts parts_;
  uint64_t first_host_index_ = 0;
  uint64_t first_pair_index_ = 0;
  uint64_t size_ = 0;
};

/// How many endpoints parts stand for; 2^128−1 stands for that many and more.
U128 endpoint_count(const TargetParts& parts);

}  // namespace sonde
