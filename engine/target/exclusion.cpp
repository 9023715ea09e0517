#include "engine/target/exclusion.h"

#include <algorithm>
#include <span>

#include "net/base/check.h"

namespace sonde {
namespace {

/// The excluded endpoints of one address.
using Group = std::span<const Pair>;

struct ByAddress {
  bool operator()(const HostEntry& host, IpAddress address) const { return host.address < address; }
  bool operator()(IpAddress address, const HostEntry& host) const { return address < host.address; }
};

Group first_group(Group endpoints) {
  size_t length = 1;
  while (length < endpoints.size() && endpoints[length].address() == endpoints[0].address()) ++length;
  return endpoints.first(length);
}

bool names_port(Group group, uint16_t port) {
  return std::any_of(group.begin(), group.end(), [port](const Pair& pair) { return pair.port == port; });
}

/// Takes single endpoints out of hosts × ports by turning the hosts that they
/// are on into exact pairs for the remaining ports.
class Splitter {
 public:
  explicit Splitter(TargetParts& parts) : parts_(parts) {}

  /// False when too many pairs would come of it.
  bool split(Group group) {
    const IpAddress address = group.front().address();
    const auto named = static_cast<uint64_t>(std::count_if(
        group.begin(), group.end(), [&](const Pair& pair) { return parts_.ports.contains(pair.port); }));
    if (named == 0) return true;
    const auto hosts = std::equal_range(parts_.hosts.begin(), parts_.hosts.end(), address, ByAddress{});
    for (auto host = hosts.first; host != hosts.second; ++host) keep_other_ports(group, host->attributes);
    const bool is_plain = parts_.addresses.contains(address);
    if (is_plain) keep_other_ports(group, kNoAttributes);
    if (!is_plain && hosts.first == hosts.second) return true;
    split_.push_back({address, address});
    taken_ += named * (static_cast<uint64_t>(hosts.second - hosts.first) + (is_plain ? 1 : 0));
    return kept_.size() <= kMostSplitEndpoints;
  }

  /// Carries it out; the endpoints that were taken.
  uint64_t finish() {
    const IntervalSet split(std::move(split_));
    parts_.addresses = parts_.addresses.without(split);
    std::erase_if(parts_.hosts, [&](const HostEntry& host) { return split.contains(host.address); });
    parts_.pairs.insert(parts_.pairs.end(), kept_.begin(), kept_.end());
    return taken_;
  }

 private:
  void keep_other_ports(Group group, AttributeId attributes) {
    for (const uint16_t port : parts_.ports.ports())
      if (!names_port(group, port)) kept_.emplace_back(group.front().address(), port, attributes);
  }

  TargetParts& parts_;
  std::vector<Interval> split_;
  PairList kept_;
  uint64_t taken_ = 0;
};

}  // namespace

void Exclusion::add_addresses(std::string why, IntervalSet addresses) {
  all_ = all_.united_with(addresses);
  removals_.push_back({std::move(why), std::move(addresses)});
}

void Exclusion::add_endpoints(std::string why, PairList endpoints) {
  for (Pair& pair : endpoints) pair.attributes = kNoAttributes;
  endpoints_.insert(endpoints_.end(), endpoints.begin(), endpoints.end());
  std::sort(endpoints_.begin(), endpoints_.end());
  endpoints_.erase(std::unique(endpoints_.begin(), endpoints_.end()), endpoints_.end());
  why_endpoints_ = std::move(why);
}

Result<std::vector<LeftOut>> Exclusion::apply(TargetParts& parts) const {
  std::vector<LeftOut> left_out;
  for (const Removal& removal : removals_) left_out.push_back({removal.why, 0, 0});
  take_addresses(parts, left_out);
  auto of_endpoints = take_endpoints(parts);
  if (!of_endpoints) return tl::unexpected(std::move(of_endpoints.error()));
  left_out.push_back(std::move(*of_endpoints));
  std::erase_if(left_out, [](const LeftOut& part) { return part.addresses == 0 && part.endpoints == 0; });
  return left_out;
}

void Exclusion::take_addresses(TargetParts& parts, std::vector<LeftOut>& left_out) const {
  for (size_t i = 0; i < removals_.size(); ++i) {
    const U128 taken = parts.addresses.common_with(removals_[i].addresses).size();
    if (taken == 0) continue;
    left_out[i].addresses = taken;
    parts.addresses = parts.addresses.without(removals_[i].addresses);
  }
  std::erase_if(parts.hosts, [&](const HostEntry& host) {
    const bool is_out = all_.contains(host.address);
    if (is_out) ++left_out[reason_of(host.address)].addresses;
    return is_out;
  });
  std::erase_if(parts.pairs, [&](const Pair& pair) {
    const bool is_out = all_.contains(pair.address());
    if (is_out) ++left_out[reason_of(pair.address())].endpoints;
    return is_out;
  });
}

size_t Exclusion::reason_of(IpAddress address) const {
  const auto found = std::find_if(removals_.begin(), removals_.end(), [&](const Removal& removal) {
    return removal.addresses.contains(address);
  });
  CHECK(found != removals_.end());
  return static_cast<size_t>(found - removals_.begin());
}

Result<LeftOut> Exclusion::take_endpoints(TargetParts& parts) const {
  LeftOut left_out{why_endpoints_, 0, 0};
  if (endpoints_.empty()) return left_out;
  left_out.endpoints = std::erase_if(parts.pairs, [&](Pair pair) {
    pair.attributes = kNoAttributes;
    return std::binary_search(endpoints_.begin(), endpoints_.end(), pair);
  });
  Splitter splitter(parts);
  for (Group rest = endpoints_; !rest.empty();) {
    const Group group = first_group(rest);
    if (!splitter.split(group))
      return usage_error(why_endpoints_ + ": single endpoints excluded from so many hosts leave more than " +
                         std::to_string(kMostSplitEndpoints) +
                         " others to be listed one by one: exclude whole addresses, or scan fewer ports");
    rest = rest.subspan(group.size());
  }
  left_out.endpoints += splitter.finish();
  return left_out;
}

}  // namespace sonde
