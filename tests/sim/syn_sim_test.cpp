#include <gtest/gtest.h>

#include "engine/probe/syn_prober.h"
#include "tests/sim/sim_port.h"
#include "tests/sim/sim_sweep.h"

namespace sonde {
namespace {

using std::chrono::milliseconds;

const SynScope kScope{{11, 22}, 40000, 40063};

/// A sweep by raw SYNs over a simulated network of packets, one worker.
struct SynSweep : SimSweep {
  explicit SynSweep(const std::string& text = "10.0.0.0/23", const std::string& ports = "22,80,443")
      : SimSweep(targets_of(text, ports)) {
    hop.kind = RouteKind::unicast;
    hop.interface_index = 1;
    hop.source = *IpAddress::parse("10.255.0.1");
    options.retries = 2;
    network.answer = [](const Endpoint&) { return SimAnswer::open(); };  // of connects, where there are some
  }

  SummaryRecord run_syn(Journal* journal = nullptr) {
    factory_override = [this](uint32_t) -> Result<std::unique_ptr<Prober>> {
      SynProber::Parts parts{
          .port = std::make_unique<SimPacketPort>(packets, clock),
          .next_hop = [this](const IpAddress& to, uint32_t) -> const NextHop& {
            return next_hop ? next_hop(to) : hop;
          },
          .why_no_hop = {},
          .resolver = resolver,
          .connects = std::make_unique<ConnectProber>(std::make_unique<SimTcpDriver>(network, clock, 64),
                                                      ConnectProberOptions{}, clock.now()),
          .clock = clock};
      return std::make_unique<SynProber>(std::move(parts), syn);
    };
    return run(journal);
  }

  /// Packets go to this neighbour, whose link address is to be found out.
  void through_neighbour(const std::string& address) {
    hop.needs_station = true;
    hop.neighbour = *IpAddress::parse(address);
    hop.own_address = hop.source;
    hop.own_station.size = 6;
  }

  NextHop hop;
  std::function<const NextHop&(const IpAddress&)> next_hop;
  NeighbourResolver resolver;
  SimPacketNetwork packets;
  SynProberOptions syn{.scope = kScope, .timeout = milliseconds(500)};
};

Outcome true_outcome(const Endpoint& endpoint) {
  switch ((endpoint.address.v4_number() * 31 + endpoint.port) % 6) {
    case 0: return {State::open, Reason::syn_ack};
    case 1: return {State::closed, Reason::reset};
    case 2: return {State::filtered, Reason::no_response};
    case 3: return {State::filtered, Reason::admin_prohibited};
    case 4: return {State::filtered, Reason::host_unreach};
    default: return {State::filtered, Reason::port_unreach};
  }
}

std::vector<SimPacket> mixed_reply(const SimSyn& syn) {
  switch (true_outcome(syn.to).reason) {
    case Reason::syn_ack: return {syn.syn_ack()};
    case Reason::reset: return {syn.reset()};
    case Reason::admin_prohibited: return {syn.rejected(3, 13)};
    case Reason::host_unreach: return {syn.rejected(3, 1)};
    case Reason::port_unreach: return {syn.rejected(3, 3)};
    default: return {};
  }
}

void expect_truth(const SynSweep& sim) {
  const auto found = sim.found();
  ASSERT_EQ(found.size(), sim.targets.size());
  for (const auto& [endpoint, record] : found)
    EXPECT_EQ(record.outcome, true_outcome(endpoint)) << endpoint.to_string();
}

void expect_sound(const SummaryRecord& summary) {
  EXPECT_TRUE(summary.books.balanced())
      << summary.books.sent << " " << summary.books.answered << " " << summary.books.unanswered;
  EXPECT_TRUE(summary.packets->balanced());
  EXPECT_EQ(summary.packets->sent, summary.books.sent - summary.books.local_failed);
}

/// The one endpoint's record, after packets were answered as told.
EndpointRecord record_after(SimReply reply, SummaryRecord* summary = nullptr) {
  SynSweep sim("10.0.0.2", "443");
  sim.packets.reply = std::move(reply);
  const SummaryRecord done = sim.run_syn();
  EXPECT_TRUE(done.books.balanced());
  if (summary != nullptr) *summary = done;
  return sim.found().at({*IpAddress::parse("10.0.0.2"), 443});
}

TEST(SynSim, FindsTheTruthWithItsEvidence) {
  SynSweep sim;
  sim.packets.reply = mixed_reply;
  const SummaryRecord summary = sim.run_syn();
  expect_truth(sim);
  expect_sound(summary);
  EXPECT_FALSE(summary.degraded);
  EXPECT_EQ(sim.records.size(), sim.targets.size());
  for (const EndpointRecord& record : sim.records) {
    if (record.outcome.state == State::open) {
      EXPECT_EQ(record.segment, (SegmentEvidence{60, 64240, 1460, "MSTNW"}));
      EXPECT_EQ(record.rtt, milliseconds(1));
    }
    if (record.outcome.state == State::closed) {
      EXPECT_EQ(record.rtt, std::nullopt);
    }
    EXPECT_EQ(record.icmp.has_value(),
              record.outcome.state == State::filtered && record.outcome.reason != Reason::no_response);
  }
}

TEST(SynSim, FindsTheTruthThroughLossInEachDirection) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    SynSweep sim;
    sim.packets.reply = mixed_reply;
    sim.packets.loss = 0.2;
    sim.packets.seed = sim.seed = seed;
    sim.options.retries = 20;
    const SummaryRecord summary = sim.run_syn();
    expect_truth(sim);
    expect_sound(summary);
    EXPECT_GT(summary.completeness.value_or(0), 0.999);
  }
}

