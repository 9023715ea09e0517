#include "cli/plan.h"

#include <gmock/gmock.h>

#include "cli/plan_load.h"
#include "cli/plan_warnings.h"
#include "cli/unresolved.h"

namespace sonde {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

IpAddress ip(const char* text) { return IpAddress::parse(text).value(); }

Route unicast(const char* interface_name, const char* gateway, const char* source) {
  Route route;
  route.kind = RouteKind::unicast;
  route.interface_name = interface_name;
  route.gateway = IpAddress::parse(gateway);
  route.source = IpAddress::parse(source);
  return route;
}

PlannedHop hop(Route route, const char* first, const char* last) {
  const Interval interval{ip(first), ip(last)};
  return {std::move(route), interval.last.number() - interval.first.number() + 1, 1, {interval}};
}

// A /16 on 100 ports with the options left as they are.
PlanFacts usual_sweep() {
  PlanFacts facts;
  facts.endpoints = facts.shard_endpoints = 6553600;
  facts.addresses = 65536;
  facts.most_ports_per_address = 100;
  facts.rate = 10000;
  facts.timeout = std::chrono::seconds(3);
  facts.passes = 3;
  facts.concurrency = 40000;
  facts.threads = 2;
  facts.engine = "connect (io_uring)";
  facts.engine_reason = "the SYN engine is not part of this version";
  return facts;
}

TEST(Plan, ReadsAsOneReport) {
  PlanFacts facts = usual_sweep();
  facts.host_rate = 50;
  facts.shard = "2/8";
  facts.shard_endpoints = 819200;
  facts.left_out = {{"multicast (RFC 5771)", 256, 0}, {"--exclude", 1, 1200}, {"host:port excluded", 0, 3}};
  Route none;
  facts.routes.next_hops = {hop(unicast("eth0", "192.0.2.1", "192.0.2.2"), "10.0.0.0", "10.0.254.255"),
                            hop(unicast("eth1", "", "10.0.255.1"), "10.0.255.0", "10.0.255.127"),
                            hop(none, "10.0.255.128", "10.0.255.255")};
  EXPECT_EQ(
      render_plan(facts),
      R"(Plan: 6,553,600 endpoints on 65,536 addresses, at most 100 ports of one address. Nothing was sent.

  engine      connect (io_uring): the SYN engine is not part of this version
  shard       2/8: 819,200 endpoints of it
  rate        10,000 probes/s
  one address at most 50 probes/s, on average about 0.15 probes/s
  in flight   up to 40,000 connects, 2 threads
  attempts    up to 3 for an endpoint that stays silent, 3 s each
  duration    82 s when everything answers at once, 4 min 15 s when everything is silent (bound by --rate)
  ledger      200 KiB of memory (two bits an endpoint)

Left out
  256 addresses: multicast (RFC 5771)
  1 address and 1,200 endpoints: --exclude
  3 endpoints: host:port excluded

Next hops
  eth0 via 192.0.2.1, from 192.0.2.2: 65,280 addresses
    10.0.0.0-10.0.254.255
  eth1, directly attached, from 10.0.255.1: 128 addresses
    10.0.255.0-10.0.255.127
  no route: 128 addresses
    10.0.255.128-10.0.255.255

The firewalls on the way must let these source addresses through: 10.0.255.1, 192.0.2.2

Warnings
  - 128 addresses cannot be reached from this machine, which says nothing about them: each probe would end as a local error; add a route, run from another vantage, or leave them out with --exclude
)");
}

TEST(Plan, LeavesOutWhatDoesNotApply) {
  EXPECT_EQ(
      render_plan(usual_sweep()),
      R"(Plan: 6,553,600 endpoints on 65,536 addresses, at most 100 ports of one address. Nothing was sent.

  engine      connect (io_uring): the SYN engine is not part of this version
  rate        10,000 probes/s
  one address about 0.15 probes/s, by the shuffled order alone: --host-rate sets a limit
  in flight   up to 40,000 connects, 2 threads
  attempts    up to 3 for an endpoint that stays silent, 3 s each
  duration    10 min 55 s when everything answers at once, 32 min 55 s when everything is silent (bound by --rate)
  ledger      1.6 MiB of memory (two bits an endpoint)
)");
}

TEST(Plan, DurationIsBoundByWhateverIsTightest) {
  struct Row {
    const char* what;
    double rate, host_rate;
    uint64_t concurrency;
    double best_s, worst_s;
    const char* bound;
  };
  // 6,553,600 endpoints, 100 on an address, three passes of 3 s time-out.
  const Row rows[] = {
      {"the rate", 10000, 0, 40000, 655.36, 3 * (655.36 + 3), "--rate"},
      {"connects in flight", 10000, 0, 3000, 655.36, 3 * (6553.6 + 3), "--concurrency and --timeout"},
      {"the rate to one address", 10000, 0.1, 40000, 1000, 3 * (1000 + 3.0), "--host-rate"},
      {"connects in flight alone", 0, 0, 3000, 0, 3 * (6553.6 + 3), "--concurrency and --timeout"},
      {"nothing but the time-out", 0, 0, 0, 0, 9, "--timeout"},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.what);
    PlanFacts facts = usual_sweep();
    facts.rate = row.rate;
    facts.host_rate = row.host_rate;
    facts.concurrency = row.concurrency;
    const PlanDuration duration = estimate_duration(facts);
    EXPECT_NEAR(duration.best_s, row.best_s, 1e-6);
    EXPECT_NEAR(duration.worst_s, row.worst_s, 1e-6);
    EXPECT_EQ(duration.worst_bound, row.bound);
  }
}

