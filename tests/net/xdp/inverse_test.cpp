#include <gmock/gmock.h>

#include "tests/net/own_namespace.h"
#include "tests/net/xdp/answers.h"

namespace sonde {
namespace {

using namespace packets;

/// Each endpoint of a set, answered, is marked at its own step and no other.
void expect_steps_found(SweptSet& set) {
  const auto sweep = set.open();
  ASSERT_TRUE(sweep);
  uint64_t entered = 0;
  for (size_t index = 0; index < set.endpoints.size(); ++index) {
    const Endpoint& to = set.endpoints[index];
    const bool v4 = to.address.is_v4();
    const std::string us(v4 ? kUs : kUs6), them = to.address.to_string();
    Tcp closed =
        answer(syn_sequence(kSweepKey, {address(us), kOurs, to.address, to.port}) + 1, kTcpRst | kTcpAck);
    closed.from = to.port;
    const Bytes packet =
        v4 ? ipv4({.from = them, .to = us}, tcp(closed)) : ipv6({.from = them, .to = us}, tcp(closed));
    ASSERT_TRUE(sweep->trial(XdpProgram::receive, frame(packet), 1));
    EXPECT_TRUE(sweep->take_events(
        [&](const sonde_event& event) {
          ++entered;
          EXPECT_EQ(set.endpoint_of_step(event.step), to);
          EXPECT_EQ(mark_at(sweep->ledger(), event.step), static_cast<unsigned>(SONDE_CLOSED));
        },
        Nanos::zero()));
  }
  EXPECT_EQ(entered, set.steps());
  EXPECT_EQ(sweep->counters().outside, set.endpoints.size() - entered);
}

class Inverse : public OwnNamespace {};

TEST_F(Inverse, IntervalsHostsAndPairs) {
  SweptSet set({1, 80, 65535});
  set.through(kUs).addresses("10.0.0.1", 1).addresses("10.0.0.3", 9).addresses("10.0.0.255", 3);
  set.through(kUs6).addresses("2001:db8:0:1:ffff:ffff:ffff:fffe", 5).next_section();
  set.through(kUs).addresses("9.0.0.1", 1).addresses("10.0.0.2", 1).next_section();
  set.pair("8.0.0.1", 1).pair("8.0.0.1", 2).pair("10.0.0.2", 65534);
  set.through(kUs6).pair("2001:db8::9", 25).pair("2001:db8::9", 26).next_section();
  expect_steps_found(set);
}

TEST_F(Inverse, AShard) {
  SweptSet set({22, 443});
  set.through(kUs).shard(2, 5);
  for (const char* first : {"10.0.0.0", "10.1.0.0", "10.1.0.7", "10.1.0.9", "10.200.0.0", "172.16.0.1"})
    set.addresses(first, 2);
  expect_steps_found(set);
}

TEST_F(Inverse, ManyPairsAndIntervals) {
  SweptSet set({80, 443});
  set.through(kUs);
  for (unsigned i = 0; i < 300; ++i)
    set.addresses(IpAddress::v4(0x0a000000 + i * i * 16).to_string(), 1 + i % 3);
  set.next_section();
  for (unsigned i = 0; i < 700; ++i)
    set.pair(IpAddress::v4(0x0b000000 + i / 5 * 7).to_string(), static_cast<uint16_t>(1000 + i % 5 * 9));
  set.next_section();
  expect_steps_found(set);
}

TEST_F(Inverse, OneEndpoint) {
  SweptSet set;
  set.through(kUs6).pair("2001:db8::ffff", 65535);
  expect_steps_found(set);
}

TEST_F(Inverse, WhatIsNotInTheSetIsOutside) {
  SweptSet set({80});
  set.through(kUs).addresses("10.0.0.2", 2).addresses("10.0.0.6", 2).next_section();
  set.pair("10.0.0.9", 80).next_section();
  const auto sweep = set.open();
  ASSERT_TRUE(sweep);
  uint64_t outside = 0;
  for (const auto& [them, port] : {std::pair{"10.0.0.1", 80},
                                   {"10.0.0.4", 80},
                                   {"10.0.0.8", 80},
                                   {"10.0.0.2", 81},
                                   {"10.0.0.9", 79},
                                   {"10.0.0.9", 81},
                                   {"9.255.255.255", 80}}) {
    const auto their_port = static_cast<uint16_t>(port);
    Tcp closed = answer(cookie(kUs, them, their_port) + 1, kTcpRst | kTcpAck);
    closed.from = their_port;
    ASSERT_TRUE(sweep->trial(XdpProgram::receive, frame(ipv4({.from = them, .to = kUs}, tcp(closed))), 1));
    EXPECT_EQ(sweep->counters().outside, ++outside) << them << ":" << port;
  }
  EXPECT_EQ(sweep->ledger()[0], 0u);
}

TEST_F(Inverse, FullRingLeavesTheRestForALaterPass) {
  SweptSet set({80});
  set.through(kUs).addresses("10.0.0.0", 200);
  set.tables.event_bytes = 4096;
  const auto sweep = set.open();
  ASSERT_TRUE(sweep);
  const auto answer_all = [&] {
    for (const Endpoint& to : set.endpoints) {
      const std::string them = to.address.to_string();
      Tcp closed = answer(cookie(kUs, them, 80) + 1, kTcpRst | kTcpAck);
      closed.from = 80;
      ASSERT_TRUE(sweep->trial(XdpProgram::receive, frame(ipv4({.from = them, .to = kUs}, tcp(closed))), 1));
    }
  };
  uint64_t told = 0;
  for (int pass = 0; pass < 20 && told < 200; ++pass) {
    answer_all();
    uint64_t marked = 0;
    for (uint64_t step = 0; step < 200; ++step) marked += mark_at(sweep->ledger(), step) != 0;
    EXPECT_TRUE(sweep->take_events([&](const sonde_event&) { ++told; }, Nanos::zero()));
    EXPECT_EQ(told, marked);
  }
  EXPECT_EQ(told, 200u);
  EXPECT_GT(sweep->counters().ring_full, 0u);
}

}  // namespace
}  // namespace sonde
