#include "engine/target/target_merge.h"

#include <algorithm>
#include <functional>
#include <iterator>

namespace sonde {
namespace {

template <typename List>
void sort_once(List& list) {
  std::sort(list.begin(), list.end());
  list.erase(std::unique(list.begin(), list.end()), list.end());
}

template <typename List>
void renumber(List& list, const std::vector<AttributeId>& new_ids) {
  for (auto& entry : list) entry.attributes = new_ids[entry.attributes];
}

/// Gives the attributes their final order, which is that of their text, so
/// that what is sorted by id does not depend on the order of reading.
void order_attributes(TargetParts& parts) {
  const auto new_ids = parts.attributes.settle(std::vector<bool>(parts.attributes.size(), true));
  renumber(parts.hosts, new_ids);
  renumber(parts.pairs, new_ids);
}

/// Drops attributes that no target has any more; the order of ids stays.
void drop_unused_attributes(TargetParts& parts) {
  std::vector<bool> used(parts.attributes.size(), false);
  for (const HostEntry& host : parts.hosts) used[host.attributes] = true;
  for (const Pair& pair : parts.pairs) used[pair.attributes] = true;
  const auto new_ids = parts.attributes.settle(used);
  renumber(parts.hosts, new_ids);
  renumber(parts.pairs, new_ids);
}

IntervalSet addresses_of(const std::vector<HostEntry>& hosts) {
  std::vector<Interval> singles;
  singles.reserve(hosts.size());
  for (const HostEntry& host : hosts) singles.push_back({host.address, host.address});
  return IntervalSet(std::move(singles));
}

/// Decides which exact pairs say nothing new. Needs sorted pairs and hosts.
class PairFilter {
 public:
  explicit PairFilter(const TargetParts& parts) : parts_(parts) {}

  void drop_covered(PairList& pairs) const {
    size_t kept = 0;
    PairList group;  // the pairs of one place; a copy, because what is kept moves to the front
    for (size_t next = 0; next < pairs.size(); next += group.size()) {
      size_t end = next + 1;
      while (end < pairs.size() && pairs[end].same_place(pairs[next])) ++end;
      group.assign(pairs.begin() + static_cast<std::ptrdiff_t>(next),
                   pairs.begin() + static_cast<std::ptrdiff_t>(end));
      for (const Pair& pair : group)
        if (!covered_by_pair(pair, group) && !covered_by_ports(pair)) pairs[kept++] = pair;
    }
    pairs.resize(kept);
  }

 private:
  bool is_plain(AttributeId id) const {
    return parts_.attributes[id].name.empty() && parts_.attributes[id].sni.empty();
  }
  bool same_scope(AttributeId a, AttributeId b) const {
    return parts_.attributes[a].scope == parts_.attributes[b].scope;
  }
  /// True when `other`, for the same address and port, tells all that `mine` tells.
  bool tells_as_much(AttributeId other, AttributeId mine) const {
    return other == mine || (is_plain(mine) && same_scope(other, mine));
  }

  bool covered_by_pair(const Pair& pair, const PairList& group) const {
    return std::any_of(group.begin(), group.end(), [&](const Pair& other) {
      return other.attributes != pair.attributes && tells_as_much(other.attributes, pair.attributes);
    });
  }

  bool covered_by_ports(const Pair& pair) const {
    if (!parts_.ports.contains(pair.port)) return false;
    const IpAddress address = pair.address();
    if (pair.attributes == kNoAttributes && parts_.addresses.contains(address)) return true;
    auto host = std::lower_bound(parts_.hosts.begin(), parts_.hosts.end(), HostEntry{address, 0});
    for (; host != parts_.hosts.end() && host->address == address; ++host)
      if (tells_as_much(host->attributes, pair.attributes)) return true;
    return false;
  }

  const TargetParts& parts_;
};

/// Drops host entries of an address and zone that another entry names.
void drop_unnamed_twins(TargetParts& parts) {
  const auto is_twin = [&](const HostEntry& host) {
    const Attributes& mine = parts.attributes[host.attributes];
    if (!mine.name.empty() || !mine.sni.empty()) return false;
    auto other = std::lower_bound(parts.hosts.begin(), parts.hosts.end(), HostEntry{host.address, 0});
    for (; other != parts.hosts.end() && other->address == host.address; ++other)
      if (other->attributes != host.attributes && parts.attributes[other->attributes].scope == mine.scope)
        return true;
    return false;
  };
  std::vector<HostEntry> kept;
  std::copy_if(parts.hosts.begin(), parts.hosts.end(), std::back_inserter(kept), std::not_fn(is_twin));
  parts.hosts = std::move(kept);
}

}  // namespace

Result<TargetParts> merge_targets(TargetCollector::Gathered gathered, PortSet ports,
                                  const Exclusion& exclusion, std::vector<LeftOut>& left_out) {
  TargetParts parts{IntervalSet(std::move(gathered.ranges)), std::move(ports), std::move(gathered.hosts),
                    std::move(gathered.pairs), std::move(gathered.attributes)};
  order_attributes(parts);
  sort_once(parts.hosts);
  drop_unnamed_twins(parts);
  parts.addresses = parts.addresses.without(addresses_of(parts.hosts));
  auto taken = exclusion.apply(parts);
  if (!taken) return tl::unexpected(std::move(taken.error()));
  left_out.insert(left_out.end(), taken->begin(), taken->end());
  sort_once(parts.pairs);
  PairFilter(parts).drop_covered(parts.pairs);
  drop_unused_attributes(parts);
  if (parts.addresses.empty() && parts.hosts.empty()) parts.ports = PortSet();
  parts.hosts.shrink_to_fit();
  parts.pairs.shrink_to_fit();
  return parts;
}

}  // namespace sonde
