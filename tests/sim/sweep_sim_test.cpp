#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "tests/sim/sim_sweep.h"

namespace sonde {
namespace {

/// Six kinds of endpoints, by address and port.
SimAnswer mixed_answer(const Endpoint& endpoint) {
  switch ((endpoint.address.v4_number() * 31 + endpoint.port) % 6) {
    case 0: return SimAnswer::open();
    case 1: return SimAnswer::closed();
    case 2: return SimAnswer::silence();
    case 3: return SimAnswer::rejected(3, 13);
    case 4: return SimAnswer::rejected(3, 1);
    default: return SimAnswer::rejected(3, 3);
  }
}

Outcome true_outcome(const Endpoint& endpoint) {
  switch ((endpoint.address.v4_number() * 31 + endpoint.port) % 6) {
    case 0: return {State::open, Reason::syn_ack};
    case 1: return {State::closed, Reason::conn_refused};
    case 2: return {State::filtered, Reason::no_response};
    case 3: return {State::filtered, Reason::admin_prohibited};
    case 4: return {State::filtered, Reason::host_unreach};
    default: return {State::filtered, Reason::port_unreach};
  }
}

void expect_truth(const SimSweep& sim) {
  const auto found = sim.found();
  EXPECT_EQ(found.size(), sim.targets.size());
  for (uint64_t i = 0; i < sim.targets.size(); ++i) {
    const Endpoint endpoint = sim.targets.nth(i).endpoint;
    const auto record = found.find(endpoint);
    ASSERT_NE(record, found.end()) << endpoint.to_string() << " was never reported";
    EXPECT_EQ(record->second.outcome, true_outcome(endpoint)) << endpoint.to_string();
  }
}

struct MixedSweep : SimSweep {
  explicit MixedSweep(const std::string& text = "10.0.0.0/23", const std::string& ports = "22,80,443")
      : SimSweep(targets_of(text, ports)) {
    network.answer = mixed_answer;
  }
};

TEST(SweepSim, FindsTheTruthOnceEach) {
  MixedSweep sim;
  const SummaryRecord summary = sim.run();
  expect_truth(sim);
  EXPECT_EQ(sim.records.size(), sim.targets.size());
  EXPECT_TRUE(summary.books.balanced());
  EXPECT_FALSE(summary.degraded);
  EXPECT_EQ(summary.open + summary.closed + summary.filtered, summary.endpoints);
  EXPECT_EQ(summary.unreported, 0u);
}

TEST(SweepSim, FindsTheTruthThroughLossGivenEnoughRetries) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    MixedSweep sim;
    sim.network.loss = 0.2;
    sim.network.seed = sim.seed = seed;
    sim.options.retries = 14;
    const SummaryRecord summary = sim.run();
    expect_truth(sim);
    EXPECT_TRUE(summary.books.balanced());
    EXPECT_GT(summary.completeness.value_or(0), 0.999);
  }
}

TEST(SweepSim, RetriesSendNoMoreThanTheyShould) {
  MixedSweep sim("10.0.0.0/28", "80");
  std::map<Endpoint, int> sent;
  sim.network.answer = [](const Endpoint&) { return SimAnswer::silence(); };
  sim.network.on_connect = [&](const Endpoint& endpoint, Instant) { ++sent[endpoint]; };
  sim.options.retries = 4;
  const SummaryRecord summary = sim.run();
  for (const auto& [endpoint, count] : sent) EXPECT_EQ(count, 5) << endpoint.to_string();
  EXPECT_EQ(summary.books.sent, 16u * 5);
  EXPECT_EQ(sim.found().begin()->second.attempts, 5u);
}

TEST(SweepSim, OnlyTheUnansweredAreProbedAgain) {
  MixedSweep sim;
  std::map<Endpoint, int> sent;
  sim.network.on_connect = [&](const Endpoint& endpoint, Instant) { ++sent[endpoint]; };
  sim.run();
  for (const auto& [endpoint, count] : sent) {
    EXPECT_EQ(count, true_outcome(endpoint).reason == Reason::no_response ? 3 : 1) << endpoint.to_string();
  }
}