TEST(SynSim, AnswersThatComeInAtOtherThreadsAreTaken) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    SynSweep sim;
    sim.threads = 3;
    sim.packets.reply = mixed_reply;
    sim.packets.loss = 0.1;
    sim.packets.seed = sim.seed = seed;
    sim.options.retries = 20;
    const SummaryRecord summary = sim.run_syn();
    expect_truth(sim);
    expect_sound(summary);
  }
}

TEST(SynSim, RetriesAskOnlyTheUnansweredAndNoMoreOftenThanTold) {
  SynSweep sim("10.0.0.0/26", "80");
  sim.packets.reply = [](const SimSyn& syn) {
    return syn.to.address.v4_number() % 2 == 0 ? std::vector{syn.syn_ack()} : std::vector<SimPacket>{};
  };
  sim.options.retries = 4;
  expect_sound(sim.run_syn());
  for (const auto& [endpoint, count] : sim.packets.syns)
    EXPECT_EQ(count, endpoint.address.v4_number() % 2 == 0 ? 1 : 5) << endpoint.to_string();
}

TEST(SynSim, ASynAckAfterAResetMeansOpenAndIsToldAgain) {
  SynSweep sim("10.0.0.2", "443");
  sim.packets.reply = [](const SimSyn& syn) {
    SimPacket late = syn.syn_ack();
    late.delay = milliseconds(200);
    return std::vector{syn.reset(), late};
  };
  const SummaryRecord summary = sim.run_syn();
  ASSERT_EQ(sim.records.size(), 2u);
  EXPECT_EQ(sim.records[0].outcome.state, State::closed);
  EXPECT_FALSE(sim.records[0].revised);
  EXPECT_EQ(sim.records[1].outcome.state, State::open);
  EXPECT_TRUE(sim.records[1].revised);
  EXPECT_EQ(summary.open, 1u);
  EXPECT_EQ(summary.closed, 0u);
  expect_sound(summary);
  EXPECT_EQ(summary.books.answered, 1u);
  EXPECT_EQ(summary.books.duplicate, 1u);
}

