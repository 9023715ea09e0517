#include "net/next_hops.h"

#include <gmock/gmock.h>
#include <net/if.h>

#include <map>
#include <random>
#include <string>
#include <vector>

#include "net/route.h"
#include "tests/net/own_namespace.h"

namespace sonde {
namespace {

using testing::HasSubstr;

IpAddress ip(const char* text) { return IpAddress::parse(text).value(); }

constexpr LinkAddress kLeftStation{{0x02, 0xfc, 0, 0, 0, 0x0a}, 6};
constexpr LinkAddress kRightStation{{0x02, 0xfc, 0, 0, 0, 0x0b}, 6};

// Two Ethernet links, a tunnel, and routes of every kind over them.
class NextHopsOf : public OwnNamespace {
 protected:
  void SetUp() override {
    OwnNamespace::SetUp();
    if (IsSkipped()) return;
    has_tunnel_ = run("ip tuntap add tunnel mode tun 2>/dev/null");
    if (has_tunnel_)
      ip_commands({"link set tunnel addrgenmode none", "link set tunnel up",
                   "address add 10.0.9.1/24 dev tunnel", "address add 2001:db8:9::1/64 dev tunnel nodad"});
    ip_commands({
        "link add left address 02:fc:00:00:00:0a type veth peer name right address 02:fc:00:00:00:0b",
        "link set left addrgenmode none",
        "link set right addrgenmode none",
        "link set left up",
        "link set right up",
        "address add 10.0.1.1/24 dev left",
        "address add 10.0.1.9/24 dev left",
        "address add 10.0.2.1/24 dev right",
        "address add fe80::a/64 dev left nodad",
        "address add fe80::b/64 dev right nodad",
        "address add 2001:db8:1::1/64 dev left nodad",
        "address add fd00:1::1/64 dev left nodad",
        "address add 2001:db8:2::1/64 dev right nodad",
        "route add default via 10.0.1.2",
        "route add 10.0.1.128/25 via 10.0.2.2",
        "route add unreachable 10.1.1.0/24",
        "route add prohibit 10.1.2.0/24",
        "route add blackhole 10.1.3.0/24",
        "route add 10.1.4.0/24 via inet6 fe80::1 dev right",
        "route add 10.1.6.0/24 via 10.0.1.2 src 10.0.1.9",
        "route add 10.1.7.0/24 nexthop via 10.0.1.2 nexthop via 10.0.2.2",
        "route add default via fe80::1 dev left",
        "route add 2001:db8:a::/48 via 2001:db8:2::2",
        "route add blackhole 2001:db8:d::/48",
        "route add 10.2.0.0/16 via 10.0.2.2 table 100",
        "rule add to 10.2.128.0/17 table 100",
        "route add 10.3.0.0/16 via 10.0.2.2 table 101",
        "rule add from 10.0.1.9 table 101",
    });
  }

  static void ip_commands(const std::vector<std::string>& commands) {
    for (const std::string& command : commands) ASSERT_TRUE(run("ip " + command)) << command;
  }

  static NextHops hops(const RouteOptions& options = {}, const std::optional<IpAddress>& other_source = {}) {
    auto opened = NextHops::open(options, other_source);
    EXPECT_TRUE(opened) << opened.error().text;
    return std::move(*opened);
  }

