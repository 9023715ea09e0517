#include "net/packet/packet_filter.h"

#include <gmock/gmock.h>
#include <linux/if_packet.h>

#include <numeric>
#include <optional>

#include "tests/net/packet/packet_builder.h"

namespace sonde {
namespace {

using packets::Bytes;
using testing::HasSubstr;

constexpr uint32_t kOurs = 3;
const PacketFilter kFilter{.interfaces = {2, kOurs}, .first_port = 61000, .last_port = 61015};

// What the kernel knows of a packet beside its bytes.
struct Facts {
  uint8_t packet_type = PACKET_HOST;
  std::optional<uint16_t> vlan_tag = {};
  uint32_t interface_index = kOurs;
};

// Runs a program as the kernel would: only the instructions that filters here are made of.
class Machine {
 public:
  Machine(uint16_t ether_type, const Bytes& bytes, const Facts& facts)
      : ether_type_(ether_type), bytes_(bytes), facts_(facts) {}

  uint32_t run(const std::vector<sock_filter>& program) {
    for (size_t at = 0; at < program.size(); ++at) {
      const sock_filter& step = program[at];
      switch (BPF_CLASS(step.code)) {
        case BPF_RET: return step.k;
        case BPF_JMP: at += holds(step) ? step.jt : step.jf; break;
        default:
          if (!load(step)) return 0;
      }
    }
    ADD_FAILURE() << "the program ends without a verdict";
    return 0;
  }

 private:
  bool holds(const sock_filter& step) const {
    switch (BPF_OP(step.code)) {
      case BPF_JEQ: return a_ == step.k;
      case BPF_JGT: return a_ > step.k;
      case BPF_JGE: return a_ >= step.k;
      case BPF_JSET: return (a_ & step.k) != 0;
    }
    ADD_FAILURE() << "a jump that is not known";
    return false;
  }

  bool load(const sock_filter& step) {
    if (step.k >= static_cast<uint32_t>(SKF_AD_OFF)) return load_fact(static_cast<int>(step.k) - SKF_AD_OFF);
    if (step.code == (BPF_LDX | BPF_B | BPF_MSH)) {
      if (step.k >= bytes_.size()) return false;
      x_ = (static_cast<uint32_t>(bytes_[step.k]) & 15) * 4;
      return true;
    }
    const size_t from = step.k + (BPF_MODE(step.code) == BPF_IND ? x_ : 0);
    const size_t size = BPF_SIZE(step.code) == BPF_H ? 2 : 1;
    if (from + size > bytes_.size()) return false;
    a_ = 0;
    for (size_t i = from; i < from + size; ++i) a_ = a_ << 8 | static_cast<uint32_t>(bytes_[i]);
    return true;
  }

  bool load_fact(int fact) {
    switch (fact) {
      case SKF_AD_PKTTYPE: a_ = facts_.packet_type; return true;
      case SKF_AD_PROTOCOL: a_ = ether_type_; return true;
      case SKF_AD_IFINDEX: a_ = facts_.interface_index; return true;
      case SKF_AD_VLAN_TAG_PRESENT: a_ = facts_.vlan_tag ? 1 : 0; return true;
      case SKF_AD_VLAN_TAG: a_ = facts_.vlan_tag.value_or(0xffff); return true;  // stale without a tag
    }
    ADD_FAILURE() << "a fact that is not known";
    return false;
  }

