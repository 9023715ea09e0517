#include "cli/plan_routes.h"

#include <gmock/gmock.h>

#include "tests/net/own_namespace.h"

namespace sonde {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

IpAddress ip(const char* text) { return IpAddress::parse(text).value(); }
Interval run_of(const char* first, const char* last) { return {ip(first), ip(last)}; }
RoutePrefix block(const char* first, uint8_t length) { return {ip(first), length}; }

Route by(const char* interface_name, const char* source) {
  Route route;
  route.kind = RouteKind::unicast;
  route.interface_name = interface_name;
  route.source = ip(source);
  return route;
}

// A routing table that answers from memory, by the longest prefix, and counts.
class RoutesInMemory {
 public:
  void add(RoutePrefix prefix, Route route) {
    entries_.push_back({prefix, std::move(route)});
    blocks_.all.push_back(prefix);
  }
  void add_multipath(RoutePrefix prefix, Route route) {
    blocks_.multipath.push_back(prefix);
    add(prefix, std::move(route));
  }
  PlannedRoutes gather(const std::vector<Interval>& intervals, size_t most_lookups = kMostRouteLookups) {
    return gather_routes(
        intervals, blocks_, [this](const IpAddress& address) { return look_up(address); }, most_lookups);
  }
  size_t lookups() const { return lookups_; }

 private:
  Result<Route> look_up(const IpAddress& address) {
    ++lookups_;
    const std::pair<RoutePrefix, Route>* best = nullptr;
    for (const auto& entry : entries_) {
      const bool matches = entry.first.first <= address && address <= entry.first.last() &&
                           entry.first.first.is_v4() == address.is_v4();
      if (matches && (best == nullptr || entry.first.length >= best->first.length)) best = &entry;
    }
    return best != nullptr ? best->second : Route{};
  }