TEST(Plan, TheWorstCaseHasThePausesBetweenPasses) {
  struct Row {
    const char* what;
    Nanos retry_wait;
    uint32_t passes;
    double worst_s;
  };
  using std::chrono::milliseconds;
  const Row rows[] = {{"one attempt", milliseconds(250), 1, 1},
                      {"three", milliseconds(250), 3, 3 + 0.25 + 0.5},
                      {"a pause is not doubled beyond 5 s", milliseconds(4000), 4, 4 + 4 + 5 + 5},
                      {"a longer one stays", milliseconds(10000), 3, 3 + 10 + 10}};
  for (const Row& row : rows) {
    SCOPED_TRACE(row.what);
    PlanFacts facts = usual_sweep();
    facts.rate = 0;
    facts.concurrency = 0;
    facts.timeout = std::chrono::seconds(1);
    facts.retry_wait = row.retry_wait;
    facts.passes = row.passes;
    EXPECT_NEAR(estimate_duration(facts).worst_s, row.worst_s, 1e-6);
  }
}

TEST(Plan, OneAndNextToNothingReadWell) {
  PlanFacts facts = usual_sweep();
  facts.addresses = facts.endpoints = facts.shard_endpoints = 1;
  facts.concurrency = 0;
  EXPECT_THAT(render_plan(facts), HasSubstr("one address about 1 probe/s, by"));
  EXPECT_THAT(render_plan(facts), HasSubstr("in flight   as many as the rate allows, 2 threads"));
  facts = usual_sweep();
  facts.addresses = 100 * facts.endpoints;
  facts.host_rate = 5;
  EXPECT_THAT(render_plan(facts), HasSubstr("on average under 0.01 probes/s"));
}

TEST(Plan, NamesThatDidNotResolveAreLeftOut) {
  PlanFacts facts = usual_sweep();
  facts.unresolved = unresolved_text(std::vector{Error{ErrorKind::usage, "host name \"db1\": no such name"}});
  EXPECT_THAT(
      render_plan(facts),
      HasSubstr("Left out\n  1 name did not resolve and is not probed: host name \"db1\": no such name\n"));
}

TEST(Unresolved, NamesTheFirstOnesAndCountsTheRest) {
  EXPECT_EQ(unresolved_text({}), "");
  std::vector<Error> unresolved(kMostNamesTold, Error{ErrorKind::usage, "x"});
  EXPECT_THAT(unresolved_text(unresolved), testing::EndsWith("are not probed: x; x; x; x; x; x; x; x; x; x"));
  unresolved.resize(1234, Error{ErrorKind::usage, "y"});
  EXPECT_THAT(unresolved_text(unresolved),
              testing::AllOf(testing::StartsWith("1,234 names"), testing::EndsWith("x; and 1,224 more")));
}

TEST(Plan, TheLedgerTakesTwoBitsAnEndpoint) {
  const struct {
    uint64_t endpoints, bytes;
  } rows[] = {{0, 0},
              {1, 1},
              {4, 1},
              {5, 2},
              {uint64_t{1} << 32, uint64_t{1} << 30},
              {uint64_t{1} << 63, uint64_t{1} << 61}};
  for (const auto& row : rows) {
    PlanFacts facts;
    facts.shard_endpoints = row.endpoints;
    EXPECT_EQ(ledger_bytes(facts), row.bytes);
  }
}

TEST(Plan, AnEmptyShardIsNoDivisionByZero) {
  PlanFacts facts = usual_sweep();
  facts.endpoints = facts.shard_endpoints = 0;
  facts.addresses = 0;
  facts.host_rate = 5;
  EXPECT_THAT(render_plan(facts), HasSubstr("Plan: 0 endpoints on 0 addresses"));
}

