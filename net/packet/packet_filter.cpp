#include "net/packet/packet_filter.h"

#include <linux/if_packet.h>
#include <netinet/in.h>

#include <initializer_list>

#include "net/base/check.h"

namespace sonde {
namespace {

// A program is put together from pieces that each end in a verdict, so that
// every jump is a short one forward.
using Program = std::vector<sock_filter>;

constexpr uint16_t kArpReply = 2;
constexpr uint16_t kFragmentOffset = 0x1fff;
constexpr uint16_t kVlanNumber = 0x0fff;
constexpr uint32_t kIpv6Header = 40;

sock_filter step(uint32_t code, uint32_t k) { return {static_cast<uint16_t>(code), 0, 0, k}; }

sock_filter jump(uint32_t code, uint32_t k, size_t if_true, size_t if_false) {
  CHECK(if_true <= UINT8_MAX && if_false <= UINT8_MAX);
  return {static_cast<uint16_t>(BPF_JMP | code | BPF_K), static_cast<uint8_t>(if_true),
          static_cast<uint8_t>(if_false), k};
}

sock_filter load_byte(uint32_t offset) { return step(BPF_LD | BPF_B | BPF_ABS, offset); }
sock_filter load_half(uint32_t offset) { return step(BPF_LD | BPF_H | BPF_ABS, offset); }
/// Facts that are not in the packet: SKF_AD_*.
sock_filter load_fact(int fact) {
  return step(BPF_LD | BPF_W | BPF_ABS, static_cast<uint32_t>(SKF_AD_OFF + fact));
}
/// X becomes the length of the IPv4 header; the loads below are relative to X.
sock_filter skip_ipv4_header() { return step(BPF_LDX | BPF_B | BPF_MSH, 0); }
sock_filter load_byte_after(uint32_t offset) { return step(BPF_LD | BPF_B | BPF_IND, offset); }
sock_filter load_half_after(uint32_t offset) { return step(BPF_LD | BPF_H | BPF_IND, offset); }

sock_filter accept() { return step(BPF_RET | BPF_K, kLongestKept); }
sock_filter drop() { return step(BPF_RET | BPF_K, 0); }

Program operator+(Program left, const Program& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

Program drop_if_equal(uint32_t value) { return {jump(BPF_JEQ, value, 0, 1), drop()}; }
Program drop_if_any_bit(uint32_t mask) { return {jump(BPF_JSET, mask, 0, 1), drop()}; }

/// Runs `body`, which ends in a verdict, when what was loaded equals `value`.
Program when(uint32_t value, const Program& body) {
  return Program{jump(BPF_JEQ, value, 0, body.size())} + body;
}

/// Goes on behind this piece when what was loaded is one of the values.
Program drop_unless_one_of(const std::vector<uint32_t>& values) {
  Program program;
  for (size_t i = 0; i < values.size(); ++i)
    program.push_back(jump(BPF_JEQ, values[i], values.size() - i, 0));
  program.push_back(drop());
  return program;
}

Program accept_one_of(const std::vector<uint32_t>& values) {
  return drop_unless_one_of(values) + Program{accept()};
}

Program accept_between(uint32_t first, uint32_t last) {
  return {jump(BPF_JGE, first, 0, 1), jump(BPF_JGT, last, 0, 1), drop(), accept()};
}

Program came_in_untagged() {
  return Program{load_fact(SKF_AD_PKTTYPE)} + drop_if_equal(PACKET_OUTGOING) +
         // without a tag the rest of it is stale on old kernels, hence two questions
         Program{load_fact(SKF_AD_VLAN_TAG_PRESENT), jump(BPF_JEQ, 0, 3, 0), load_fact(SKF_AD_VLAN_TAG)} +
         drop_if_any_bit(kVlanNumber);
}

Program arp_piece() { return Program{load_half(6)} + accept_one_of({kArpReply}); }

/// To be followed by what decides on the header behind the IPv4 header.
Program at_ipv4_payload() {
  return Program{load_half(6)} + drop_if_any_bit(kFragmentOffset) + Program{skip_ipv4_header()};
}

Program ipv4_piece(const PacketFilter& filter) {
  const Program tcp =
      at_ipv4_payload() + Program{load_half_after(2)} + accept_between(filter.first_port, filter.last_port);
  const Program icmp = at_ipv4_payload() + Program{load_byte_after(0)} + accept_one_of({3, 11, 12});
  return Program{load_byte(9)} + when(IPPROTO_TCP, tcp) + when(IPPROTO_ICMP, icmp) + Program{drop()};
}

Program ipv6_piece(const PacketFilter& filter) {
  const Program tcp =
      Program{load_half(kIpv6Header + 2)} + accept_between(filter.first_port, filter.last_port);
  const Program icmp = Program{load_byte(kIpv6Header)} + accept_one_of({1, 3, 4, 136});
  return Program{load_byte(6)} + when(IPPROTO_TCP, tcp) + when(IPPROTO_ICMPV6, icmp) +
         accept_one_of(
             {IPPROTO_HOPOPTS, IPPROTO_ROUTING, IPPROTO_FRAGMENT, IPPROTO_AH, IPPROTO_DSTOPTS, IPPROTO_MH});
}

}  // namespace

Result<std::vector<sock_filter>> make_packet_filter(const PacketFilter& filter) {
  CHECK(filter.first_port <= filter.last_port);
  if (filter.interfaces.empty())
    return usage_error("raw packets need an interface to come in on: none is up");
  if (filter.interfaces.size() > kMostFilterInterfaces)
    return usage_error("the targets are reached through " + std::to_string(filter.interfaces.size()) +
                       " interfaces, and raw packets are taken from at most " +
                       std::to_string(kMostFilterInterfaces) + ": name one with --interface");
  return came_in_untagged() + Program{load_fact(SKF_AD_IFINDEX)} + drop_unless_one_of(filter.interfaces) +
         Program{load_fact(SKF_AD_PROTOCOL)} + when(kEtherTypeArp, arp_piece()) +
         when(kEtherTypeIpv4, ipv4_piece(filter)) + when(kEtherTypeIpv6, ipv6_piece(filter)) +
         Program{drop()};
}

}  // namespace sonde