TEST(SweepSim, AShortageOfDescriptorsIsNeverTheTargetsFault) {
  MixedSweep sim;
  sim.network.descriptors = 20;
  sim.options.rate = 0;
  const SummaryRecord summary = sim.run();
  expect_truth(sim);
  EXPECT_GT(summary.books.local_failed, 0u);
  EXPECT_TRUE(summary.books.balanced());
  EXPECT_EQ(summary.errors, 0u);
  EXPECT_FALSE(summary.notes.empty()) << "lowering concurrency is told";
}

TEST(SweepSim, WhatCannotBeTriedIsAnErrorAndDegrades) {
  for (const int error : {EMFILE, ENOBUFS, EADDRNOTAVAIL, EACCES, ENETUNREACH}) {
    MixedSweep sim("10.0.0.0/28", "80");
    sim.network.always_fails_with = error;
    const SummaryRecord summary = sim.run();
    EXPECT_EQ(sim.records.size(), 16u);
    for (const EndpointRecord& record : sim.records) {
      EXPECT_EQ(record.outcome.state, State::error);
      EXPECT_EQ(record.local_errno, error);
    }
    EXPECT_EQ(summary.errors, 16u);
    EXPECT_TRUE(summary.degraded);
    EXPECT_TRUE(summary.books.balanced());
  }
}

TEST(SweepSim, AnAnswerAfterTheTimeOutStillCountsWhenItIsSeen) {
  MixedSweep sim("10.0.0.0/28", "80");
  sim.network.answer = [](const Endpoint&) {
    return SimAnswer{.icmp = {}, .delay = std::chrono::milliseconds(999)};
  };
  const SummaryRecord summary = sim.run();
  EXPECT_EQ(summary.open, 16u);
}

TEST(SweepSim, AFaultThatPassesCostsNoTruthWhileRetriesRemain) {
  MixedSweep sim;
  int connects = 0;
  sim.network.on_connect = [&](const Endpoint&, Instant) {
    sim.network.always_fails_with = ++connects <= 500 ? ENETUNREACH : 0;
  };
  const SummaryRecord summary = sim.run();
  expect_truth(sim);
  EXPECT_EQ(summary.errors, 0u);
}

TEST(SweepSim, ASlowRateDoesNotWaitForNothing) {
  MixedSweep sim("10.0.0.0", "24");  // closed: one probe, and done
  sim.network.answer = [](const Endpoint&) { return SimAnswer::closed(); };
  sim.options.rate = 0.01;
  const Instant before = sim.clock.now();
  sim.run();
  EXPECT_LT(sim.clock.now() - before, std::chrono::seconds(1));
}

TEST(SweepSim, HostRateHoldsWhenSlotsAreScarce) {
  MixedSweep sim("10.0.0.0/30", "1-30");
  sim.slots = 3;
  sim.options.host_rate = 5;
  sim.options.rate = 0;
  sim.network.answer = [](const Endpoint&) { return SimAnswer::silence(); };
  sim.options.retries = 0;
  std::map<IpAddress, std::vector<Instant>> starts;
  sim.network.on_connect = [&](const Endpoint& endpoint, Instant at) {
    starts[endpoint.address].push_back(at);
  };
  sim.run();
  for (const auto& [address, times] : starts) {
    EXPECT_EQ(times.size(), 30u);
    for (size_t i = 1; i < times.size(); ++i)
      EXPECT_GE(times[i] - times[i - 1], std::chrono::milliseconds(200));
  }
}

TEST(SweepSim, RateIsNeverExceeded) {
  MixedSweep sim;
  sim.options.rate = 1000;
  std::vector<Instant> starts;
  sim.network.on_connect = [&](const Endpoint&, Instant at) { starts.push_back(at); };
  sim.run();
  const size_t window = 1000;
  for (size_t i = window; i < starts.size(); ++i) {
    // 1000 probes take a second at least, but for the burst of 5 ms and one more.
    EXPECT_GE(starts[i] - starts[i - window], std::chrono::milliseconds(994));
  }
}

