#include "net/interface_counters.h"

#include <gmock/gmock.h>

#include "tests/net/packet/packet_wire.h"

namespace sonde {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<InterfaceCounters> read(const std::vector<const char*>& names) {
  std::vector<uint32_t> indices;
  for (const char* name : names) indices.push_back(index_of(name));
  const auto counters = read_interface_counters(indices);
  EXPECT_TRUE(counters) << counters.error().text;
  return counters.value_or(std::vector<InterfaceCounters>{});
}

using CountersOf = PacketWire;

TEST_F(CountersOf, DevicesGrowWithTheirTraffic) {
  const auto port = open_port({"left"});
  const auto before = read({"right", "left"});
  const packets::Bytes bytes(60);
  const OutgoingPacket packet{index_of("left"), kEtherTypeIpv4, {{2, 0, 0, 0, 0, 7}, 6}, bytes};
  ASSERT_EQ(port->send(std::vector(10, packet)).taken, 10U);
  const auto after = read({"right", "left"});
  ASSERT_EQ(after.size(), 2U);
  EXPECT_EQ(after[0].name, "right");
  EXPECT_EQ(after[1].name, "left");
  EXPECT_EQ(after[1].interface_index, index_of("left"));
  EXPECT_EQ(after[1].sent - before[1].sent, 10U);
}

TEST_F(CountersOf, ADeviceWithoutCarrierSaysThatItsLinkIsDown) {
  const auto port = open_port({"left"});
  ASSERT_TRUE(run("ip link set right down"));
  const auto before = read({"left"});
  const packets::Bytes bytes(60);
  const OutgoingPacket packet{index_of("left"), kEtherTypeIpv4, {{2, 0, 0, 0, 0, 7}, 6}, bytes};
  EXPECT_EQ(port->send(std::vector(3, packet)).taken, 0U);
  EXPECT_THAT(explain_interface_drops(before, read({"left"})),
              ElementsAre(HasSubstr(
                  "the link of left is down: look at its cable and peer; silent endpoints behind it")));
}

TEST_F(CountersOf, ADeviceThatIsGoneAreLeftOut) {
  const auto counters = read_interface_counters(std::vector<uint32_t>{9999, index_of("lo")});
  ASSERT_TRUE(counters) << counters.error().text;
  ASSERT_EQ(counters->size(), 1U);
  EXPECT_EQ((*counters)[0].name, "lo");
}

InterfaceCounters counters(uint32_t index, uint64_t sending_dropped, uint64_t sending_failed,
                           uint64_t receiving_dropped) {
  return {.interface_index = index,
          .name = "eth" + std::to_string(index),
          .sending_dropped = sending_dropped,
          .sending_failed = sending_failed,
          .receiving_dropped = receiving_dropped};
}

TEST(ExplainInterfaceDrops, NothingGrew) {
  const std::vector some{counters(1, 5, 5, 5)}, less{counters(1, 0, 5, 4)}, other{counters(2, 9, 9, 9)};
  EXPECT_THAT(explain_interface_drops(some, some), IsEmpty());
  EXPECT_THAT(explain_interface_drops(some, less), IsEmpty());
  EXPECT_THAT(explain_interface_drops(some, other), IsEmpty());
  EXPECT_THAT(explain_interface_drops(some, {}), IsEmpty());
}

TEST(ExplainLinkLosses, NothingElseThatADeviceDropsIsOne) {
  const std::vector before{counters(1, 0, 0, 0)};
  std::vector after{counters(1, 12, 3, 4)};
  EXPECT_THAT(explain_link_losses(before, after), IsEmpty());
  after[0].carrier_losses = 2;
  EXPECT_THAT(explain_link_losses(before, after),
              ElementsAre(HasSubstr("the link of eth1 went down 2 times:")));
}

TEST(ExplainInterfaceDrops, EachDeviceAndDirectionHasASentence) {
  const std::vector before{counters(1, 0, 0, 0), counters(2, 5, 5, 5)};
  const std::vector after{counters(2, 5, 6, 5), counters(1, 12, 0, 3)};
  EXPECT_THAT(
      explain_interface_drops(before, after),
      ElementsAre("the device eth2 failed to send 1 packet: look at its link with `ip -s link show "
                  "eth2`; silent endpoints may have been missed",
                  HasSubstr("eth1 was too busy to send 12 packets"),
                  "the device eth1 dropped 3 packets that came in: lengthen its ring with `ethtool -G "
                  "eth1 rx N`, or lower --rate; answers may have been missed"));
}

TEST(ExplainInterfaceDrops, WhatWasOurDoingIsTakenOff) {
  const std::vector before{counters(1, 10, 0, 20), counters(2, 0, 0, 0)};
  std::vector after{counters(1, 210, 0, 720), counters(2, 100, 0, 0)};
  const OwnDrops own{.refused = 300, .taken = 700};
  EXPECT_THAT(explain_interface_drops(before, after, own), IsEmpty());
  after[0].receiving_dropped += 5;
  after[0].receiving_missed = 4;  // for want of a buffer: never ours
  after[1].sending_dropped += 1;
  EXPECT_THAT(explain_interface_drops(before, after, own),
              ElementsAre(HasSubstr("eth1 dropped 9 packets"), HasSubstr("eth2 was too busy to send 1 packet ")));
}

TEST_F(CountersOf, ALinkThatWentDownAndCameBackIsTold) {
  const auto before = read({"left"});
  ASSERT_TRUE(run("ip link set right down && ip link set right up"));
  const auto after = read({"left"});
  ASSERT_EQ(after.size(), 1U);
  EXPECT_TRUE(after[0].carrier);
  EXPECT_THAT(explain_interface_drops(before, after),
              ElementsAre(HasSubstr("the link of left went down 1 time:")));
}

TEST_F(CountersOf, ALinkThatWasDownAllAlongAndNotUsedSaysNothing) {
  ASSERT_TRUE(run("ip link set right down"));
  const auto before = read({"left"});
  EXPECT_THAT(explain_interface_drops(before, read({"left"})), IsEmpty());
}

}  // namespace
}  // namespace sonde
