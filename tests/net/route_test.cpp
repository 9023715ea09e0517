#include "net/route.h"

#include <gmock/gmock.h>
#include <net/if.h>

#include <algorithm>

#include "tests/net/own_namespace.h"

namespace sonde {
namespace {

using testing::Contains;
using testing::HasSubstr;

IpAddress ip(const char* text) { return IpAddress::parse(text).value(); }

// Two links, each with a network of both families, and one route of every kind.
class Routes : public OwnNamespace {
 protected:
  void SetUp() override {
    OwnNamespace::SetUp();
    if (IsSkipped()) return;
    make_pair();
    for (const char* command : {
             "address add 10.0.1.1/24 dev left",
             "address add 10.0.1.9/24 dev left",
             "address add 10.0.2.1/24 dev right",
             "address add 2001:db8:1::1/64 dev left nodad",
             "address add 2001:db8:2::1/64 dev right nodad",
             "route add 10.1.0.0/16 via 10.0.1.2",
             "route add unreachable 10.1.1.0/24",
             "route add prohibit 10.1.2.0/24",
             "route add blackhole 10.1.3.0/24",
             "route add 10.1.4.0/24 via inet6 fe80::1 dev right",
             "route add 10.1.5.0/24 via 10.0.2.2 mtu 1280",
             "route add 10.1.6.0/24 via 10.0.1.2 src 10.0.1.9",
             "route add 10.1.7.0/24 nexthop via 10.0.1.2 nexthop via 10.0.2.2",
             "route add 2001:db8:a::/48 via 2001:db8:1::2",
             "route add unreachable 2001:db8:b::/48",
             "route add prohibit 2001:db8:c::/48",
             "route add blackhole 2001:db8:d::/48",
             "route add 10.2.0.0/16 via 10.0.2.2 table 100",
             "rule add to 10.2.128.0/17 table 100",
         })
      ASSERT_TRUE(run(std::string("ip ") + command)) << command;
  }

