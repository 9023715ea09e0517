#include <gmock/gmock.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>

#include <algorithm>
#include <set>

#include "net/packet/wire.h"
#include "tests/net/own_namespace.h"
#include "tests/net/xdp/swept_set.h"

namespace sonde {
namespace {

using packets::Bytes;

/// What SynBuilder and a plain Ethernet header make of the same probe.
Bytes expected_frame(const XdpHop& hop, const LinkAddress& to, const Endpoint& endpoint, uint16_t source_port,
                     uint32_t timestamp) {
  Bytes frame;
  const auto put_station = [&frame](const LinkAddress& station) {
    for (size_t i = 0; i < 6; ++i) packets::put(frame, station.bytes[i], 1);
  };
  put_station(to);
  put_station(hop.own);
  if (hop.vlan != 0) packets::put(frame, uint64_t{ETH_P_8021Q} << 16 | hop.vlan, 4);
  packets::put(frame, hop.source.is_v4() ? ETH_P_IP : ETH_P_IPV6, 2);
  Bytes packet(kLargestSyn);
  packet.resize(SynBuilder(hop.source, kSweepKey).build(endpoint, source_port, timestamp, packet));
  return packets::joined(frame, packet);
}

/// Needs the right to load BPF programs, and nothing of the network.
class Generate : public OwnNamespace {
 protected:
  /// The frame of a step, after other hands had the page.
  static XdpTrial frame_of(XdpSweep& sweep, uint64_t step, size_t room = SONDE_FRAME_ROOM) {
    sweep.prepare(static_cast<uint32_t>(sched_getcpu()), step, step + 1);
    const Bytes used(room, std::byte{0xee});
    auto trial = sweep.trial(XdpProgram::generate, used);
    EXPECT_TRUE(trial) << trial.error().text;
    return trial ? *trial : XdpTrial{};
  }

