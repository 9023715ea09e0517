#include "cli/xdp_wiring.h"

#include <gmock/gmock.h>

namespace sonde {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

InterfaceCounters counters(uint32_t index, uint64_t sent) {
  InterfaceCounters of_device;
  of_device.interface_index = index;
  of_device.name = "eth" + std::to_string(index);
  of_device.sent = sent;
  return of_device;
}

PacketBooks books(uint64_t sent, uint64_t answers) {
  PacketBooks packets;
  packets.sent = sent;
  packets.answers = answers;
  return packets;
}

const std::vector<InterfaceCounters> kBefore{counters(1, 1000), counters(2, 50)};

TEST(ExplainXdpDrops, FramesThatDidNotLeaveAreTold) {
  const auto missing = ElementsAre(HasSubstr(" left: a driver, or a veth"));
  EXPECT_THAT(explain_xdp_drops(kBefore, kBefore, books(2, 0)), missing) << "few, none left";
  const std::vector after{counters(1, 1500), counters(2, 50)};
  EXPECT_THAT(explain_xdp_drops(kBefore, after, books(1000, 400)), missing) << "half of them, by one of two devices";
}

TEST(ExplainXdpDrops, FramesThatLeftAreNot) {
  const std::vector after{counters(1, 1600), counters(2, 350)};
  EXPECT_THAT(explain_xdp_drops(kBefore, after, books(1000, 0)), IsEmpty());
}

TEST(ExplainXdpDrops, ADriverThatDoesNotCountThemIsKnownByAnAnswer) {
  EXPECT_THAT(explain_xdp_drops(kBefore, kBefore, books(1000, 1)), IsEmpty());
}

TEST(ExplainXdpDrops, CountersThatCannotBeReadSayNothing) {
  EXPECT_THAT(explain_xdp_drops(kBefore, {}, books(1000, 0)), IsEmpty());
}

TEST(ExplainXdpDrops, AnswersThatTheProgramTookWereNotDropped) {
  std::vector after{counters(1, 2000), counters(2, 50)};
  after[0].receiving_dropped = 700;
  EXPECT_THAT(explain_xdp_drops(kBefore, after, books(1000, 700)), IsEmpty());
  after[0].receiving_dropped = 705;
  EXPECT_THAT(explain_xdp_drops(kBefore, after, books(1000, 700)), ElementsAre(HasSubstr("eth1 dropped 5 ")));
}

}  // namespace
}  // namespace sonde
