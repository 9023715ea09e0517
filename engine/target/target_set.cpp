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

void TargetSet::find(const Endpoint& endpoint, std::vector<uint64_t>& indices) const {
  if (parts_.ports.contains(endpoint.port)) find_on_ports(endpoint, indices);
  find_pairs(endpoint, indices);
}

bool TargetSet::has_scope(AttributeId id, uint32_t scope) const {
  return (id == kNoAttributes ? 0 : parts_.attributes[id].scope) == scope;
}

void TargetSet::find_on_ports(const Endpoint& endpoint, std::vector<uint64_t>& indices) const {
  const uint64_t ports = parts_.ports.size();
  const uint64_t place = parts_.ports.rank(endpoint.port);
  if (endpoint.scope == 0 && parts_.addresses.contains(endpoint.address)) {
    indices.push_back(static_cast<uint64_t>(parts_.addresses.rank(endpoint.address)) * ports + place);
  }
  auto host = std::ranges::lower_bound(parts_.hosts, endpoint.address, {}, &HostEntry::address);
  for (; host != parts_.hosts.end() && host->address == endpoint.address; ++host) {
    if (!has_scope(host->attributes, endpoint.scope)) continue;
    const auto number = static_cast<uint64_t>(host - parts_.hosts.begin());
    indices.push_back(first_host_index_ + number * ports + place);
  }
}

void TargetSet::find_pairs(const Endpoint& endpoint, std::vector<uint64_t>& indices) const {
  const Pair wanted(endpoint.address, endpoint.port, 0);
  auto pair = std::lower_bound(parts_.pairs.begin(), parts_.pairs.end(), wanted);
  for (; pair != parts_.pairs.end() && pair->same_place(wanted); ++pair) {
    if (!has_scope(pair->attributes, endpoint.scope)) continue;
    indices.push_back(first_pair_index_ + static_cast<uint64_t>(pair - parts_.pairs.begin()));
  }
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