TEST(SynSim, AResetAfterASynAckChangesNothing) {
  SynSweep sim("10.0.0.2 10.0.0.3", "443");
  sim.packets.reply = [](const SimSyn& syn) {
    if (syn.to.address.v4_number() % 2 == 1) return std::vector<SimPacket>{};  // keeps the pass going
    SimPacket late = syn.reset();
    late.delay = milliseconds(200);
    return std::vector{syn.syn_ack(), late};
  };
  const SummaryRecord summary = sim.run_syn();
  expect_sound(summary);
  EXPECT_EQ(summary.open, 1u);
  EXPECT_EQ(sim.records.size(), 2u);
  EXPECT_EQ(summary.books.duplicate, 1u);
}

TEST(SynSim, ASynAckIsWaitedForAsLongAfterAResetAsAnyAnswer) {
  for (const bool follow_up : {false, true}) {
    SynSweep sim("10.0.0.2", "443");
    sim.packets.reply = [](const SimSyn& syn) {
      SimPacket late = syn.syn_ack();
      late.delay = milliseconds(450);  // the time-out is 500 ms
      return std::vector{syn.reset(), late};
    };
    sim.options.answer_wait = sim.syn.timeout;
    sim.syn.follow_up = follow_up;
    sim.network.answer = [](const Endpoint&) {
      return SimAnswer::silence();
    };  // and the banner takes its time
    EXPECT_EQ(sim.run_syn().open, 1u);
  }
}

TEST(SynSim, CompletenessSaysNothingOfHostsThatAnswerNoArp) {
  SynSweep sim("10.0.0.2", "22,80");
  sim.packets.reply = mixed_reply;
  sim.through_neighbour("10.0.0.2");
  const SummaryRecord summary = sim.run_syn();
  EXPECT_EQ(summary.books.unresolved, 2u);
  EXPECT_EQ(summary.books.answered, 0u);
  EXPECT_EQ(summary.completeness, std::nullopt);
}

TEST(SynSim, AResumedSweepTriesWhatTheOneBeforeCouldNot) {
  SynSweep sim("10.0.0.0/28", "80");
  sim.packets.reply = mixed_reply;
  sim.hop.kind = RouteKind::none;
  sim.options.retries = 0;
  sim.options.completeness = 0.5;
  const std::unique_ptr<Journal> journal = std::move(Journal::in_memory(sim.plan()).value());
  journal->state().passes = 1;  // as if it had been stopped after the last pass
  const SummaryRecord summary = sim.run_syn(journal.get());
  EXPECT_EQ(summary.errors, 16u);
  EXPECT_TRUE(summary.degraded);
}

TEST(SynSim, AnErrorAResetAndASynAckInOneBatchBalance) {
  SynSweep sim("10.0.0.2 10.0.0.3", "443");
  int asked = 0;
  NextHop none;
  sim.next_hop = [&](const IpAddress& to) -> const NextHop& {
    return to.v4_number() % 2 == 1 || asked++ == 0 ? sim.hop : none;
  };
  sim.packets.reply = [](const SimSyn& syn) {
    if (syn.to.address.v4_number() % 2 == 1) return std::vector<SimPacket>{};  // keeps the pass going
    SimPacket reset = syn.reset(), open = syn.syn_ack();
    reset.delay = open.delay = milliseconds(900);  // in the second pass, in which it cannot be tried
    return std::vector{reset, open};
  };
  sim.options.retries = 1;
  const SummaryRecord summary = sim.run_syn();
  EXPECT_EQ(summary.open, 1u);
  EXPECT_EQ(summary.errors, 0u);
  EXPECT_TRUE(summary.books.balanced());
}

TEST(SynSim, DuplicatesCountOnce) {
  SummaryRecord summary;
  record_after([](const SimSyn& syn) { return std::vector(5, syn.syn_ack()); }, &summary);
  EXPECT_EQ(summary.open, 1u);
  EXPECT_EQ(summary.books.answered, 1u);
  EXPECT_EQ(summary.books.duplicate, 4u);
}

