#include "net/interfaces.h"

#include <gmock/gmock.h>

#include "tests/net/own_namespace.h"

namespace sonde {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

IpAddress ip(const char* text) { return IpAddress::parse(text).value(); }

class Interfaces : public OwnNamespace {
 protected:
  static Interface named(const std::string& name) {
    const auto interfaces = list_interfaces();
    EXPECT_TRUE(interfaces) << interfaces.error().text;
    for (const Interface& link : *interfaces)
      if (link.name == name) return link;
    ADD_FAILURE() << name << " is missing";
    return {};
  }
};

TEST_F(Interfaces, LoopbackIsListedWithItsAddresses) {
  const Interface lo = named("lo");
  EXPECT_EQ(lo.index, 1U);
  EXPECT_EQ(lo.type, LinkType::loopback);
  EXPECT_TRUE(lo.up);
  EXPECT_EQ(lo.hardware_address, "");
  ASSERT_FALSE(lo.addresses.empty());
  EXPECT_EQ(lo.addresses[0].address, ip("127.0.0.1"));
  EXPECT_EQ(lo.addresses[0].prefix_length, 8);
}

TEST_F(Interfaces, EthernetIsListedWithAllThatDecidesFrames) {
  make_pair();
  ASSERT_TRUE(run("ip link set left mtu 1400 address 02:00:00:00:00:0a"));
  ASSERT_TRUE(
      run("ip address add 10.9.0.1/24 brd + dev left && ip address add 2001:db8::1/64 dev left nodad"));
  const Interface left = named("left");
  EXPECT_EQ(left.type, LinkType::ethernet);
  EXPECT_EQ(left.kind, "veth");
  EXPECT_TRUE(left.up && left.carrier && left.broadcast);
  EXPECT_FALSE(left.point_to_point || left.no_arp);
  EXPECT_EQ(left.mtu, 1400U);
  EXPECT_EQ(left.hardware_address, "02:00:00:00:00:0a");
  ASSERT_GE(left.addresses.size(), 2U);
  EXPECT_EQ(left.addresses[0], (InterfaceAddress{ip("10.9.0.1"), 24, ip("10.9.0.255"), false, false}));
  EXPECT_EQ(left.addresses[1].address, ip("2001:db8::1"));
}

TEST_F(Interfaces, ALinkWithoutItsOtherEndHasNoCarrier) {
  make_pair();
  ASSERT_TRUE(run("ip link set right down"));
  EXPECT_TRUE(named("left").up);
  EXPECT_FALSE(named("left").carrier);
  EXPECT_FALSE(named("right").up);
}

TEST_F(Interfaces, OfAPointToPointLinkTheAddressIsOursNotThePeers) {
  ASSERT_TRUE(run("ip tuntap add dev tunnel mode tun && ip link set tunnel up"));
  ASSERT_TRUE(run("ip address add 10.9.0.1 peer 10.9.0.2 dev tunnel"));
  const Interface tunnel = named("tunnel");
  EXPECT_EQ(tunnel.type, LinkType::raw_ip);
  EXPECT_TRUE(tunnel.point_to_point);
  ASSERT_FALSE(tunnel.addresses.empty());
  EXPECT_EQ(tunnel.addresses[0].address, ip("10.9.0.1"));
  EXPECT_EQ(tunnel.addresses[0].prefix_length, 32);
}

TEST_F(Interfaces, ManyAddressesArriveInSeveralPartsAndNoneIsLost) {
  make_pair();
  ASSERT_TRUE(
      run("for a in $(seq 0 3); do for b in $(seq 1 250); do echo address add 10.9.$a.$b/16 dev left; done; "
          "done | ip -batch -"));
  size_t ours = 0;
  for (const InterfaceAddress& address : named("left").addresses) ours += address.address.is_v4() ? 1 : 0;
  EXPECT_EQ(ours, 1000U);
}

Interface with_address(const char* address, uint8_t prefix_length, std::optional<IpAddress> broadcast = {}) {
  Interface link;
  link.up = true;
  link.type = LinkType::ethernet;
  link.addresses = {{ip(address), prefix_length, broadcast, false, false}};
  return link;
}

TEST(BroadcastAddresses, AreTheHighestOfEverySubnetWithRoomForOne) {
  const std::vector<Interface> links{
      with_address("10.0.0.5", 24), with_address("10.0.1.1", 30),   with_address("10.0.2.1", 31),
      with_address("10.0.3.1", 32), with_address("172.16.9.9", 12), with_address("2001:db8::1", 64),
      with_address("10.0.0.6", 24),
  };
  EXPECT_THAT(broadcast_addresses(links),
              ElementsAre(ip("10.0.0.255"), ip("10.0.1.3"), ip("172.31.255.255")));
}

TEST(BroadcastAddresses, TheConfiguredOneCountsToo) {
  const std::vector<Interface> links{with_address("10.0.0.5", 24, ip("10.0.0.0"))};
  EXPECT_THAT(broadcast_addresses(links), ElementsAre(ip("10.0.0.0"), ip("10.0.0.255")));
}

TEST(OutgoingAddresses, AreThoseThatLeaveTheMachine) {
  std::vector<Interface> links{with_address("10.0.0.5", 24),    with_address("fe80::1", 64),
                               with_address("169.254.7.7", 16), with_address("2001:db8::1", 64),
                               with_address("127.0.0.1", 8),    with_address("10.0.9.9", 24)};
  links[4].type = LinkType::loopback;
  links[5].up = false;
  EXPECT_THAT(outgoing_addresses(links), ElementsAre(ip("10.0.0.5"), ip("2001:db8::1")));
  links[0].addresses[0].deprecated = true;
  links[3].addresses[0].tentative = true;
  EXPECT_THAT(outgoing_addresses(links), IsEmpty());
}

}  // namespace
}  // namespace sonde