  std::vector<std::pair<RoutePrefix, Route>> entries_;
  RouteBlocks blocks_;
  size_t lookups_ = 0;
};

TEST(GatherRoutes, AnIntervalIsCutWhereTheNextHopChanges) {
  RoutesInMemory routes;
  routes.add(block("10.0.0.0", 8), by("left", "10.0.0.1"));
  routes.add(block("10.0.4.0", 24), by("right", "10.0.4.1"));
  const PlannedRoutes planned = routes.gather({run_of("10.0.0.0", "10.0.255.255")});
  ASSERT_EQ(planned.next_hops.size(), 2U);
  EXPECT_EQ(planned.next_hops[0].route.interface_name, "left");
  EXPECT_EQ(planned.next_hops[0].addresses, U128{65536 - 256});
  EXPECT_THAT(planned.next_hops[0].intervals,
              ElementsAre(run_of("10.0.0.0", "10.0.3.255"), run_of("10.0.5.0", "10.0.255.255")));
  EXPECT_EQ(planned.next_hops[1].addresses, U128{256});
  EXPECT_THAT(source_addresses(planned), ElementsAre(ip("10.0.0.1"), ip("10.0.4.1")));
}

TEST(GatherRoutes, EdgesAreExactToTheAddress) {
  RoutesInMemory routes;
  routes.add(block("10.0.0.5", 32), by("left", "10.0.0.1"));
  const PlannedRoutes planned = routes.gather({run_of("10.0.0.4", "10.0.0.6")});
  ASSERT_EQ(planned.next_hops.size(), 2U);
  EXPECT_THAT(planned.next_hops[0].intervals, ElementsAre(run_of("10.0.0.5", "10.0.0.5")));
  EXPECT_THAT(planned.next_hops[1].intervals,
              ElementsAre(run_of("10.0.0.4", "10.0.0.4"), run_of("10.0.0.6", "10.0.0.6")));
  EXPECT_EQ(planned.next_hops[1].route.kind, RouteKind::none);
}

TEST(GatherRoutes, PiecesOfOneNextHopAreJoined) {
  RoutesInMemory routes;
  routes.add(block("10.0.0.0", 8), by("left", "10.0.0.1"));
  routes.add(block("10.0.4.0", 24), by("left", "10.0.0.1"));
  const PlannedRoutes planned = routes.gather({run_of("10.0.0.0", "10.0.255.255")});
  ASSERT_EQ(planned.next_hops.size(), 1U);
  EXPECT_THAT(planned.next_hops[0].intervals, ElementsAre(run_of("10.0.0.0", "10.0.255.255")));
  EXPECT_EQ(planned.next_hops[0].interval_count, 1U);
}

TEST(GatherRoutes, ManyTargetsUnderOneRouteCostOneLookup) {
  RoutesInMemory routes;
  routes.add(block("10.0.0.0", 8), by("left", "10.0.0.1"));
  std::vector<Interval> singles;
  for (uint32_t i = 0; i < 100000; ++i)
    singles.push_back({IpAddress::v4(0x0a000000 + 2 * i), IpAddress::v4(0x0a000000 + 2 * i)});
  const PlannedRoutes planned = routes.gather(singles);
  EXPECT_EQ(routes.lookups(), 1U);
  ASSERT_EQ(planned.next_hops.size(), 1U);
  EXPECT_EQ(planned.next_hops[0].interval_count, 100000U);
  EXPECT_EQ(planned.next_hops[0].intervals.size(), kMostKeptIntervals);
  EXPECT_EQ(planned.next_hops[0].addresses, U128{100000});
}

TEST(GatherRoutes, BothFamiliesAndTheWholeNumberRangeAreCovered) {
  RoutesInMemory routes;
  routes.add(block("::", 0), by("left", "2001:db8::1"));
  routes.add(block("0.0.0.0", 0), by("right", "10.0.0.1"));
  const PlannedRoutes planned = routes.gather(
      {run_of("10.0.0.0", "10.0.0.255"), run_of("2001:db8::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")});
  ASSERT_EQ(planned.next_hops.size(), 2U);
  EXPECT_EQ(planned.next_hops[0].route.interface_name, "left");
  EXPECT_EQ(planned.next_hops[1].addresses, U128{256});
}

TEST(GatherRoutes, ALimitOfLookupsCountsWhatIsLeft) {
  RoutesInMemory routes;
  for (const char* network : {"10.0.0.0", "10.0.1.0", "10.0.2.0", "10.0.3.0"})
    routes.add(block(network, 24), by("left", "10.0.0.1"));
  const PlannedRoutes planned = routes.gather({run_of("10.0.0.0", "10.0.3.255")}, 2);
  EXPECT_EQ(routes.lookups(), 2U);
  EXPECT_EQ(planned.next_hops[0].addresses, U128{512});
  EXPECT_EQ(planned.not_looked_up, U128{512});
  EXPECT_EQ(planned.failure, "");
}

TEST(GatherRoutes, AFailingLookupEndsItAndIsTold) {
  const RouteBlocks blocks{{block("10.0.1.0", 24)}, {}};
  const std::vector<Interval> intervals{run_of("10.0.0.0", "10.0.1.255")};
  const PlannedRoutes planned = gather_routes(
      intervals, blocks, [](const IpAddress&) -> Result<Route> { return usage_error("no such source"); });
  EXPECT_EQ(planned.failure, "no such source");
  EXPECT_THAT(planned.next_hops, IsEmpty());
  EXPECT_EQ(planned.not_looked_up, U128{512});
}

TEST(GatherRoutes, UnusableRoutesComeLastAndSeveralNextHopsAreTold) {
  RoutesInMemory routes;
  Route refused;
  refused.kind = RouteKind::unreachable;
  routes.add(block("10.0.0.0", 8), refused);
  routes.add_multipath(block("10.0.4.0", 24), by("right", "10.0.4.1"));
  const PlannedRoutes elsewhere = routes.gather({run_of("10.0.0.0", "10.0.3.255")});
  EXPECT_FALSE(elsewhere.multipath);
  const PlannedRoutes planned = routes.gather({run_of("10.0.0.0", "10.0.255.255")});
  EXPECT_TRUE(planned.multipath);
  ASSERT_EQ(planned.next_hops.size(), 2U);
  EXPECT_EQ(planned.next_hops[0].route.interface_name, "right");
  EXPECT_EQ(planned.next_hops[1].route.kind, RouteKind::unreachable);
}

using KernelRoutes = OwnNamespace;

TEST_F(KernelRoutes, ThePlanAgreesWithTheKernelOnEveryAddress) {
  make_pair();
  for (const char* command :
       {"address add 10.0.1.1/24 dev left", "address add 10.0.2.1/25 dev right",
        "route add 10.0.0.0/22 via 10.0.1.2", "route add unreachable 10.0.3.16/28",
        "route add 10.0.3.64/26 via 10.0.2.2", "route add 10.0.0.0/24 via 10.0.2.2 table 7",
        "rule add to 10.0.0.128/25 table 7"})
    ASSERT_TRUE(run(std::string("ip ") + command)) << command;
  auto table = RouteTable::open();
  ASSERT_TRUE(table) << table.error().text;
  const auto blocks = table->blocks();
  ASSERT_TRUE(blocks) << blocks.error().text;
  const RouteLookup lookup = [&](const IpAddress& address) { return table->route_to(address); };
  const std::vector<Interval> whole{run_of("10.0.0.0", "10.0.4.255")};
  const PlannedRoutes planned = gather_routes(whole, *blocks, lookup);
  ASSERT_EQ(planned.failure, "");
  U128 seen = 0;
  for (const PlannedHop& hop : planned.next_hops) {
    for (const Interval& interval : hop.intervals) {
      for (IpAddress at = interval.first; at <= interval.last;
           at = IpAddress::from_number(at.number() + 1), ++seen)
        EXPECT_EQ(*table->route_to(at), hop.route) << at.to_string();
    }
  }
  EXPECT_EQ(seen, U128{5 * 256});
}

}  // namespace
}  // namespace sonde
