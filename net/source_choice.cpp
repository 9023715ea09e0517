#include "net/source_choice.h"

#include <linux/if_addrlabel.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <set>

#include "net/netlink.h"

namespace sonde {
namespace {

constexpr uint8_t kBits = 128;

// The block of so many leading bits in which the address lies.
RoutePrefix block_around(const IpAddress& address, uint8_t length) {
  const U128 host_bits = length >= kBits ? U128{0} : ~U128{0} >> length;
  return {IpAddress::from_number(address.number() & ~host_bits), length};
}

uint8_t common_bits(const IpAddress& a, const IpAddress& b) {
  const U128 difference = a.number() ^ b.number();
  const auto high = static_cast<uint64_t>(difference >> 64);
  const int bits =
      high != 0 ? std::countl_zero(high) : 64 + std::countl_zero(static_cast<uint64_t>(difference));
  return static_cast<uint8_t>(bits);
}

std::vector<InterfaceAddress> v6_addresses(std::span<const Interface> interfaces) {
  std::vector<InterfaceAddress> found;
  for (const Interface& link : interfaces)
    for (const InterfaceAddress& address : link.addresses)
      if (!address.address.is_v4()) found.push_back(address);
  std::ranges::sort(found, {}, &InterfaceAddress::address);
  return found;
}

// Two addresses part at the first bit in which they differ: a destination
// shares more bits with the one or with the other from there on. That is told
// of all pairs by the neighbours in sorted order.
void append_partings(std::span<const InterfaceAddress> sorted, std::vector<RoutePrefix>& blocks) {
  for (size_t i = 1; i < sorted.size(); ++i) {
    const IpAddress &a = sorted[i - 1].address, &b = sorted[i].address;
    if (a == b) continue;  // the same on two links
    const auto length = static_cast<uint8_t>(common_bits(a, b) + 1);
    blocks.push_back(block_around(a, length));
    blocks.push_back(block_around(b, length));
  }
}

// The kernel compares no more bits than the prefix of an address has, so that
// one with a longer prefix wins inside of the block of a shorter one.
void append_longer_prefixes(std::span<const InterfaceAddress> addresses, std::vector<RoutePrefix>& blocks) {
  std::set<uint8_t> lengths;
  for (const InterfaceAddress& address : addresses) lengths.insert(address.prefix_length);
  for (const InterfaceAddress& address : addresses)
    for (auto at = lengths.begin(); *at < address.prefix_length; ++at)
      blocks.push_back(block_around(address.address, static_cast<uint8_t>(*at + 1)));
}

std::optional<RoutePrefix> read_label(const NetlinkMessage& message) {
  const auto header = message.header<ifaddrlblmsg>();
  if (message.type() != RTM_NEWADDRLABEL || !header) return std::nullopt;
  const auto address = message.attributes_after(sizeof(ifaddrlblmsg)).address(IFAL_ADDRESS);
  if (!address) return std::nullopt;
  return RoutePrefix{*address, header->ifal_prefixlen};
}

}  // namespace

std::vector<RoutePrefix> source_choice_blocks(std::span<const Interface> interfaces,
                                              std::span<const RoutePrefix> labels) {
  std::vector<RoutePrefix> blocks(labels.begin(), labels.end());
  const std::vector<InterfaceAddress> addresses = v6_addresses(interfaces);
  append_partings(addresses, blocks);
  append_longer_prefixes(addresses, blocks);
  return blocks;
}

Result<std::vector<RoutePrefix>> list_address_labels() {
  auto socket = NetlinkSocket::open(NETLINK_ROUTE);
  if (!socket) return tl::unexpected(socket.error());
  std::vector<RoutePrefix> labels;
  ifaddrlblmsg header{};
  header.ifal_family = AF_INET6;
  const int error = netlink_list(
      *socket, NetlinkRequest(RTM_GETADDRLABEL, header, true), [&] { labels.clear(); },
      [&](const NetlinkMessage& message) {
        if (const auto label = read_label(message)) labels.push_back(*label);
      });
  // EOPNOTSUPP: a kernel without IPv6.
  if (error == 0 || error == EOPNOTSUPP) return labels;
  return impossible_error(std::string("cannot list the labels of IPv6 addresses (`ip addrlabel`): ") +
                          std::strerror(error));
}

}  // namespace sonde
