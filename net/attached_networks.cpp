#include "net/attached_networks.h"

#include <algorithm>

namespace sonde {
namespace {

constexpr uint32_t kLocalTable = 255;

const Interface* find_interface(std::span<const Interface> interfaces, uint32_t index) {
  const auto found = std::find_if(interfaces.begin(), interfaces.end(),
                                  [index](const Interface& link) { return link.index == index; });
  return found == interfaces.end() ? nullptr : &*found;
}

bool resolves_neighbours(const Route& route, std::span<const Interface> interfaces) {
  const Interface* link = find_interface(interfaces, route.interface_index);
  if (link == nullptr) return route.interface_name != "lo";
  return link->type != LinkType::loopback && !link->point_to_point && !link->no_arp;
}

bool is_attached(const TableRoute& entry, std::span<const Interface> interfaces) {
  return entry.route.kind == RouteKind::unicast && !entry.route.gateway && entry.table != kLocalTable &&
         entry.route.interface_index != 0 && resolves_neighbours(entry.route, interfaces);
}

// An IPv6 block as wide as ::/0 holds the v4-mapped range, but no IPv4 address
// is routed by it.
void append_block(const RoutePrefix& prefix, std::vector<AttachedNetwork>& networks) {
  const IpAddress first = prefix.first, last = prefix.last();
  const IpAddress first_v4 = IpAddress::v4(0), last_v4 = IpAddress::v4(UINT32_MAX);
  if (first.is_v4() || last < first_v4 || last_v4 < first) {
    networks.push_back({first, last});
    return;
  }
  networks.push_back({first, IpAddress::from_number(first_v4.number() - 1)});
  networks.push_back({IpAddress::from_number(last_v4.number() + 1), last});
}

}  // namespace

std::vector<AttachedNetwork> merge_networks(std::vector<AttachedNetwork> networks) {
  std::sort(networks.begin(), networks.end());
  std::vector<AttachedNetwork> merged;
  for (const AttachedNetwork& network : networks) {
    if (!merged.empty() && network.first <= merged.back().last)
      merged.back().last = std::max(merged.back().last, network.last);
    else
      merged.push_back(network);
  }
  return merged;
}

std::vector<AttachedNetwork> attached_networks(std::span<const TableRoute> routes,
                                               std::span<const Interface> interfaces) {
  std::vector<AttachedNetwork> networks;
  for (const TableRoute& entry : routes)
    if (is_attached(entry, interfaces)) append_block(entry.prefix, networks);
  return merge_networks(std::move(networks));
}

}  // namespace sonde
