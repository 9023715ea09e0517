#include "net/firewall.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <optional>

#include "net/netlink.h"

namespace sonde {
namespace {

constexpr uint16_t nftables_message(uint16_t message) {
  return static_cast<uint16_t>(NFNL_SUBSYS_NFTABLES << 8 | message);
}

std::string family_name(uint8_t family) {
  switch (family) {
    case NFPROTO_INET: return "inet";
    case NFPROTO_IPV4: return "ip";
    case NFPROTO_IPV6: return "ip6";
    case NFPROTO_ARP: return "arp";
    case NFPROTO_NETDEV: return "netdev";
    case NFPROTO_BRIDGE: return "bridge";
    default: return "family " + std::to_string(family);
  }
}

// The numbers of hooks mean something else on a device.
std::string hook_name(uint8_t family, uint32_t hook) {
  if (family == NFPROTO_NETDEV) return hook == NF_NETDEV_INGRESS ? "ingress" : "egress";
  switch (hook) {
    case NF_INET_PRE_ROUTING: return "prerouting";
    case NF_INET_LOCAL_IN: return "input";
    case NF_INET_FORWARD: return "forward";
    case NF_INET_LOCAL_OUT: return "output";
    case NF_INET_POST_ROUTING: return "postrouting";
    default: return "ingress";
  }
}

bool carries_our_packets(const FirewallChain& chain) {
  return chain.hook != "forward" && chain.family != "arp" && chain.family != "bridge";
}

// Only base chains, which are bound to a hook, see packets by themselves.
std::optional<FirewallChain> read_chain(const NetlinkMessage& message) {
  const auto header = message.header<nfgenmsg>();
  if (message.type() != nftables_message(NFT_MSG_NEWCHAIN) || !header) return std::nullopt;
  const NetlinkAttributes attributes = message.attributes_after(sizeof(nfgenmsg));
  const auto hook = attributes.nested(NFTA_CHAIN_HOOK).big_endian_number(NFTA_HOOK_HOOKNUM);
  if (!hook) return std::nullopt;
  FirewallChain chain;
  chain.family = family_name(header->nfgen_family);
  chain.table = attributes.text(NFTA_CHAIN_TABLE);
  chain.name = attributes.text(NFTA_CHAIN_NAME);
  chain.hook = hook_name(header->nfgen_family, *hook);
  chain.type = attributes.text(NFTA_CHAIN_TYPE);
  chain.drops_by_default = attributes.big_endian_number(NFTA_CHAIN_POLICY) == uint32_t{NF_DROP};
  return carries_our_packets(chain) ? std::optional(chain) : std::nullopt;
}

tl::unexpected<Error> list_error(int error) {
  if (error == EPERM || error == EACCES)
    return impossible_error(
        "the rules of nftables cannot be seen without CAP_NET_ADMIN: run as root to see them");
  if (error == EINVAL || error == EOPNOTSUPP)
    return impossible_error("this kernel has no nftables loaded: there are no chains of it");
  return impossible_error(std::string("cannot list the chains of nftables: ") + std::strerror(error));
}

}  // namespace

Result<std::vector<FirewallChain>> list_firewall_chains() {
  auto socket = NetlinkSocket::open(NETLINK_NETFILTER);
  if (!socket) return tl::unexpected(socket.error());
  nfgenmsg header{};
  header.nfgen_family = NFPROTO_UNSPEC;
  header.version = NFNETLINK_V0;
  std::vector<FirewallChain> chains;
  const int error = netlink_list(
      *socket, NetlinkRequest(nftables_message(NFT_MSG_GETCHAIN), header, true), [&] { chains.clear(); },
      [&](const NetlinkMessage& message) {
        if (auto chain = read_chain(message)) chains.push_back(std::move(*chain));
      });
  if (error != 0) return list_error(error);
  return chains;
}

}  // namespace sonde
