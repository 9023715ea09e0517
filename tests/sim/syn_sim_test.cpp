#include "tests/sim/syn_sweep.h"

namespace sonde {
namespace {

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

}  // namespace
}  // namespace sonde