  static RouteTable table() {
    auto opened = RouteTable::open();
    EXPECT_TRUE(opened) << opened.error().text;
    return std::move(*opened);
  }
};

struct Expected {
  const char* destination;
  RouteKind kind;
  const char* interface_name;
  const char* gateway;
  const char* source;
  uint32_t mtu;
};

std::string text_of(const std::optional<IpAddress>& address) { return address ? address->to_string() : ""; }

TEST_F(Routes, EveryDestinationGoesWhereTheKernelWouldSendIt) {
  const Expected rows[] = {
      {"10.0.1.2", RouteKind::unicast, "left", "", "10.0.1.1", 0},
      {"10.0.2.77", RouteKind::unicast, "right", "", "10.0.2.1", 0},
      {"10.0.1.1", RouteKind::local, "lo", "", "10.0.1.1", 0},
      {"127.0.0.1", RouteKind::local, "lo", "", "127.0.0.1", 0},
      {"10.0.1.255", RouteKind::broadcast, "left", "", "10.0.1.1", 0},
      {"10.1.0.1", RouteKind::unicast, "left", "10.0.1.2", "10.0.1.1", 0},
      {"10.1.1.1", RouteKind::unreachable, "", "", "", 0},
      {"10.1.2.1", RouteKind::prohibit, "", "", "", 0},
      {"10.1.3.1", RouteKind::blackhole, "", "", "", 0},
      {"10.1.4.1", RouteKind::unicast, "right", "fe80::1", "10.0.2.1", 0},
      {"10.1.5.1", RouteKind::unicast, "right", "10.0.2.2", "10.0.2.1", 1280},
      {"10.1.6.1", RouteKind::unicast, "left", "10.0.1.2", "10.0.1.9", 0},
      {"203.0.113.1", RouteKind::none, "", "", "", 0},
      {"10.2.0.1", RouteKind::none, "", "", "", 0},
      {"10.2.128.1", RouteKind::unicast, "right", "10.0.2.2", "10.0.2.1", 0},
      {"::1", RouteKind::local, "lo", "", "::1", 0},
      {"2001:db8:1::2", RouteKind::unicast, "left", "", "2001:db8:1::1", 0},
      {"2001:db8:a::1", RouteKind::unicast, "left", "2001:db8:1::2", "2001:db8:1::1", 0},
      {"2001:db8:ffff::1", RouteKind::none, "", "", "", 0},
  };
  RouteTable routes = table();
  for (const Expected& row : rows) {
    SCOPED_TRACE(row.destination);
    const auto route = routes.route_to(ip(row.destination));
    ASSERT_TRUE(route) << route.error().text;
    EXPECT_EQ(to_string(route->kind), to_string(row.kind));
    EXPECT_EQ(route->interface_name, row.interface_name);
    EXPECT_EQ(text_of(route->gateway), row.gateway);
    EXPECT_EQ(text_of(route->source), row.source);
    EXPECT_EQ(route->mtu, row.mtu);
  }
}

TEST_F(Routes, RefusingIpv6RoutesAreToldApart) {
  RouteTable routes = table();
  EXPECT_EQ(routes.route_to(ip("2001:db8:b::1"))->kind, RouteKind::unreachable);
  EXPECT_EQ(routes.route_to(ip("2001:db8:c::1"))->kind, RouteKind::prohibit);
  EXPECT_EQ(routes.route_to(ip("2001:db8:d::1"))->kind, RouteKind::blackhole);
}

TEST_F(Routes, AScopePicksTheInterfaceOfALinkLocalDestination) {
  RouteTable routes = table();
  for (const char* name : {"left", "right"}) {
    const uint32_t index = if_nametoindex(name);
    const auto route = routes.route_to(ip("fe80::77"), index);
    ASSERT_TRUE(route) << route.error().text;
    EXPECT_EQ(route->kind, RouteKind::unicast);
    EXPECT_EQ(route->interface_index, index);
    EXPECT_EQ(route->interface_name, name);
  }
}

TEST_F(Routes, OptionsNarrowTheLookup) {
  RouteTable routes = table();
  const auto by_source = routes.route_to(ip("10.0.1.2"), 0, {0, ip("10.0.1.9")});
  ASSERT_TRUE(by_source) << by_source.error().text;
  EXPECT_EQ(by_source->interface_name, "left");
  const auto by_interface = routes.route_to(ip("203.0.113.1"), 0, {if_nametoindex("right"), {}});
  ASSERT_TRUE(by_interface) << by_interface.error().text;
  EXPECT_EQ(by_interface->kind, RouteKind::unicast);
  EXPECT_EQ(by_interface->interface_name, "right");
}

TEST_F(Routes, WhatThisMachineDoesNotHaveIsAnErrorWithAName) {
  RouteTable routes = table();
  const struct {
    const char* destination;
    RouteOptions options;
    const char* text;
  } rows[] = {
      {"10.0.1.2", {0, ip("10.77.0.1")}, "10.77.0.1 is not an address of this machine"},
      {"10.0.1.2", {0, ip("2001:db8:1::1")}, "one is IPv4, the other IPv6"},
      {"10.0.1.2", {9999, {}}, "no interface has the index 9999"},
      {"2001:db8:a::1", {9999, {}}, "no interface has the index 9999"},
  };
  for (const auto& row : rows) {
    const auto route = routes.route_to(ip(row.destination), 0, row.options);
    ASSERT_FALSE(route) << row.text;
    EXPECT_THAT(route.error().text, HasSubstr(row.text));
    EXPECT_EQ(route.error().kind, ErrorKind::usage);
  }
  // A blackhole is one also when it is asked about with a source.
  const auto blackhole = routes.route_to(ip("10.1.3.1"), 0, {0, ip("10.0.1.9")});
  ASSERT_TRUE(blackhole) << blackhole.error().text;
  EXPECT_EQ(blackhole->kind, RouteKind::blackhole);
}

TEST_F(Routes, TheTablesAreListedWhole) {
  const auto entries = table().routes();
  ASSERT_TRUE(entries) << entries.error().text;
  const auto entry_of = [&](const char* first, uint8_t length) {
    const RoutePrefix prefix{ip(first), length};
    return std::find_if(entries->begin(), entries->end(),
                        [&](const TableRoute& entry) { return entry.prefix == prefix; });
  };
  const auto plain = entry_of("10.1.0.0", 16);
  ASSERT_NE(plain, entries->end());
  EXPECT_EQ(plain->table, 254U);
  EXPECT_EQ(text_of(plain->route.gateway), "10.0.1.2");
  EXPECT_EQ(plain->route.interface_name, "left");
  const auto several = entry_of("10.1.7.0", 24);
  ASSERT_NE(several, entries->end());
  EXPECT_TRUE(several->multipath);
  EXPECT_EQ(text_of(several->route.gateway), "10.0.1.2");
  const auto other_table = entry_of("10.2.0.0", 16);
  ASSERT_NE(other_table, entries->end());
  EXPECT_EQ(other_table->table, 100U);
  EXPECT_EQ(entry_of("10.1.2.0", 24)->route.kind, RouteKind::prohibit);
}

TEST_F(Routes, BlocksCoverTablesAndRules) {
  const auto blocks = table().blocks();
  ASSERT_TRUE(blocks) << blocks.error().text;
  EXPECT_THAT(blocks->all, Contains(RoutePrefix{ip("10.1.4.0"), 24}));
  EXPECT_THAT(blocks->all, Contains(RoutePrefix{ip("10.2.0.0"), 16}));
  EXPECT_THAT(blocks->all, Contains(RoutePrefix{ip("10.2.128.0"), 17})) << "the destination of a rule";
  EXPECT_THAT(blocks->all, Contains(RoutePrefix{ip("10.0.1.1"), 32})) << "the local table";
  EXPECT_THAT(blocks->multipath, testing::ElementsAre(RoutePrefix{ip("10.1.7.0"), 24}));
  EXPECT_TRUE(std::is_sorted(blocks->all.begin(), blocks->all.end()));
}

TEST_F(Routes, ALimitOnTheTablesSaysSo) {
  const auto entries = table().routes(3);
  ASSERT_FALSE(entries);
  EXPECT_THAT(entries.error().text, HasSubstr("more than 3 entries"));
}

TEST_F(Routes, AListOfManyRoutesIsWhole) {
  ASSERT_TRUE(run(
      "for a in $(seq 0 15); do for b in $(seq 0 255); do echo route add 10.$((a+16)).$b.0/24 via 10.0.1.2; "
      "done; done | ip -batch -"));
  const auto entries = table().routes();
  ASSERT_TRUE(entries) << entries.error().text;
  EXPECT_GE(entries->size(), 4096U);
}

TEST(RoutePrefix, EndsWhereItsFreeBitsEnd) {
  const struct {
    RoutePrefix prefix;
    const char* last;
    const char* text;
  } rows[] = {
      {{ip("10.0.0.0"), 8}, "10.255.255.255", "10.0.0.0/8"},
      {{ip("10.0.0.1"), 32}, "10.0.0.1", "10.0.0.1/32"},
      {{ip("0.0.0.0"), 0}, "255.255.255.255", "default"},
      {{ip("2001:db8::"), 32}, "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db8::/32"},
      {{ip("::"), 0}, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "default (IPv6)"},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(row.prefix.last().to_string(), row.last);
    EXPECT_EQ(row.prefix.to_string(), row.text);
  }
}

}  // namespace
}  // namespace sonde
