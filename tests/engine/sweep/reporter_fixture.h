#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/sweep/reporter.h"
#include "tests/sim/sim_sweep.h"
#include "tests/sim/virtual_clock.h"

namespace sonde {

/// What the sinks of a test were given, and when they stop taking it.
struct Output {
  std::vector<EndpointRecord> records;
  size_t batches_until_full = SIZE_MAX;
};

class RecordingSink final : public Sink {
 public:
  explicit RecordingSink(Output& output) : output_(output) {}
  Result<void> write(std::span<const EndpointRecord> batch) override {
    if (output_.batches_until_full == 0) return io_error("out.jsonl: no space left");
    --output_.batches_until_full;
    output_.records.insert(output_.records.end(), batch.begin(), batch.end());
    return {};
  }
  Result<void> finish(const SummaryRecord&) override { return {}; }

 private:
  Output& output_;
};

inline constexpr Outcome kOpen{State::open, Reason::syn_ack};
inline constexpr Outcome kClosed{State::closed, Reason::reset};
inline constexpr Outcome kRejected{State::filtered, Reason::admin_prohibited};
inline constexpr Outcome kError{State::error, Reason::local_no_route};

/// A reporter over 16,384 endpoints, with a journal in a file, as after `sonde
/// --journal`; resume() is `sonde --resume`.
struct ReporterTest : testing::Test {
  void SetUp() override {
    std::filesystem::remove(path_);
    journal = std::move(Journal::create(path_, plan()).value());
    make(ShowFilter::all());
  }
  void TearDown() override { std::filesystem::remove(path_); }

  JournalPlan plan() const {
    JournalPlan plan;
    plan.steps = walk.steps();
    plan.slice_steps = kSliceSteps;
    return plan;
  }

  /// A reporter of the first slice, from where the journal stands.
  void make(const ShowFilter& show) {
    reporter.emplace(Reporter::Parts{walk, clock, *journal, sinks, show});
    ledger.emplace(journal->ledger_words(), kSliceSteps);
    reporter->enter_slice(*ledger, 0);
  }

  /// The program is gone, and another one goes on.
  void resume() {
    reporter.reset();
    journal.reset();
    journal = std::move(Journal::open(path_).value());
    make(ShowFilter::all());
  }

  Finding finding(uint64_t step, const Outcome& outcome, uint32_t pass = 0) const {
    Finding found;
    found.seen.step = step;
    found.seen.endpoint = walk.at(step).endpoint;
    found.seen.outcome = outcome;
    found.pass = pass;
    return found;
  }
  Finding unresolved(uint64_t step) const {
    Finding found = finding(step, {State::filtered, Reason::host_unreach}, 2);
    found.seen.neighbour_unresolved = true;
    return found;
  }

  Result<void> report(std::vector<Finding> findings) { return reporter->report(findings); }
  void report_each(const std::vector<Finding>& findings) {
    for (const Finding& one : findings) ASSERT_TRUE(reporter->report({&one, 1}));
  }

  /// Lists what stayed silent, from where the journal stands, until it is done or an output fails.
  Result<void> list() {
    while (journal->state().listed < ledger->steps()) {
      const auto listed = reporter->list_unanswered(journal->state().listed, 3);
      if (!listed) return tl::unexpected(listed.error());
    }
    return {};
  }

  /// "open", "closed (revised)" of each record so far.
  static std::vector<std::string> told(const Output& output) {
    std::vector<std::string> words;
    for (const EndpointRecord& record : output.records)
      words.push_back(std::string(to_string(record.outcome.state)) + (record.revised ? " (revised)" : ""));
    return words;
  }

  static constexpr uint64_t kSliceSteps = 10'000;
  const TargetSet targets = targets_of("10.0.0.0/18", "443");
  const TargetWalk walk{targets, 7, {}};
  const std::string path_ = testing::TempDir() + "reporter_test." + std::to_string(getpid());
  VirtualClock clock;
  Output first, second;
  const std::vector<std::unique_ptr<Sink>> sinks = [this] {
    std::vector<std::unique_ptr<Sink>> made;
    made.push_back(std::make_unique<RecordingSink>(first));
    made.push_back(std::make_unique<RecordingSink>(second));
    return made;
  }();
  std::unique_ptr<Journal> journal;
  std::optional<Ledger> ledger;
  std::optional<Reporter> reporter;
};

}  // namespace sonde