TEST(SynSim, ForgedAnswersChangeNothingAndAreCounted) {
  SummaryRecord summary;
  const EndpointRecord record = record_after(
      [](const SimSyn& syn) {
        SimSyn forger = syn;
        forger.sequence ^= 0x5a5a5a5a;
        return std::vector{forger.syn_ack(), forger.reset(), forger.rejected(3, 13)};
      },
      &summary);
  EXPECT_EQ(record.outcome, (Outcome{State::filtered, Reason::no_response}));
  EXPECT_EQ(summary.packets->invalid, 9u);  // three attempts
}

TEST(SynSim, ALateAnswerCountsAndItsTimeIsThatOfItsOwnSyn) {
  SummaryRecord summary;
  const EndpointRecord record = record_after(
      [](const SimSyn& syn) {
        SimSyn slow = syn;
        slow.delay = milliseconds(700);  // the time-out is 500 ms
        return std::vector{slow.syn_ack()};
      },
      &summary);
  EXPECT_EQ(record.outcome.state, State::open);
  EXPECT_EQ(record.rtt, milliseconds(700));
  EXPECT_EQ(summary.books.late, 1u);
}

TEST(SynSim, AnEchoThatMakesNoSenseGivesNoTime) {
  for (const int64_t echo_off_us : {1'000'000ll, -70'000'000ll}) {
    const EndpointRecord record = record_after([&](const SimSyn& syn) {
      SimSyn odd = syn;
      odd.timestamp = static_cast<uint32_t>(syn.timestamp + echo_off_us);
      return std::vector{odd.syn_ack()};
    });
    EXPECT_EQ(record.outcome.state, State::open);
    EXPECT_EQ(record.rtt, std::nullopt) << echo_off_us;
  }
  const EndpointRecord zero = record_after([](const SimSyn& syn) {
    SimSyn odd = syn;
    odd.timestamp = 0;
    return std::vector{odd.syn_ack()};
  });
  EXPECT_EQ(zero.rtt, std::nullopt);
}

TEST(SynSim, AHostThatAnswersForEveryPortLikeAProxyIsMarked) {
  SynSweep sim("10.0.0.2 10.0.0.3", "1-20");
  sim.packets.reply = [](const SimSyn& syn) {
    if (syn.to.address.v4_number() % 2 == 1) return std::vector{syn.syn_ack()};
    return std::vector{syn.packet({.from = syn.to.port,
                                   .to = syn.from.port,
                                   .acknowledgement = syn.sequence + 1,
                                   .flags = kTcpSyn | kTcpAck,
                                   .window = 0})};
  };
  const SummaryRecord summary = sim.run_syn();
  ASSERT_EQ(summary.proxies.size(), 1u);
  EXPECT_EQ(summary.proxies[0].address.to_string(), "10.0.0.2");
  EXPECT_EQ(summary.proxies[0].ports, 20u);
}

TEST(SynSim, ABusyDeviceDelaysAndLosesNothing) {
  SynSweep sim;
  sim.packets.reply = mixed_reply;
  sim.packets.busy_every = 3;
  const SummaryRecord summary = sim.run_syn();
  expect_truth(sim);
  expect_sound(summary);
  EXPECT_GT(summary.packets->refused, 0u);
  EXPECT_EQ(summary.errors, 0u);
}

TEST(SynSim, ATinyRingIsSaidAndMadeGoodByLaterPasses) {
  SynSweep sim("10.0.0.0/22", "22,80,443");
  sim.packets.reply = mixed_reply;
  sim.packets.ring = 8;
  sim.options.rate = 0;
  sim.options.retries = 20;
  const SummaryRecord summary = sim.run_syn();
  EXPECT_GT(summary.packets->rx_dropped, 0u);
  expect_sound(summary);
  expect_truth(sim);
  EXPECT_FALSE(summary.notes.empty());
}

TEST(SynSim, ALossInTheLastPassMakesSilenceDoubtful) {
  SynSweep sim("10.0.0.0/22", "22,80,443");
  sim.packets.reply = mixed_reply;
  sim.packets.ring = 0;  // nothing ever gets through
  const SummaryRecord summary = sim.run_syn();
  EXPECT_TRUE(summary.degraded);
  EXPECT_EQ(summary.open, 0u);
  expect_sound(summary);
}