TEST(SweepSim, HostRateKeepsProbesToOneAddressApart) {
  MixedSweep sim("10.0.0.0/29", "1-50");
  sim.options.host_rate = 10;
  sim.options.rate = 0;
  std::map<IpAddress, std::vector<Instant>> starts;
  sim.network.on_connect = [&](const Endpoint& endpoint, Instant at) {
    starts[endpoint.address].push_back(at);
  };
  sim.run();
  expect_truth(sim);
  for (const auto& [address, times] : starts) {
    // Reserved times are 100 ms apart; a start is late by a turn at most.
    for (size_t i = 5; i < times.size(); ++i)
      EXPECT_GE(times[i] - times[i - 5], std::chrono::milliseconds(400));
  }
}

TEST(SweepSim, RetriesKeepTheirSpacing) {
  MixedSweep sim("10.0.0.1", "80");
  sim.network.answer = [](const Endpoint&) { return SimAnswer::silence(); };
  std::vector<Instant> starts;
  sim.network.on_connect = [&](const Endpoint&, Instant at) { starts.push_back(at); };
  sim.options.retry_wait = std::chrono::milliseconds(300);
  sim.run();
  ASSERT_EQ(starts.size(), 3u);
  EXPECT_GE(starts[1] - starts[0], std::chrono::milliseconds(1300));
  EXPECT_GE(starts[2] - starts[1], std::chrono::milliseconds(1600));
}

TEST(SweepSim, PassesEndWhenTheCompletenessAskedForIsReached) {
  MixedSweep sim("10.0.0.0/20", "22,80");
  sim.network.loss = 0.1;
  sim.options.retries = 20;
  sim.options.completeness = 0.999;
  const SummaryRecord summary = sim.run();
  EXPECT_FALSE(summary.degraded);
  EXPECT_LT(summary.passes, 8u);
  EXPECT_GE(summary.completeness_low.value_or(0), 0.999);
}

TEST(SweepSim, CompletenessThatIsNotReachedDegrades) {
  MixedSweep sim;
  sim.network.loss = 0.5;
  sim.options.retries = 1;
  sim.options.completeness = 0.999;
  EXPECT_TRUE(sim.run().degraded);
}

TEST(SweepSim, ShardsTogetherCoverEverythingOnce) {
  std::set<Endpoint> seen;
  for (uint32_t index = 1; index <= 3; ++index) {
    MixedSweep sim;
    sim.shard = {index, 3};
    sim.run();
    for (const EndpointRecord& record : sim.records) EXPECT_TRUE(seen.insert(record.endpoint).second);
  }
  EXPECT_EQ(seen.size(), 512u * 3);
}

TEST(SweepSim, SlicesCoverEverythingOnce) {
  for (const uint64_t slice : {1u, 33u, 100u, 1536u}) {
    MixedSweep sim;
    sim.slice_steps = slice == 1 ? 97 : slice;
    const SummaryRecord summary = sim.run();
    expect_truth(sim);
    EXPECT_EQ(sim.records.size(), sim.targets.size());
    EXPECT_EQ(summary.unreported, 0u);
  }
}

TEST(SweepSim, ARunThatIsStoppedAgainAndAgainLosesNothing) {
  for (const uint64_t slice : {uint64_t{200}, kMostSliceSteps}) {
    const std::string path = testing::TempDir() + "stopped.journal";
    std::filesystem::remove(path);
    MixedSweep sim;
    sim.slice_steps = slice;
    { ASSERT_TRUE(Journal::create(path, sim.plan())); }
    int runs = 0;
    for (bool done = false; !done; ++runs) {
      ASSERT_LT(runs, 200);
      int patience = 1 + runs;
      sim.stop_asked = [&patience] { return --patience <= 0; };
      const auto journal = Journal::open(path);
      ASSERT_TRUE(journal) << journal.error().text;
      const SummaryRecord summary = sim.run(journal->get());
      EXPECT_TRUE(summary.books.balanced());
      EXPECT_EQ(summary.open + summary.closed + summary.filtered + summary.errors + summary.unreported,
                summary.endpoints);
      done = !summary.interrupted;
    }
    EXPECT_GT(runs, 1);
    expect_truth(sim);
    EXPECT_EQ(sim.records.size(), sim.targets.size()) << "a clean stop repeats nothing";
    std::filesystem::remove(path);
  }
}

}  // namespace
}  // namespace sonde