  uint16_t ether_type_;
  const Bytes& bytes_;
  Facts facts_;
  uint32_t a_ = 0;
  uint32_t x_ = 0;
};

bool passes(uint16_t ether_type, const Bytes& bytes, const Facts& facts = {},
            const PacketFilter& filter = kFilter) {
  const auto program = make_packet_filter(filter);
  EXPECT_TRUE(program) << program.error().text;
  const uint32_t kept = Machine(ether_type, bytes, facts).run(*program);
  EXPECT_TRUE(kept == 0 || kept == kLongestKept);
  return kept != 0;
}

packets::Ipv4 v4(const Bytes& options = {}) {
  return {.from = "10.9.0.2", .to = "10.9.0.1", .options = options};
}
packets::Ipv4 fragment(uint16_t offset, bool more_fragments) {
  return {.from = "10.9.0.2", .to = "10.9.0.1", .fragment_offset = offset, .more_fragments = more_fragments};
}
Bytes v6(const packets::Layer& layer) { return packets::ipv6({.from = "fd00::2", .to = "fd00::1"}, layer); }
packets::Layer tcp_to(uint16_t port) { return packets::tcp({.from = 443, .to = port}); }
Bytes tcp4_to(uint16_t port, const packets::Ipv4& header = v4()) {
  return packets::ipv4(header, tcp_to(port));
}
Bytes icmp4(uint8_t type, const packets::Ipv4& header = v4()) {
  return packets::ipv4(header, packets::icmp({type, 1}, {}));
}
Bytes icmp6(uint8_t type) { return v6(packets::icmpv6({type, 1}, {})); }
Bytes arp(uint16_t operation) {
  return packets::arp({.operation = operation,
                       .sender = "10.9.0.2",
                       .sender_station = packets::station(7),
                       .target = "10.9.0.1"});
}
Bytes cut(Bytes packet, size_t size) {
  packet.resize(size);
  return packet;
}

struct Row {
  const char* what;
  uint16_t ether_type;
  Bytes bytes;
  bool passes;
};

TEST(PacketFilter, LetsThroughWhatCanBeAnAnswer) {
  const packets::Ipv4 options = v4(packets::bytes({7, 11, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0}));
  const packets::Ipv4 longest = v4(Bytes(40, std::byte{1}));
  const packets::Layer tcp = tcp_to(61001);
  for (const Row& row : std::vector<Row>{
           {"TCP to the first port", kEtherTypeIpv4, tcp4_to(61000), true},
           {"TCP to the last port", kEtherTypeIpv4, tcp4_to(61015), true},
           {"TCP to the port before", kEtherTypeIpv4, tcp4_to(60999), false},
           {"TCP to the port behind", kEtherTypeIpv4, tcp4_to(61016), false},
           {"TCP behind IP options", kEtherTypeIpv4, tcp4_to(61001, options), true},
           {"TCP behind the most options", kEtherTypeIpv4, tcp4_to(61001, longest), true},
           {"TCP to another port behind options", kEtherTypeIpv4, tcp4_to(443, options), false},
           {"the first fragment", kEtherTypeIpv4, tcp4_to(61001, fragment(0, true)), true},
           {"a later fragment", kEtherTypeIpv4, tcp4_to(61001, fragment(1, true)), false},
           {"the last fragment", kEtherTypeIpv4, tcp4_to(61001, fragment(16, false)), false},
           {"TCP up to the port", kEtherTypeIpv4, cut(tcp4_to(61001), 24), true},
           {"TCP that ends within the port", kEtherTypeIpv4, cut(tcp4_to(61001), 23), false},
           {"nothing at all", kEtherTypeIpv4, {}, false},
           {"UDP to one of the ports", kEtherTypeIpv4, packets::ipv4(v4(), {17, tcp.bytes, 17, 0}), false},
           {"destination unreachable", kEtherTypeIpv4, icmp4(3), true},
           {"time exceeded", kEtherTypeIpv4, icmp4(11), true},
           {"parameter problem", kEtherTypeIpv4, icmp4(12), true},
           {"an ICMP error behind options", kEtherTypeIpv4, icmp4(3, options), true},
           {"a later fragment of an ICMP error", kEtherTypeIpv4, icmp4(3, fragment(1, false)), false},
           {"an echo reply", kEtherTypeIpv4, icmp4(0), false},
           {"an echo request", kEtherTypeIpv4, icmp4(8), false},
           {"IPv6 TCP to one of the ports", kEtherTypeIpv6, v6(tcp), true},
           {"IPv6 TCP to another port", kEtherTypeIpv6, v6(tcp_to(443)), false},
           {"IPv6 destination unreachable", kEtherTypeIpv6, icmp6(1), true},
           {"IPv6 packet too big", kEtherTypeIpv6, icmp6(2), false},
           {"IPv6 time exceeded", kEtherTypeIpv6, icmp6(3), true},
           {"IPv6 parameter problem", kEtherTypeIpv6, icmp6(4), true},
           {"a neighbour solicitation", kEtherTypeIpv6, icmp6(135), false},
           {"a neighbour advertisement", kEtherTypeIpv6, icmp6(136), true},
           {"IPv6 hop-by-hop options", kEtherTypeIpv6, v6(packets::hop_by_hop(tcp)), true},
           {"IPv6 routing header", kEtherTypeIpv6, v6(packets::routing(tcp)), true},
           {"IPv6 fragment", kEtherTypeIpv6, v6(packets::fragment(1, tcp)), true},
           {"IPv6 authentication header", kEtherTypeIpv6, v6(packets::authentication(tcp)), true},
           {"IPv6 destination options", kEtherTypeIpv6, v6(packets::destination_options(tcp)), true},
           {"IPv6 mobility header", kEtherTypeIpv6,
            v6(packets::extension(135, packets::bytes({0, 0, 0, 0, 0, 0, 0}), tcp)), true},
           {"IPv6 UDP", kEtherTypeIpv6, v6({17, tcp.bytes, 17, 0}), false},
           {"IPv6 without next header", kEtherTypeIpv6, v6({59, {}, 59, 0}), false},
           {"an ARP reply", kEtherTypeArp, arp(2), true},
           {"an ARP request", kEtherTypeArp, arp(1), false},
           {"another protocol", 0x88cc, tcp4_to(61001), false},
       })
    EXPECT_EQ(passes(row.ether_type, row.bytes), row.passes) << row.what;
}

TEST(PacketFilter, LetsThroughWhatCameInOnOneOfTheInterfacesAndInNoVlan) {
  const Bytes answer = tcp4_to(61001);
  struct FactsRow {
    const char* what;
    Facts facts;
    bool passes;
  };
  for (const FactsRow& row : std::vector<FactsRow>{
           {"to us", {}, true},
           {"by broadcast", {.packet_type = PACKET_BROADCAST}, true},
           {"sent by this machine", {.packet_type = PACKET_OUTGOING}, false},
           {"on the other interface", {.interface_index = 2}, true},
           {"on a third interface", {.interface_index = 4}, false},
           {"in VLAN 5", {.vlan_tag = 5}, false},
           {"in VLAN 5 with a priority", {.vlan_tag = 0xe005}, false},
           {"in VLAN 4095", {.vlan_tag = 0x0fff}, false},
           {"with a priority alone", {.vlan_tag = 0xe000}, true},
       })
    EXPECT_EQ(passes(kEtherTypeIpv4, answer, row.facts), row.passes) << row.what;
}

TEST(PacketFilter, OnePortAndAllPorts) {
  const PacketFilter one{{kOurs}, 61000, 61000}, all{{kOurs}, 0, 65535};
  EXPECT_TRUE(passes(kEtherTypeIpv4, tcp4_to(61000), {}, one));
  EXPECT_FALSE(passes(kEtherTypeIpv4, tcp4_to(61001), {}, one));
  EXPECT_TRUE(passes(kEtherTypeIpv4, tcp4_to(0), {}, all));
  EXPECT_TRUE(passes(kEtherTypeIpv6, v6(tcp_to(65535)), {}, all));
}

TEST(PacketFilter, TakesAsManyInterfacesAsItSays) {
  PacketFilter filter{std::vector<uint32_t>(kMostFilterInterfaces), 61000, 61015};
  std::iota(filter.interfaces.begin(), filter.interfaces.end(), 10U);
  for (const uint32_t index : filter.interfaces)
    EXPECT_TRUE(passes(kEtherTypeIpv4, tcp4_to(61000), {.interface_index = index}, filter)) << index;
  EXPECT_FALSE(passes(kEtherTypeIpv4, tcp4_to(61000), {.interface_index = 9}, filter));
  filter.interfaces.push_back(5);
  const auto refused = make_packet_filter(filter);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text, HasSubstr("65 interfaces"));
  EXPECT_FALSE(make_packet_filter({{}, 61000, 61015}));
}

}  // namespace
}  // namespace sonde