TEST(SynSim, AHostThatAnswersNoArpIsNotThereAndAGatewayThatDoesNotIsOurAffair) {
  struct Row {
    bool gateway;
    Outcome outcome;
  };
  for (const Row& row : {Row{false, {State::filtered, Reason::host_unreach}},
                         Row{true, {State::error, Reason::local_no_gateway}}}) {
    SynSweep sim("10.0.0.2", "22,80");
    sim.packets.reply = mixed_reply;
    sim.through_neighbour(row.gateway ? "10.0.0.1" : "10.0.0.2");
    sim.hop.through_gateway = row.gateway;
    const SummaryRecord summary = sim.run_syn();
    for (const auto& [endpoint, record] : sim.found()) {
      EXPECT_EQ(record.outcome, row.outcome);
      EXPECT_TRUE(record.neighbour_unresolved);
    }
    EXPECT_TRUE(sim.packets.syns.empty());
    EXPECT_EQ(summary.degraded, row.gateway);
    EXPECT_TRUE(summary.books.balanced())
        << summary.books.sent << " " << summary.books.answered << " " << summary.books.unresolved << " "
        << summary.books.unanswered << " " << summary.books.local_failed << " " << summary.books.shared;
  }
}

TEST(SynSim, WhatWaitedForASlowGatewayKeepsToTheRateAfterwards) {
  SynSweep sim("10.0.0.0/23", "80");
  sim.packets.reply = mixed_reply;
  sim.through_neighbour("10.0.0.1");
  sim.hop.through_gateway = true;
  sim.packets.neighbour_delay = milliseconds(1500);
  sim.options.rate = 100;
  sim.options.retries = 0;
  const SummaryRecord summary = sim.run_syn();
  expect_sound(summary);
  ASSERT_EQ(sim.packets.arrivals.size(), 512u);
  for (size_t i = 0; i + 20 < 512; ++i)
    EXPECT_GE(sim.packets.arrivals[i + 20].first - sim.packets.arrivals[i].first, milliseconds(100)) << i;
}

TEST(SynSim, WhatWaitedForASlowHostKeepsToItsRateAfterwards) {
  SynSweep sim("10.0.0.2", "1-30");
  sim.packets.reply = [](const SimSyn& syn) { return std::vector{syn.reset()}; };
  sim.through_neighbour("10.0.0.2");
  sim.packets.neighbour_delay = milliseconds(1500);
  sim.options.host_rate = 10;
  sim.options.retries = 0;
  expect_sound(sim.run_syn());
  ASSERT_EQ(sim.packets.arrivals.size(), 30u);
  for (size_t i = 0; i + 3 < 30; ++i)
    EXPECT_GE(sim.packets.arrivals[i + 3].first - sim.packets.arrivals[i].first, milliseconds(200)) << i;
}

TEST(SynSim, NamesOfOneEndpointAreProbedOnceAndAllDecided) {
  for (const char* address : {"10.0.0.2", "10.0.0.3", "10.0.0.4"}) {
    const std::string at = std::string(address) + ":443";
    SynSweep sim(at + " sni=a.example " + at + " sni=b.example " + at + " label=c " + at, "80");
    sim.packets.reply = [](const SimSyn& syn) {
      switch (syn.to.address.v4_number() % 4) {
        case 2: return std::vector{syn.syn_ack()};
        case 3: return std::vector{syn.reset()};
        default: return std::vector<SimPacket>{};
      }
    };
    sim.options.retries = 1;
    const SummaryRecord summary = sim.run_syn();
    EXPECT_EQ(summary.endpoints, 3u);  // the one without a name is none of its own
    EXPECT_EQ(sim.records.size(), 3u);
    expect_sound(summary);
    EXPECT_FALSE(summary.degraded);
    const bool answers = summary.filtered == 0;
    EXPECT_EQ(answers, std::string_view(address) != "10.0.0.4");
    EXPECT_EQ(sim.packets.syns.begin()->second, answers ? 1 : 2);
    EXPECT_EQ(summary.books.shared, answers ? 2u : 0u);
  }
}

