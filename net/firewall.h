#pragma once

#include <string>
#include <vector>

#include "net/base/result.h"

namespace sonde {

/// A chain of this namespace's nftables that our own packets, or the answers to
/// them, pass through.
struct FirewallChain {
  std::string family;  ///< "ip", "ip6", "inet", "netdev"
  std::string table;
  std::string name;
  std::string hook;               ///< "output", "postrouting", "input", "prerouting", "egress", "ingress"
  std::string type;               ///< "filter", "nat", "route"
  bool drops_by_default = false;  ///< the chain's policy
  friend bool operator==(const FirewallChain&, const FirewallChain&) = default;
};

/// The base chains of nftables here (iptables-nft's included). Needs
/// CAP_NET_ADMIN: without it, and where the kernel has no nftables, an error
/// that says which. Legacy iptables tables are not in it.
Result<std::vector<FirewallChain>> list_firewall_chains();

}  // namespace sonde
