#include "engine/sweep/xdp_targets.h"

#include <gmock/gmock.h>

#include "engine/target/target_builder.h"
#include "tests/sim/sim_sweep.h"

namespace sonde {
namespace {

using testing::HasSubstr;

LinkAddress station(uint8_t last) { return {{2, 0, 0, 0, 0, last}, 6}; }

NextHop hop(const char* gateway) {
  NextHop made;
  made.kind = RouteKind::unicast;
  made.interface_index = 1;
  made.source = *IpAddress::parse("10.255.0.1");
  made.through_gateway = gateway != nullptr;
  if (gateway != nullptr) made.neighbour = *IpAddress::parse(gateway);
  made.needs_station = true;
  made.own_station = station(1);
  return made;
}

/// 10.0.0.0/24 is attached; what lies beyond goes to a gateway.
HopAnswer answer(const IpAddress& address, uint32_t) {
  const IpAddress edge = *IpAddress::parse("10.0.0.255");
  if (address.number() > edge.number()) return {hop("10.0.0.254"), *IpAddress::parse("255.255.255.255")};
  NextHop attached = hop(nullptr);
  attached.neighbour = address;
  return {attached, edge};
}

/// What the tables say stands at an index: the arithmetic of the programs.
Endpoint endpoint_at(const XdpTargets& targets, uint64_t index) {
  auto run = std::ranges::upper_bound(targets.runs, index, {}, &sonde_run::first_index) - 1;
  const uint64_t offset = index - run->first_index;
  if (run->port != 0) return {address_of(run->first), run->port};
  const U128 address = address_of(run->first).number() + offset / targets.ports.size();
  return {IpAddress::from_number(address), targets.ports[offset % targets.ports.size()]};
}

TEST(XdpTargets, EveryIndexIsTheEndpointThatTheTargetSetSays) {
  for (const char* text :
       {"10.0.0.0/23", "10.0.0.7 10.0.0.9-10.0.3.1", "10.0.0.0/28 label=a 10.0.9.1:8443 10.0.0.3:99",
        "10.0.1.1:1 10.0.0.1:2 10.0.0.1:3 sni=x.example 10.0.0.1:3"}) {
    SCOPED_TRACE(text);
    const TargetSet set = targets_of(text, "22,80,443");
    const Result<XdpTargets> targets = lay_out_targets(set, answer);
    ASSERT_TRUE(targets) << targets.error().text;
    for (uint64_t index = 0; index < set.size(); ++index)
      EXPECT_EQ(endpoint_at(*targets, index), set.nth(index).endpoint) << index;
  }
}

TEST(XdpTargets, ARangeIsCutWhereTheNextHopChanges) {
  const Result<XdpTargets> targets = lay_out_targets(targets_of("10.0.0.128-10.0.2.0", "80"), answer);
  ASSERT_TRUE(targets);
  ASSERT_EQ(targets->runs.size(), 2u);
  EXPECT_EQ(targets->hops.size(), 2u);
  EXPECT_EQ(targets->on_link, 128u);
  EXPECT_TRUE(is_on_link(targets->hops[targets->runs[0].hop]));
  EXPECT_FALSE(is_on_link(targets->hops[targets->runs[1].hop]));
}

TEST(XdpTargets, WhatDoesNotLeaveByEthernetIsRefusedByName) {
  const struct {
    const char* what;
    std::function<void(NextHop&)> change;
    const char* told;
  } rows[] = {{"this machine's own", [](NextHop& made) { made.kind = RouteKind::local; }, "of this machine"},
              {"no route", [](NextHop& made) { made.kind = RouteKind::none; }, "no route"},
              {"a tunnel", [](NextHop& made) { made.own_station = {}; }, "no Ethernet addresses"}};
  for (const auto& row : rows) {
    SCOPED_TRACE(row.what);
    const auto targets =
        lay_out_targets(targets_of("10.0.0.5", "80"), [&](const IpAddress& address, uint32_t scope) {
          HopAnswer changed = answer(address, scope);
          row.change(changed.hop);
          return changed;
        });
    ASSERT_FALSE(targets);
    EXPECT_THAT(targets.error().text,
                testing::AllOf(HasSubstr("10.0.0.5"), HasSubstr(row.told), HasSubstr("--engine syn")));
  }
}

}  // namespace
}  // namespace sonde