TEST(SynSim, NamesOfOneEndpointShareOurFailureToo) {
  SynSweep sim("10.0.0.2:443 sni=a.example 10.0.0.2:443 sni=b.example", "80");
  sim.hop.kind = RouteKind::none;
  const SummaryRecord summary = sim.run_syn();
  EXPECT_EQ(summary.errors, 2u);
  EXPECT_TRUE(summary.books.balanced());
}

TEST(SynSim, ASystemClockThatIsSetDoesNotShowInTheTimes) {
  for (const int64_t ahead_ms : {-3'600'000ll, -40ll, 40ll, 3'600'000ll}) {
    SynSweep sim("10.0.0.0/24", "443");
    sim.packets.reply = [&](const SimSyn& syn) {
      if (sim.packets.arrivals.size() == 128) sim.clock.set_system_time_ahead(milliseconds(ahead_ms));
      return std::vector{syn.syn_ack()};
    };
    sim.run_syn();
    for (const EndpointRecord& record : sim.records) EXPECT_EQ(record.rtt, milliseconds(1));
  }
}

TEST(SynSim, AnInterruptedFollowUpLeavesTheEndpointOpen) {
  SynSweep sim("10.0.0.0/26", "22");
  sim.packets.reply = [](const SimSyn& syn) { return std::vector{syn.syn_ack()}; };
  sim.network.answer = [](const Endpoint&) { return SimAnswer::silence(); };
  sim.syn.follow_up = true;
  std::atomic<int> connects = 0;
  sim.network.on_connect = [&](const Endpoint&, Instant) { ++connects; };
  sim.stop_asked = [&] { return connects == 64; };
  const SummaryRecord summary = sim.run_syn();
  EXPECT_TRUE(summary.interrupted);
  EXPECT_EQ(summary.open, 64u);
  EXPECT_EQ(sim.records.size(), 64u);
  EXPECT_TRUE(summary.books.balanced());
}

TEST(SynSim, ASweepThatIsAnsweredDoesNotWaitForItsTimeOut) {
  SynSweep sim("10.0.0.0/24", "22");
  sim.packets.reply = [](const SimSyn& syn) { return std::vector{syn.syn_ack()}; };
  sim.syn.timeout = std::chrono::hours(1000);
  sim.options.rate = 0;
  const SummaryRecord summary = sim.run_syn();
  EXPECT_EQ(summary.open, 256u);
  EXPECT_LT(summary.elapsed_s, 500 * 3600);
  expect_sound(summary);
}

TEST(SynSim, WithoutARouteItIsOurAffair) {
  SynSweep sim("10.0.0.2", "22");
  sim.packets.reply = mixed_reply;
  sim.hop.kind = RouteKind::none;
  const SummaryRecord summary = sim.run_syn();
  EXPECT_EQ(sim.found().begin()->second.outcome, (Outcome{State::error, Reason::local_no_route}));
  EXPECT_TRUE(summary.degraded);
}

