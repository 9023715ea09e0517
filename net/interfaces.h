#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "net/address.h"
#include "net/base/result.h"

namespace sonde {

/// What kind of link an interface is, as far as it decides how a frame is built.
enum class LinkType : uint8_t {
  ethernet,  ///< Ethernet frames: ARPHRD_ETHER
  loopback,  ///< lo: ARPHRD_LOOPBACK
  raw_ip,    ///< no link header: tunnels, WireGuard, tun (ARPHRD_NONE, ARPHRD_PPP, ipip, sit, gre …)
  other,     ///< anything else; arp_type tells
};

/// "ethernet", "loopback", "raw-ip", "other".
std::string_view to_string(LinkType type);

/// One address of an interface.
struct InterfaceAddress {
  IpAddress address;
  uint8_t prefix_length = 0;           ///< of the attached subnet: of 32 for IPv4, of 128 for IPv6
  std::optional<IpAddress> broadcast;  ///< as configured; IPv4 alone
  bool deprecated = false;             ///< not chosen as a source for new connections (RFC 4862)
  bool tentative = false;              ///< duplicate detection has not finished, or has failed
  friend bool operator==(const InterfaceAddress&, const InterfaceAddress&) = default;
};

/// One network interface of this network namespace.
struct Interface {
  uint32_t index = 0;
  std::string name;
  LinkType type = LinkType::other;
  uint16_t arp_type = 0;         ///< ARPHRD_*, <linux/if_arp.h>
  std::string kind;              ///< the driver's kind ("veth", "wireguard"), empty for a plain device
  bool up = false;               ///< set up by the administrator (IFF_UP)
  bool carrier = false;          ///< the link is there (IFF_LOWER_UP)
  bool broadcast = false;        ///< IFF_BROADCAST
  bool point_to_point = false;   ///< IFF_POINTOPOINT
  bool no_arp = false;           ///< IFF_NOARP
  uint32_t mtu = 0;              ///< bytes
  std::string hardware_address;  ///< "02:fc:00:00:00:01"; empty when there is none
  std::vector<InterfaceAddress> addresses;  ///< in the kernel's order
};

/// All interfaces with their addresses, by index. Needs no privilege. An error
/// when netlink is denied (a seccomp filter) or fails.
Result<std::vector<Interface>> list_interfaces();

/// The broadcast addresses of the attached IPv4 subnets, sorted, each once: the
/// configured ones, and the highest address of every subnet of /30 or larger,
/// which is what the kernel itself takes as broadcast. A sweep leaves them out.
std::vector<IpAddress> broadcast_addresses(std::span<const Interface> interfaces);

/// The addresses that packets of this machine can carry as their source when
/// they leave it: no loopback, no link-local, no deprecated or tentative ones.
std::vector<IpAddress> outgoing_addresses(std::span<const Interface> interfaces);

}  // namespace sonde