TEST(Plan, NextHopsTellWhereAndHow) {
  Route over_ipv6 = unicast("wg0", "fe80::1", "10.0.0.1");
  over_ipv6.mtu = 1280;
  Route local;
  local.kind = RouteKind::local;
  local.interface_name = "lo";
  local.source = ip("127.0.0.1");
  Route refused;
  refused.kind = RouteKind::prohibit;
  PlanFacts facts = usual_sweep();
  facts.routes.next_hops = {hop(over_ipv6, "10.1.0.0", "10.1.0.0"), hop(local, "127.0.0.1", "127.0.0.1"),
                            hop(refused, "10.2.0.0", "10.2.0.1")};
  const std::string plan = render_plan(facts);
  EXPECT_THAT(plan, HasSubstr("  wg0 via fe80::1, from 10.0.0.1, mtu 1280: 1 address\n    10.1.0.0\n"));
  EXPECT_THAT(plan, HasSubstr("  lo, this machine itself, from 127.0.0.1: 1 address\n"));
  EXPECT_THAT(plan, HasSubstr("  no way out: the route is of type prohibit: 2 addresses\n"));
  EXPECT_THAT(plan, HasSubstr("let these source addresses through: 10.0.0.1\n"))
      << "no firewall stands before lo";
}

TEST(Plan, LongListsAreCutAndSaySo) {
  PlanFacts facts = usual_sweep();
  for (uint32_t i = 0; i < 40; ++i) {
    Route route = unicast("eth0", "", "192.0.2.1");
    route.source = IpAddress::v4(0x0a000000 + i);
    facts.routes.next_hops.push_back({route, 10, 1, {{ip("10.1.0.0"), ip("10.1.0.9")}}});
  }
  facts.routes.next_hops[0].interval_count = 1000;
  facts.routes.next_hops[0].intervals.assign(kMostKeptIntervals, {ip("10.1.0.0"), ip("10.1.0.9")});
  const std::string plan = render_plan(facts);
  EXPECT_THAT(plan, HasSubstr("    … and 992 more\n"));
  EXPECT_THAT(plan, HasSubstr("  … and 8 more next hops for 80 addresses\n"));
  EXPECT_THAT(plan, HasSubstr("10.0.0.7 and 32 more\n"));
}

TEST(PlanWarnings, AreSilentWhenNothingIsWrong) { EXPECT_THAT(plan_warnings(usual_sweep()), IsEmpty()); }

TEST(PlanWarnings, NameCauseAndRemedy) {
  struct Row {
    const char* what;
    void (*change)(PlanFacts&);
    const char* cause;
    const char* remedy;
  };
  const Row rows[] = {
      {"several next hops", [](PlanFacts& f) { f.routes.multipath = true; }, "several next hops",
       "may be used"},
      {"lookups cut", [](PlanFacts& f) { f.routes.not_looked_up = 7; }, "7 addresses were not looked up",
       "limit"},
      {"lookup failed", [](PlanFacts& f) { f.routes.failure = "no such source"; },
       "not complete: no such source", ""},
      {"few addresses", [](PlanFacts& f) { f.addresses = 4; }, "about 2,500 probes/s", "--host-rate"},
      {"too few in flight", [](PlanFacts& f) { f.concurrency = 3000; },
       "3,000 connects in flight for 3 s are 1,000 probes/s", "raise --concurrency"},
      {"little memory", [](PlanFacts& f) { f.memory_available_bytes = 2 << 20; },
       "more than half of the memory", "--shard"},
      {"connection tracking",
       [](PlanFacts& f) {
         f.conntrack = ConntrackTable{144, 262144};
       },
       "up to 1,200,000 entries, and 262,000 are free", "notrack"},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.what);
    PlanFacts facts = usual_sweep();
    row.change(facts);
    EXPECT_THAT(plan_warnings(facts),
                ElementsAre(testing::AllOf(HasSubstr(row.cause), HasSubstr(row.remedy))));
  }
}

TEST(PlanWarnings, AHostRateThatHoldsNeedsNoWarning) {
  PlanFacts facts = usual_sweep();
  facts.addresses = 4;
  facts.host_rate = 20;
  EXPECT_THAT(plan_warnings(facts), IsEmpty());
}

TEST(PlanWarnings, AnUnusedOrLargeConntrackTableNeedsNone) {
  PlanFacts facts = usual_sweep();
  facts.conntrack = ConntrackTable{0, 1000};
  EXPECT_THAT(plan_warnings(facts), IsEmpty());
  facts.conntrack = ConntrackTable{5, 2000000};
  EXPECT_THAT(plan_warnings(facts), IsEmpty());
}

}  // namespace
}  // namespace sonde
