#include "tests/sim/syn_sweep.h"

namespace sonde {
namespace {

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
