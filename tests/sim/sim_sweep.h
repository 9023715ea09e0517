#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <vector>

#include "engine/probe/connect_prober.h"
#include "engine/sweep/probing_crew.h"
#include "engine/sweep/sweep.h"
#include "engine/target/target_builder.h"
#include "tests/sim/sim_network.h"

namespace sonde {

/// Keeps what it is given.
class KeepingSink final : public Sink {
 public:
  explicit KeepingSink(std::vector<EndpointRecord>& records) : records_(records) {}
  Result<void> write(std::span<const EndpointRecord> batch) override {
    records_.insert(records_.end(), batch.begin(), batch.end());
    return {};
  }
  Result<void> finish(const SummaryRecord&) override { return {}; }

 private:
  std::vector<EndpointRecord>& records_;
};

/// For target texts without names.
class NoResolver final : public Resolver {
 public:
  std::vector<Result<Addresses>> resolve_all(std::span<const std::string> names) override {
    return std::vector<Result<Addresses>>(names.size(), usage_error("no names here"));
  }
};

inline TargetSet targets_of(const std::string& text, const std::string& ports) {
  TargetRequest request;
  request.arguments = {text};
  request.ports = PortSet::parse(ports).value();
  NoResolver resolver;
  return build_target_set(request, resolver).value().set;
}

/// A sweep over a simulated network in virtual time, one worker.
struct SimSweep {
  explicit SimSweep(TargetSet set) : targets(std::move(set)) { options.show = ShowFilter::all(); }

  JournalPlan plan() const {
    JournalPlan plan;
    plan.targets = targets.canonical_text();
    plan.ports = targets.ports().to_string();
    plan.digest = targets.digest();
    plan.seed = seed;
    plan.shard_index = shard.index;
    plan.shard_count = shard.count;
    plan.steps = ShardWalk(targets.size(), shard).steps();
    plan.slice_steps = slice_steps;
    return plan;
  }

  /// Runs it; with a journal, from where that stands.
  SummaryRecord run(Journal* journal = nullptr) {
    std::unique_ptr<Journal> own;
    if (journal == nullptr) own = std::move(Journal::in_memory(plan()).value());
    std::vector<std::unique_ptr<Sink>> sinks;
    sinks.push_back(std::make_unique<KeepingSink>(records));
    Sweep::Parts parts{
        targets, journal != nullptr ? *journal : *own, clock, crew_factory(), sinks, {}, stop_asked, {}};
    Result<SummaryRecord> summary = Sweep(options, std::move(parts)).run({});
    EXPECT_TRUE(summary) << (summary ? "" : summary.error().text);
    return summary.value_or(SummaryRecord{});
  }

  CrewFactory crew_factory() {
    return [probers = factory_override ? factory_override : factory(), threads = threads](
               SweepWorker::Shared shared) { return ProbingCrew::start(threads, probers, shared); };
  }

  ProberFactory factory() {
    return [this](uint32_t) -> Result<std::unique_ptr<Prober>> {
      auto driver = std::make_unique<SimTcpDriver>(network, clock, slots);
      return std::make_unique<ConnectProber>(std::move(driver), prober, clock.now());
    };
  }

  /// The last record of each endpoint.
  std::map<Endpoint, EndpointRecord> found() const {
    std::map<Endpoint, EndpointRecord> by_endpoint;
    for (const EndpointRecord& record : records) by_endpoint[record.endpoint] = record;
    return by_endpoint;
  }

  TargetSet targets;
  SimNetwork network;
  VirtualClock clock;
  SweepOptions options;
  ConnectProberOptions prober;
  uint64_t seed = 7;
  Shard shard;
  uint64_t slice_steps = kMostSliceSteps;
  uint32_t slots = 512;
  uint32_t threads = 1;
  ProberFactory factory_override;  ///< empty: connects over `network`
  std::function<bool()> stop_asked;
  std::vector<EndpointRecord> records;
};

}  // namespace sonde