  /// Every step of the set gives the frame that SynBuilder gives.
  static void expect_equal_frames(SweptSet& set) {
    const PinnedToOneCore pinned;
    const auto sweep = set.open();
    ASSERT_TRUE(sweep);
    for (uint64_t step = 0; step < set.steps(); ++step) {
      const XdpTrial made = frame_of(*sweep, step);
      ASSERT_EQ(made.action, static_cast<uint32_t>(XDP_REDIRECT));
      const XdpHop& hop = set.hop_of_step(step);
      const size_t tcp = 14 + (hop.vlan != 0 ? 4 : 0) + (hop.source.is_v4() ? 20 : 40);
      ASSERT_GE(made.frame.size(), tcp + 40);
      const uint16_t port = load_u16(made.frame, tcp);
      EXPECT_TRUE(port >= kFirstPort && port <= kLastPort);
      const Bytes right = expected_frame(hop, kTheirStation, set.endpoint_of_step(step), port,
                                         load_u32(made.frame, tcp + SONDE_SYN_TIMESTAMP_AT));
      EXPECT_EQ(made.frame, right) << set.endpoint_of_step(step).to_string();
    }
    EXPECT_EQ(sweep->counters().built, set.steps());
  }
};

TEST_F(Generate, OneIpv4Address) {
  SweptSet set({443});
  expect_equal_frames(set.through("198.18.0.1").addresses("198.18.1.7", 1));
}

TEST_F(Generate, Ipv6AcrossTheLowHalf) {
  SweptSet set({22, 65535});
  expect_equal_frames(set.through("2001:db8::1").addresses("2001:db8:0:1:ffff:ffff:ffff:fff0", 40));
}

TEST_F(Generate, VlanOfBothFamilies) {
  SweptSet set({1, 80, 443});
  set.through("198.18.0.1", 5).addresses("10.0.0.254", 5);
  expect_equal_frames(set.through("2001:db8::1", 4094).addresses("2001:db8::fffe", 5));
}

TEST_F(Generate, IntervalsHostsAndPairs) {
  SweptSet set({80, 8080});
  set.through("198.18.0.1").addresses("10.0.0.1", 1).addresses("10.0.0.3", 9);
  set.through("198.18.0.2").addresses("10.0.1.0", 2).next_section();
  set.addresses("9.0.0.1", 1).addresses("10.0.0.2", 1).next_section();
  set.pair("8.0.0.1", 1).pair("8.0.0.1", 2).pair("10.0.0.2", 65535);
  set.through("2001:db8::1").pair("2001:db8::9", 25).next_section();
  expect_equal_frames(set);
}

TEST_F(Generate, PairsAlone) {
  SweptSet set;
  set.through("198.18.0.1");
  for (uint16_t i = 1; i < 99; ++i) set.pair("10.0.0.7", static_cast<uint16_t>(i * 661));
  expect_equal_frames(set);
}

TEST_F(Generate, ManyIntervals) {
  SweptSet set({80, 443});
  set.through("198.18.0.1");
  for (unsigned i = 0; i < 400; ++i)
    set.addresses(IpAddress::v4(0x0a000000 + i * i * 16).to_string(), 1 + i % 3);
  expect_equal_frames(set);
}

TEST_F(Generate, AllPortsOfAnAddress) {
  std::vector<uint16_t> ports;
  for (uint32_t port = 1; port <= 65535; ++port) ports.push_back(static_cast<uint16_t>(port));
  SweptSet set(ports);
  set.through("198.18.0.1").addresses("10.0.0.1", 1).shard(0, 97);
  expect_equal_frames(set);
}

/// The endpoints that the frames of the steps below `steps` go to, in order.
std::vector<Endpoint> endpoints_of(XdpSweep& sweep, uint64_t steps) {
  std::vector<Endpoint> found;
  sweep.prepare(static_cast<uint32_t>(sched_getcpu()), 0, steps);
  const Bytes page(SONDE_FRAME_ROOM);
  for (uint64_t turn = 0; turn <= steps; ++turn) {
    const auto made = sweep.trial(XdpProgram::generate, page);
    EXPECT_TRUE(made) << made.error().text;
    if (!made || made->action != XDP_REDIRECT) continue;  // a turn without a probe: many words are answered
    found.push_back({load_ipv4(made->frame, 30), load_u16(made->frame, 36)});
  }
  return found;
}

TEST_F(Generate, ShardsTogetherAreEveryEndpointOnce) {
  const PinnedToOneCore pinned;
  std::vector<Endpoint> all, right;
  for (uint64_t shard = 0; shard < 3; ++shard) {
    SweptSet set({80, 443, 8443});
    set.through("198.18.0.1").addresses("10.0.0.250", 37).addresses("10.0.9.0", 4).shard(shard, 3);
    const auto sweep = set.open();
    ASSERT_TRUE(sweep);
    for (const Endpoint& endpoint : endpoints_of(*sweep, set.steps())) all.push_back(endpoint);
    right = set.endpoints;
  }
  EXPECT_THAT(all, testing::UnorderedElementsAreArray(right));
}

TEST_F(Generate, SlicesTogetherAreEveryEndpointOnce) {
  const PinnedToOneCore pinned;
  SweptSet set({80, 443});
  set.through("198.18.0.1").addresses("10.0.0.0", 50);
  const auto sweep = set.open();
  ASSERT_TRUE(sweep);
  std::vector<Endpoint> all;
  for (uint64_t first = 0; first < 100; first += 33) {
    const uint64_t steps = std::min<uint64_t>(33, 100 - first);
    sweep->set_slice(first, steps);
    for (const Endpoint& endpoint : endpoints_of(*sweep, steps)) all.push_back(endpoint);
  }
  EXPECT_THAT(all, testing::UnorderedElementsAreArray(set.endpoints));
}

TEST_F(Generate, PassesOverWhatIsAnswered) {
  const PinnedToOneCore pinned;
  SweptSet set({80});
  set.through("198.18.0.1").addresses("10.0.0.0", 5000);
  const auto sweep = set.open();
  ASSERT_TRUE(sweep);
  std::ranges::fill(sweep->ledger(), ~uint64_t{0});
  std::vector<Endpoint> right;
  for (const uint64_t step : {0u, 31u, 32u, 77u, 2046u, 4998u, 4999u}) {
    sweep->ledger()[step / 32] &= ~(uint64_t{3} << (2 * (step % 32)));
    right.push_back(set.endpoint_of_step(step));
  }
  EXPECT_EQ(endpoints_of(*sweep, 5000), right);
  EXPECT_EQ(sweep->counters().skipped, 5000u - right.size());
}

TEST_F(Generate, AnotherAttemptIsAnotherFlow) {
  const PinnedToOneCore pinned;
  SweptSet set({80});
  set.through("198.18.0.1").addresses("10.0.0.0", 1);
  const auto sweep = set.open();
  ASSERT_TRUE(sweep);
  std::set<uint16_t> ports;
  for (uint32_t attempt = 0; attempt < 16; ++attempt) {
    sweep->set_attempt(attempt);
    sweep->prepare(pinned.core(), 1, 1);
    ports.insert(load_u16(frame_of(*sweep, 0).frame, 34));
  }
  EXPECT_EQ(ports.size(), 16u);
}

TEST_F(Generate, AsksForTheStationOfEachTargetOnItsLink) {
  const PinnedToOneCore pinned;
  SweptSet set({80});
  set.tables.most_neighbours = 1;
  set.through({1, packets::address("10.0.0.1"), kOurStation, {}, 0}).addresses("10.0.0.7", 1);
  const auto sweep = set.open();
  ASSERT_TRUE(sweep);
  EXPECT_EQ(frame_of(*sweep, 0).action, static_cast<uint32_t>(XDP_DROP));
  EXPECT_EQ(sweep->counters().unresolved, 1u);
  ASSERT_TRUE(sweep->set_neighbour(1, packets::address("10.0.0.7"), kTheirStation));
  const XdpTrial made = frame_of(*sweep, 0);
  EXPECT_EQ(made.action, static_cast<uint32_t>(XDP_REDIRECT));
  const uint16_t port = load_u16(made.frame, 34);
  EXPECT_EQ(made.frame, expected_frame(set.tables.hops[0], kTheirStation, set.endpoints[0], port,
                                       load_u32(made.frame, 34 + SONDE_SYN_TIMESTAMP_AT)));
  const auto one_more = sweep->set_neighbour(1, packets::address("10.0.0.8"), kTheirStation);
  ASSERT_FALSE(one_more);
  EXPECT_THAT(one_more.error().text, testing::HasSubstr("10.0.0.8"));
}

TEST_F(Generate, TakesAPageOfAnyLength) {
  const PinnedToOneCore pinned;
  SweptSet set({80});
  set.through("2001:db8::1").addresses("2001:db8::7", 1);
  const auto sweep = set.open();
  ASSERT_TRUE(sweep);
  for (const size_t room : {14u, 60u, 93u, 94u, 95u, 1500u}) {
    sweep->prepare(pinned.core(), 1, 1);
    EXPECT_EQ(frame_of(*sweep, 0, room).frame.size(), 94u) << room;
  }
}

TEST_F(Generate, WaitsForItsTime) {
  const PinnedToOneCore pinned;
  SweptSet set({80});
  set.through("198.18.0.1").addresses("10.0.0.0", 100);
  const auto sweep = set.open();
  ASSERT_TRUE(sweep);
  sweep->set_rate(0.001, 1);
  EXPECT_THAT(endpoints_of(*sweep, 50), testing::SizeIs(1));
  EXPECT_EQ(sweep->counters().waits, 50u);
  sweep->set_rate(0, 1);
  EXPECT_THAT(endpoints_of(*sweep, 100), testing::SizeIs(100));
}

TEST_F(Generate, NothingLeavesAfterStop) {
  const PinnedToOneCore pinned;
  SweptSet set({80});
  set.through("198.18.0.1").addresses("10.0.0.0", 1);
  const auto sweep = set.open();
  ASSERT_TRUE(sweep);
  sweep->stop();
  EXPECT_EQ(frame_of(*sweep, 0).action, static_cast<uint32_t>(XDP_DROP));
}

}  // namespace
}  // namespace sonde