TEST(SynSim, AnAnswerAfterAFailureOfOursReplacesIt) {
  const struct {
    const char* targets;
    uint64_t filtered;  // 10.0.0.3 is silent, 10.0.0.4 rejects
  } rows[] = {{"10.0.0.2 10.0.0.3", 1}, {"10.0.0.2 10.0.0.3 10.0.0.4", 2}};
  for (const auto& row : rows) {
    SCOPED_TRACE(row.targets);
    SynSweep sim(row.targets, "22");
    const NextHop nowhere;
    bool route = true;
    sim.next_hop = [&](const IpAddress& to) -> const NextHop& {
      return route || to.v4_number() % 256 != 2 ? sim.hop : nowhere;
    };
    sim.packets.reply = [&](SimSyn syn) -> std::vector<SimPacket> {
      const uint32_t host = syn.to.address.v4_number() % 256;
      if (host == 3) return {};
      if (host == 4) return {syn.rejected(3, 13)};
      route = false;  // from now on
      syn.delay = sim.syn.timeout + sim.options.retry_wait + milliseconds(200);
      return {syn.syn_ack()};
    };
    sim.options.retries = 1;
    const SummaryRecord summary = sim.run_syn();
    const auto is_error = [](const EndpointRecord& record) { return record.outcome.state == State::error; };
    ASSERT_EQ(std::ranges::count_if(sim.records, is_error), 1) << "the answer was too late to prevent it";
    const EndpointRecord last = sim.found().at({*IpAddress::parse("10.0.0.2"), 22});
    EXPECT_EQ(last.outcome.state, State::open);
    EXPECT_TRUE(last.revised);
    expect_sound(summary);
    EXPECT_EQ(summary.errors, 0u);
    EXPECT_EQ(summary.open, 1u);
    EXPECT_EQ(summary.filtered, row.filtered);
    EXPECT_EQ(summary.books.duplicate, 0u);
    EXPECT_FALSE(summary.degraded) << summary.notes.front();
  }
}

TEST(SynSim, AddressesOfThisMachineGoToConnects) {
  SynSweep sim("10.0.0.2 10.0.0.3", "22");
  sim.packets.reply = [](const SimSyn& syn) { return std::vector{syn.syn_ack()}; };
  NextHop local;
  local.kind = RouteKind::local;
  sim.next_hop = [&sim, &local](const IpAddress& to) -> const NextHop& {
    return to.v4_number() % 2 == 0 ? local : sim.hop;
  };
  const SummaryRecord summary = sim.run_syn();
  EXPECT_EQ(summary.open, 2u);
  EXPECT_EQ(sim.packets.syns.size(), 1u);
  EXPECT_TRUE(summary.books.balanced());
}

TEST(SynSim, HitsAreFollowedUpByConnects) {
  SynSweep sim("10.0.0.0/25", "22");
  sim.packets.reply = [](const SimSyn& syn) { return std::vector(2, syn.syn_ack()); };
  std::map<Endpoint, int> connects;
  sim.network.on_connect = [&](const Endpoint& endpoint, Instant) { ++connects[endpoint]; };
  sim.network.answer = [](const Endpoint& endpoint) {
    return endpoint.address.v4_number() % 2 == 0 ? SimAnswer::open() : SimAnswer::closed();
  };
  sim.syn.follow_up = true;
  const SummaryRecord summary = sim.run_syn();
  EXPECT_EQ(summary.open, 128u);
  EXPECT_EQ(connects.size(), 128u);
  for (const auto& [endpoint, count] : connects) EXPECT_EQ(count, 1) << endpoint.to_string();
  for (const auto& [endpoint, record] : sim.found()) {
    EXPECT_EQ(record.follow_up.has_value(), endpoint.address.v4_number() % 2 == 1);
    EXPECT_TRUE(record.segment);
  }
  EXPECT_TRUE(summary.books.balanced());
}

TEST(SynSim, ShardsTogetherAreTheTruth) {
  std::map<Endpoint, Outcome> all;
  for (uint32_t index = 1; index <= 3; ++index) {
    SynSweep sim;
    sim.packets.reply = mixed_reply;
    sim.shard = {index, 3};
    expect_sound(sim.run_syn());
    for (const auto& [endpoint, record] : sim.found()) {
      EXPECT_TRUE(all.emplace(endpoint, record.outcome).second) << endpoint.to_string();
      EXPECT_EQ(record.outcome, true_outcome(endpoint));
    }
  }
  EXPECT_EQ(all.size(), 1536u);
}

TEST(SynSim, SlicesTogetherAreTheTruth) {
  SynSweep sim;
  sim.packets.reply = mixed_reply;
  sim.slice_steps = 256;
  expect_sound(sim.run_syn());
  expect_truth(sim);
}

}  // namespace
}  // namespace sonde