  bool has_tunnel_ = false;
};

struct Expected {
  const char* destination;
  const char* interface_name;
  const char* source;
  const char* neighbour;
  bool through_gateway;
  const char* own_address;
};

TEST_F(NextHopsOf, EveryDestinationIsSentToItsNeighbour) {
  const Expected rows[] = {
      {"10.0.1.2", "left", "10.0.1.1", "10.0.1.2", false, "10.0.1.1"},
      {"10.0.1.3", "left", "10.0.1.1", "10.0.1.3", false, "10.0.1.1"},
      {"10.0.2.77", "right", "10.0.2.1", "10.0.2.77", false, "10.0.2.1"},
      {"10.0.1.200", "right", "10.0.2.1", "10.0.2.2", true, "10.0.2.1"},  // a gateway inside of the subnet
      {"203.0.113.1", "left", "10.0.1.1", "10.0.1.2", true, "10.0.1.1"},
      {"10.1.4.1", "right", "10.0.2.1", "fe80::1", true, "fe80::b"},  // an IPv6 gateway: RFC 5549
      {"10.1.6.1", "left", "10.0.1.9", "10.0.1.2", true, "10.0.1.9"},
      {"10.2.0.1", "left", "10.0.1.1", "10.0.1.2", true, "10.0.1.1"},
      {"10.2.128.1", "right", "10.0.2.1", "10.0.2.2", true, "10.0.2.1"},  // a rule
      {"2001:db8:1::2", "left", "2001:db8:1::1", "2001:db8:1::2", false, "2001:db8:1::1"},
      {"2001:db8:1::3", "left", "2001:db8:1::1", "2001:db8:1::3", false, "2001:db8:1::1"},
      {"2001:db8:a::1", "right", "2001:db8:2::1", "2001:db8:2::2", true, "2001:db8:2::1"},
      {"2600::1", "left", "2001:db8:1::1", "fe80::1", true, "2001:db8:1::1"},
      {"fd00:2::1", "left", "fd00:1::1", "fe80::1", true, "fd00:1::1"},  // RFC 6724: the same label
  };
  NextHops next_hops = hops();
  for (const Expected& row : rows) {
    SCOPED_TRACE(row.destination);
    const NextHop& hop = next_hops.to(ip(row.destination));
    EXPECT_EQ(to_string(hop.kind), "unicast");
    EXPECT_EQ(hop.interface_index, if_nametoindex(row.interface_name));
    EXPECT_EQ(hop.source.to_string(), row.source);
    EXPECT_EQ(hop.neighbour.to_string(), row.neighbour);
    EXPECT_EQ(hop.through_gateway, row.through_gateway);
    EXPECT_EQ(hop.own_address.to_string(), row.own_address);
    EXPECT_TRUE(hop.needs_station);
    EXPECT_EQ(hop.own_station, row.interface_name == std::string("left") ? kLeftStation : kRightStation);
  }
  EXPECT_EQ(next_hops.failure(), "");
}

TEST_F(NextHopsOf, WhatIsNotSentIsTold) {
  const struct {
    const char* destination;
    RouteKind kind;
  } rows[] = {
      {"10.0.1.1", RouteKind::local},
      {"10.0.1.255", RouteKind::broadcast},
      {"10.1.1.1", RouteKind::unreachable},
      {"10.1.2.1", RouteKind::prohibit},
      {"10.1.3.1", RouteKind::blackhole},
      {"2001:db8:d::1", RouteKind::blackhole},
      {"2001:db8:1::1", RouteKind::local},
      {"::1", RouteKind::local},
      {"127.0.0.1", RouteKind::local},
      {"224.0.0.1", RouteKind::multicast},
      {"255.255.255.255", RouteKind::broadcast},
      {"ff02::1", RouteKind::multicast},
  };
  NextHops next_hops = hops();
  // A neighbour in the same block first: it does not decide for them.
  for (const char* near : {"10.0.1.2", "203.0.113.1", "240.0.0.1", "2600::1"}) next_hops.to(ip(near));
  for (const auto& row : rows)
    EXPECT_EQ(to_string(next_hops.to(ip(row.destination)).kind), to_string(row.kind)) << row.destination;
}

TEST_F(NextHopsOf, WithoutARouteThereIsNone) {
  ASSERT_TRUE(run("ip route del default") && run("ip -6 route del default"));
  NextHops next_hops = hops();
  EXPECT_EQ(next_hops.to(ip("203.0.113.1")).kind, RouteKind::none);
  EXPECT_EQ(next_hops.to(ip("2600::1")).kind, RouteKind::none);
}

TEST_F(NextHopsOf, WithoutAnAddressToSendFromThereIsNone) {
  ip_commands({"address flush dev left scope global", "address flush dev right scope global",
               "address flush dev lo", "route add 10.50.0.0/16 dev left"});
  if (has_tunnel_) ip_commands({"link del tunnel"});
  EXPECT_EQ(hops().to(ip("10.50.0.1")).kind, RouteKind::none);
}

TEST_F(NextHopsOf, TunnelsHaveNoStations) {
  if (!has_tunnel_) GTEST_SKIP() << "this machine has no tun devices";
  NextHops next_hops = hops();
  for (const char* destination : {"10.0.9.7", "2001:db8:9::7"}) {
    const NextHop& hop = next_hops.to(ip(destination));
    EXPECT_EQ(hop.kind, RouteKind::unicast);
    EXPECT_EQ(hop.interface_index, if_nametoindex("tunnel"));
    EXPECT_FALSE(hop.needs_station);
    EXPECT_EQ(hop.own_station, LinkAddress{});
  }
}

TEST_F(NextHopsOf, AnEthernetLinkWithoutArpHasNoStationsToAskFor) {
  ASSERT_TRUE(run("ip link set right arp off"));
  const NextHop hop = hops().to(ip("10.0.2.77"));
  EXPECT_EQ(hop.kind, RouteKind::unicast);
  EXPECT_FALSE(hop.needs_station);
  EXPECT_EQ(hop.own_station, kRightStation);
}

TEST_F(NextHopsOf, LinkLocalDestinationsLeaveByTheirScope) {
  NextHops next_hops = hops();
  for (int round = 0; round < 2; ++round)
    for (const char* name : {"left", "right"}) {
      const NextHop& hop = next_hops.to(ip("fe80::77"), if_nametoindex(name));
      EXPECT_EQ(hop.kind, RouteKind::unicast);
      EXPECT_EQ(hop.interface_index, if_nametoindex(name));
      EXPECT_EQ(hop.source, ip(name == std::string("left") ? "fe80::a" : "fe80::b"));
      EXPECT_EQ(hop.neighbour, ip("fe80::77"));
    }
  EXPECT_EQ(next_hops.lookups(), 2U);
  EXPECT_EQ(next_hops.to(ip("fe80::a"), if_nametoindex("left")).kind, RouteKind::local);
}

TEST_F(NextHopsOf, ALinkLocalDestinationWithoutItsLinkHasNoRoute) {
  NextHops any = hops();
  EXPECT_EQ(any.to(ip("fe80::77")).kind, RouteKind::none);
  NextHops by_right = hops({if_nametoindex("right"), {}});
  EXPECT_EQ(by_right.to(ip("fe80::77"), if_nametoindex("left")).kind, RouteKind::none);
  EXPECT_EQ(by_right.to(ip("fe80::77")).interface_index, if_nametoindex("right"));
}

TEST_F(NextHopsOf, AFailedLookupSaysWhyAndIsNotRemembered) {
  NextHops next_hops = hops();
  for (uint64_t attempt = 1; attempt <= 2; ++attempt) {
    EXPECT_EQ(next_hops.to(ip("fe80::77"), 9999).kind, RouteKind::none);
    EXPECT_THAT(next_hops.failure(), HasSubstr("9999"));
    EXPECT_EQ(next_hops.lookups(), attempt);
  }
}

TEST_F(NextHopsOf, AnInterfaceThatCameLaterIsAFailure) {
  NextHops next_hops = hops();
  ip_commands({"link add late type veth peer name later", "link set late up", "link set later up",
               "address add 10.77.0.1/24 dev late"});
  EXPECT_EQ(next_hops.to(ip("10.77.0.2")).kind, RouteKind::none);
  EXPECT_THAT(next_hops.failure(), HasSubstr("late"));
}

TEST_F(NextHopsOf, AnInterfaceAskedForIsTheOneThatIsUsed) {
  NextHops next_hops = hops({if_nametoindex("right"), {}});
  const NextHop far = next_hops.to(ip("203.0.113.1"));
  EXPECT_EQ(far.kind, RouteKind::unicast);
  EXPECT_EQ(far.interface_index, if_nametoindex("right"));
  EXPECT_EQ(far.neighbour, ip("203.0.113.1")) << "no gateway there: a neighbour";
  EXPECT_EQ(next_hops.to(ip("10.0.1.200")).neighbour, ip("10.0.2.2"));
}

TEST_F(NextHopsOf, SourcesAskedForAreUsedEachForItsFamily) {
  NextHops next_hops = hops({0, ip("fd00:1::1")}, ip("10.0.1.9"));
  EXPECT_EQ(next_hops.to(ip("10.0.1.2")).source, ip("10.0.1.9"));
  EXPECT_EQ(next_hops.to(ip("2001:db8:1::2")).source, ip("fd00:1::1"));
  EXPECT_EQ(next_hops.to(ip("10.3.0.1")).neighbour, ip("10.0.2.2")) << "the rule for this source";
  NextHops only_v4 = hops({0, ip("10.0.1.9")});
  EXPECT_EQ(only_v4.to(ip("2001:db8:1::2")).source, ip("2001:db8:1::1"));
  // A foreign source is none to solicit a neighbour from.
  const NextHop by_right = next_hops.to(ip("2001:db8:2::7"));
  EXPECT_EQ(by_right.source, ip("fd00:1::1"));
  EXPECT_EQ(by_right.own_address, ip("fe80::b"));
}

TEST_F(NextHopsOf, WhatThisMachineDoesNotHaveIsAnErrorWithAName) {
  ip_commands({"link add idle type veth peer name idler"});
  const struct {
    RouteOptions options;
    const char* text;
  } rows[] = {
      {{9999, {}}, "no interface has the index 9999"},
      {{0, ip("10.77.0.1")}, "10.77.0.1 is not an address of this machine"},
      {{if_nametoindex("idle"), {}}, "the interface idle is down: `ip link set idle up`"},
  };
  for (const auto& row : rows) {
    const auto opened = NextHops::open(row.options);
    ASSERT_FALSE(opened) << row.text;
    EXPECT_THAT(opened.error().text, HasSubstr(row.text));
  }
}

TEST_F(NextHopsOf, TheKernelIsAskedOnceForABlock) {
  NextHops next_hops = hops();
  for (uint32_t i = 2; i < 128; ++i) next_hops.to(IpAddress::v4(0x0a000100 + i));
  const uint64_t of_one_subnet = next_hops.lookups();
  EXPECT_LE(of_one_subnet, 3U) << "10.0.1.9 divides it";
  for (uint32_t round = 0; round < 2; ++round)
    for (uint32_t i = 0; i < 4096; ++i) next_hops.to(IpAddress::v4(0x0b000000 + (i << 12)));
  EXPECT_EQ(next_hops.lookups(), of_one_subnet + 1);
}

// Destinations of both families, everywhere and near the edges, are sent as the
// kernel says, whatever has been asked before: sources included, though this
// machine has many to choose from.
TEST_F(NextHopsOf, RememberedAnswersAreTheKernelsOwn) {
  ip_commands(
      {"address add 2001:db8:1:8000::1/64 dev left nodad", "address add 2001:db8:1::ff/128 dev left nodad",
       "address add 2001:db8:f000::1/48 dev left nodad", "address add 2002:a00:1::1/64 dev left nodad",
       "address add 2a00:1::1/64 dev left nodad", "address add 2001:db8:1::1:1/112 dev right nodad",
       "-6 addrlabel add prefix 2a00:2::/32 label 77", "-6 addrlabel add prefix 2a00:1::/64 label 77"});
  NextHops next_hops = hops();
  auto routes = RouteTable::open();
  ASSERT_TRUE(routes);
  std::mt19937_64 random(7);
  const auto near = [&](const char* first, unsigned free_bits) {
    const U128 number = (U128{random()} << 64) | random();
    const U128 mask = free_bits == 128 ? ~U128{0} : (U128{1} << free_bits) - 1;
    return IpAddress::from_number(ip(first).number() ^ (number & mask & (~U128{0} >> random() % 128)));
  };
  const struct {
    const char* first;
    unsigned free_bits;
  } blocks[] = {{"0.0.0.0", 32},      {"10.0.0.0", 20},     {"10.1.0.0", 11},    {"2001:db8::", 96},
                {"2001:db8:1::", 80}, {"2001:db8:1::", 64}, {"2001:db8:1::", 9}, {"2a00::", 98},
                {"fd00:1::", 112},    {"2002::", 112},      {"2000::", 125},     {"fc00::", 121},
                {"2001:db8:1::", 17}};
  std::map<std::string, int> sources;
  for (int i = 0; i < 4000; ++i) {
    const auto& block = blocks[random() % std::size(blocks)];
    const IpAddress destination = near(block.first, block.free_bits);
    SCOPED_TRACE(destination.to_string());
    const auto route = routes->route_to(destination);
    ASSERT_TRUE(route) << route.error().text;
    const NextHop& hop = next_hops.to(destination);
    const bool multipath = destination.is_v4() && (destination.v4_number() >> 8) == 0x0a0107;
    ASSERT_EQ(to_string(hop.kind), to_string(route->kind));
    if (hop.kind != RouteKind::unicast || multipath) continue;
    ASSERT_EQ(hop.interface_index, route->interface_index);
    ASSERT_EQ(hop.source.to_string(), route->source->to_string());
    ASSERT_EQ(hop.neighbour, route->gateway.value_or(destination));
    ASSERT_EQ(hop.through_gateway, route->gateway.has_value());
    ++sources[hop.source.to_string()];
  }
  EXPECT_GE(sources.size(), 9U) << "the sample covers the choice";
  EXPECT_LT(next_hops.lookups(), 200U);
}

TEST_F(NextHopsOf, OneOfSeveralNextHopsServesABlock) {
  NextHops next_hops = hops();
  const NextHop first = next_hops.to(ip("10.1.7.1"));
  EXPECT_TRUE(first.neighbour == ip("10.0.1.2") || first.neighbour == ip("10.0.2.2"));
  for (uint32_t i = 2; i < 50; ++i) EXPECT_EQ(next_hops.to(IpAddress::v4(0x0a010700 + i)), first);
}

}  // namespace
}  // namespace sonde
