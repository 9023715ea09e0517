#include "engine/target/target_set.h"

#include <algorithm>

#include "net/base/check.h"

namespace sonde {

U128 endpoint_count(const TargetParts& parts) {
  const U128 hosts = saturating_add(parts.addresses.size(), parts.hosts.size());
  const U128 ports = parts.ports.size();
  if (ports != 0 && hosts > ~U128{0} / ports) return ~U128{0};
  return saturating_add(hosts * ports, parts.pairs.size());
}

TargetSet::TargetSet(TargetParts parts) : parts_(std::move(parts)) {
  const U128 count = endpoint_count(parts_);
  CHECK(count <= kLargestSize);
  size_ = static_cast<uint64_t>(count);
  first_pair_index_ = size_ - parts_.pairs.size();
  first_host_index_ = first_pair_index_ - parts_.hosts.size() * parts_.ports.size();
}

Target TargetSet::nth(uint64_t index) const {
  CHECK(index < size_);
  if (index >= first_pair_index_) {
    const Pair pair = parts_.pairs[index - first_pair_index_];
    return target(pair.address(), pair.port, pair.attributes);
  }
  const uint64_t ports = parts_.ports.size();
  if (index >= first_host_index_) {
    const uint64_t place = index - first_host_index_;
    const HostEntry& host = parts_.hosts[place / ports];
    return target(host.address, parts_.ports.nth(place % ports), host.attributes);
  }
  return target(parts_.addresses.nth(index / ports), parts_.ports.nth(index % ports), kNoAttributes);
}

void TargetSet::put_endpoint(uint64_t index, Endpoint& endpoint) const {
  if (index >= first_host_index_) {
    endpoint = nth(index).endpoint;
    return;
  }
  const uint64_t ports = parts_.ports.size();
  endpoint.address = parts_.addresses.nth(index / ports);
  endpoint.port = parts_.ports.nth(index % ports);
  endpoint.scope = 0;
}

Target TargetSet::target(IpAddress address, uint16_t port, AttributeId id) const {
  if (id == kNoAttributes) return {{address, port, 0}, {}, {}};
  const Attributes& attributes = parts_.attributes[id];
  return {{address, port, attributes.scope}, attributes.name, attributes.sni};
}

bool TargetSet::has_scope(AttributeId id, uint32_t scope) const {
  return (id == kNoAttributes ? 0 : parts_.attributes[id].scope) == scope;
}

/// Calls visit() with each index in ascending order until it returns false;
/// returns whether it never did.
template <typename Visit>
bool TargetSet::visit_on_ports(const Endpoint& endpoint, Visit&& visit) const {
  if (!parts_.ports.contains(endpoint.port)) return true;
  const uint64_t ports = parts_.ports.size();
  const uint64_t place = parts_.ports.rank(endpoint.port);
  if (endpoint.scope == 0 && parts_.addresses.contains(endpoint.address)) {
    if (!visit(static_cast<uint64_t>(parts_.addresses.rank(endpoint.address)) * ports + place)) return false;
  }
  auto host = std::ranges::lower_bound(parts_.hosts, endpoint.address, {}, &HostEntry::address);
  for (; host != parts_.hosts.end() && host->address == endpoint.address; ++host) {
    if (!has_scope(host->attributes, endpoint.scope)) continue;
    const auto number = static_cast<uint64_t>(host - parts_.hosts.begin());
    if (!visit(first_host_index_ + number * ports + place)) return false;
  }
  return true;
}

template <typename Visit>
bool TargetSet::visit_pairs(const Endpoint& endpoint, Visit&& visit) const {
  const Pair wanted(endpoint.address, endpoint.port, 0);
  auto pair = std::lower_bound(parts_.pairs.begin(), parts_.pairs.end(), wanted);
  for (; pair != parts_.pairs.end() && pair->same_place(wanted); ++pair) {
    if (!has_scope(pair->attributes, endpoint.scope)) continue;
    if (!visit(first_pair_index_ + static_cast<uint64_t>(pair - parts_.pairs.begin()))) return false;
  }
  return true;
}

void TargetSet::find(const Endpoint& endpoint, std::vector<uint64_t>& indices) const {
  const auto take = [&indices](uint64_t index) {
    indices.push_back(index);
    return true;
  };
  visit_on_ports(endpoint, take);
  visit_pairs(endpoint, take);
}

std::optional<uint64_t> TargetSet::find_first(const Endpoint& endpoint) const {
  std::optional<uint64_t> first;
  const auto take = [&first](uint64_t index) {
    first = index;
    return false;
  };
  if (visit_on_ports(endpoint, take)) visit_pairs(endpoint, take);
  return first;
}

uint64_t TargetSet::host_count() const {
  if (parts_.ports.empty()) return 0;
  return (first_host_index_ / parts_.ports.size()) + parts_.hosts.size();
}

size_t TargetSet::memory_bytes() const {
  return parts_.addresses.memory_bytes() + parts_.ports.size() * sizeof(uint16_t) +
         parts_.hosts.capacity() * sizeof(HostEntry) + parts_.pairs.capacity() * sizeof(Pair) +
         parts_.attributes.memory_bytes();
}

}  // namespace sonde
