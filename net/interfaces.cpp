#include "net/interfaces.h"

#include <linux/if_addr.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <cstring>

#include "net/netlink.h"

namespace sonde {
namespace {

constexpr uint8_t kLongestSubnetWithBroadcast = 30;

LinkType link_type(uint16_t arp_type) {
  switch (arp_type) {
    case ARPHRD_ETHER: return LinkType::ethernet;
    case ARPHRD_LOOPBACK: return LinkType::loopback;
    case ARPHRD_NONE:
    case ARPHRD_RAWIP:
    case ARPHRD_PPP:
    case ARPHRD_TUNNEL:
    case ARPHRD_TUNNEL6:
    case ARPHRD_SIT:
    case ARPHRD_IPGRE:
    case ARPHRD_IP6GRE: return LinkType::raw_ip;
    default: return LinkType::other;
  }
}

std::string hexadecimal(std::span<const std::byte> bytes) {
  constexpr const char* kDigits = "0123456789abcdef";
  std::string text;
  for (std::byte byte : bytes) {
    if (!text.empty()) text += ':';
    text += kDigits[static_cast<uint8_t>(byte) >> 4];
    text += kDigits[static_cast<uint8_t>(byte) & 15];
  }
  return text;
}

// The address of a tunnel is an IP address, of a plain loopback all zero.
std::string hardware_address(LinkType type, std::span<const std::byte> bytes) {
  return type == LinkType::ethernet ? hexadecimal(bytes) : std::string();
}

std::optional<Interface> read_link(const NetlinkMessage& message) {
  const auto header = message.header<ifinfomsg>();
  if (message.type() != RTM_NEWLINK || !header) return std::nullopt;
  const NetlinkAttributes attributes = message.attributes_after(sizeof(ifinfomsg));
  Interface link;
  link.index = static_cast<uint32_t>(header->ifi_index);
  link.name = attributes.text(IFLA_IFNAME);
  link.arp_type = header->ifi_type;
  link.type = link_type(header->ifi_type);
  link.kind = attributes.nested(IFLA_LINKINFO).text(IFLA_INFO_KIND);
  link.up = (header->ifi_flags & IFF_UP) != 0;
  link.carrier = (header->ifi_flags & IFF_LOWER_UP) != 0;
  link.broadcast = (header->ifi_flags & IFF_BROADCAST) != 0;
  link.point_to_point = (header->ifi_flags & IFF_POINTOPOINT) != 0;
  link.no_arp = (header->ifi_flags & IFF_NOARP) != 0;
  link.mtu = attributes.number(IFLA_MTU).value_or(0);
  if (const auto bytes = attributes.find(IFLA_ADDRESS))
    link.hardware_address = hardware_address(link.type, *bytes);
  return link;
}

struct AddressOfLink {
  uint32_t index = 0;
  InterfaceAddress address;
};

std::optional<AddressOfLink> read_address(const NetlinkMessage& message) {
  const auto header = message.header<ifaddrmsg>();
  if (message.type() != RTM_NEWADDR || !header) return std::nullopt;
  const NetlinkAttributes attributes = message.attributes_after(sizeof(ifaddrmsg));
  // On a point-to-point link IFA_ADDRESS is the peer, IFA_LOCAL is ours.
  auto address = attributes.address(IFA_LOCAL);
  if (!address) address = attributes.address(IFA_ADDRESS);
  if (!address) return std::nullopt;
  const uint32_t flags = attributes.number(IFA_FLAGS).value_or(header->ifa_flags);
  AddressOfLink found;
  found.index = header->ifa_index;
  found.address.address = *address;
  found.address.prefix_length = header->ifa_prefixlen;
  found.address.broadcast = attributes.address(IFA_BROADCAST);
  found.address.deprecated = (flags & IFA_F_DEPRECATED) != 0;
  found.address.tentative = (flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)) != 0;
  return found;
}

tl::unexpected<Error> list_error(const char* what, int error) {
  return impossible_error(std::string("cannot list the ") + what +
                          " of this machine: " + std::strerror(error));
}

IpAddress highest_of_subnet(const InterfaceAddress& address) {
  const uint32_t host_bits =
      address.prefix_length == 0 ? UINT32_MAX : (uint32_t{1} << (32 - address.prefix_length)) - 1;
  return IpAddress::v4(address.address.v4_number() | host_bits);
}

bool leaves_the_machine(const InterfaceAddress& address) {
  constexpr uint32_t kV4LinkLocal = 0xa9fe;
  if (address.deprecated || address.tentative || address.address.is_link_local_v6()) return false;
  return !address.address.is_v4() || (address.address.v4_number() >> 16) != kV4LinkLocal;
}

}  // namespace

std::string_view to_string(LinkType type) {
  switch (type) {
    case LinkType::ethernet: return "ethernet";
    case LinkType::loopback: return "loopback";
    case LinkType::raw_ip: return "raw-ip";
    case LinkType::other: return "other";
  }
  return "other";
}

Result<std::vector<Interface>> list_interfaces() {
  auto socket = NetlinkSocket::open(NETLINK_ROUTE);
  if (!socket) return tl::unexpected(socket.error());
  std::vector<Interface> links;
  const int link_error = netlink_list(
      *socket, NetlinkRequest(RTM_GETLINK, ifinfomsg{}, true), [&] { links.clear(); },
      [&](const NetlinkMessage& message) {
        if (auto link = read_link(message)) links.push_back(std::move(*link));
      });
  if (link_error != 0) return list_error("interfaces", link_error);
  std::ranges::sort(links, {}, &Interface::index);
  const int address_error = netlink_list(
      *socket, NetlinkRequest(RTM_GETADDR, ifaddrmsg{}, true),
      [&] {
        for (Interface& link : links) link.addresses.clear();
      },
      [&](const NetlinkMessage& message) {
        const auto found = read_address(message);
        if (!found) return;
        const auto link = std::ranges::lower_bound(links, found->index, {}, &Interface::index);
        if (link != links.end() && link->index == found->index) link->addresses.push_back(found->address);
      });
  if (address_error != 0) return list_error("addresses", address_error);
  return links;
}

std::vector<IpAddress> broadcast_addresses(std::span<const Interface> interfaces) {
  std::vector<IpAddress> found;
  for (const Interface& link : interfaces) {
    for (const InterfaceAddress& address : link.addresses) {
      if (address.broadcast) found.push_back(*address.broadcast);
      if (address.address.is_v4() && address.prefix_length <= kLongestSubnetWithBroadcast)
        found.push_back(highest_of_subnet(address));
    }
  }
  std::ranges::sort(found);
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

std::vector<IpAddress> outgoing_addresses(std::span<const Interface> interfaces) {
  std::vector<IpAddress> found;
  for (const Interface& link : interfaces) {
    if (!link.up || link.type == LinkType::loopback) continue;
    for (const InterfaceAddress& address : link.addresses)
      if (leaves_the_machine(address)) found.push_back(address.address);
  }
  return found;
}

}  // namespace sonde
