#include "engine/sweep/reporter.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "tests/sim/sim_sweep.h"
#include "tests/sim/virtual_clock.h"

namespace sonde {
namespace {

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

const Outcome kOpen{State::open, Reason::syn_ack};
const Outcome kClosed{State::closed, Reason::reset};
const Outcome kRejected{State::filtered, Reason::admin_prohibited};
const Outcome kError{State::error, Reason::local_no_route};

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

using Words = std::vector<std::string>;

TEST_F(ReporterTest, BetterEvidenceIsToldAgainAndLesserIsNot) {
  const struct {
    const char* what;
    Outcome before, after;
    Words told;
    Mark mark;
  } rows[] = {
      {"a SYN-ACK after a RST", kClosed, kOpen, {"closed", "open (revised)"}, Mark::open},
      {"a RST after a SYN-ACK", kOpen, kClosed, {"open"}, Mark::open},
      {"a RST after a rejection", kRejected, kClosed, {"filtered", "closed (revised)"}, Mark::closed},
      {"a rejection after a RST", kClosed, kRejected, {"closed"}, Mark::closed},
      {"the same again", kOpen, kOpen, {"open"}, Mark::open},
  };
  uint64_t step = 0;
  for (const auto& row : rows) {
    for (const bool together : {true, false}) {
      SCOPED_TRACE(std::string(row.what) + (together ? ", at once" : ", later"));
      first.records.clear();
      const std::vector<Finding> findings = {finding(step, row.before), finding(step, row.after)};
      together ? static_cast<void>(report(findings)) : report_each(findings);
      EXPECT_EQ(told(first), row.told);
      EXPECT_EQ(ledger->at(step), row.mark);
      ++step;
      EXPECT_EQ(reporter->not_first(), step) << "one answer of the two was not the first";
    }
  }
}

TEST_F(ReporterTest, EveryOutputIsToldTheSame) {
  ASSERT_TRUE(report({finding(5, kOpen), finding(6, kClosed), finding(5, kOpen)}));
  EXPECT_EQ(told(first), (Words{"open", "closed"}));
  EXPECT_EQ(told(second), told(first));
  EXPECT_EQ(first.records[0].endpoint, walk.at(5).endpoint);
  EXPECT_EQ(first.records[0].attempts, 1u);
  EXPECT_EQ(first.records[0].service, "https");
}

TEST_F(ReporterTest, DuplicatesAreCountedAndToldOnce) {
  ASSERT_TRUE(report({finding(5, kOpen), finding(5, kOpen), finding(6, kClosed)}));
  ASSERT_TRUE(report({finding(6, kClosed, 1), finding(5, kClosed), finding(7, kError), finding(7, kError)}));
  EXPECT_EQ(reporter->not_first(), 3u) << "errors are no answers";
  EXPECT_EQ(told(first), (Words{"open", "closed", "error"}));
}

TEST_F(ReporterTest, WhatAnOutputDidNotTakeIsNotMarked) {
  second.batches_until_full = 1;
  ASSERT_TRUE(report({finding(5, kOpen)}));
  EXPECT_EQ(journal->state().pending, 0u) << "nothing is in doubt";
  const Result<void> failed = report({finding(6, kOpen), finding(7, kError)});
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().text, "out.jsonl: no space left");
  EXPECT_EQ(ledger->at(5), Mark::open);
  EXPECT_EQ(ledger->at(6), Mark::unanswered);
  EXPECT_EQ(ledger->at(7), Mark::unanswered);
  EXPECT_EQ(journal->state().found[0], 1u);
  EXPECT_EQ(journal->state().slice_errors, 0u);
}

TEST_F(ReporterTest, AfterAnOutputFailedTheNextRunTellsItAgainAndSaysSo) {
  second.batches_until_full = 0;
  ASSERT_FALSE(report({finding(6, kOpen)}));
  second.batches_until_full = SIZE_MAX;
  resume();
  ASSERT_TRUE(report({finding(6, kOpen), finding(8, kOpen)}));
  ASSERT_EQ(second.records.size(), 2u);
  EXPECT_TRUE(second.records[0].repeated) << "it stands in the first output twice";
  EXPECT_FALSE(second.records[1].repeated);
  EXPECT_FALSE(second.records[0].revised);
}

TEST_F(ReporterTest, OfManyFindingsThoseThatWereTakenAreMarked) {
  std::vector<Finding> many;
  for (uint64_t step = 0; step < Journal::kMostPending + 10; ++step) many.push_back(finding(step, kOpen));
  first.batches_until_full = 1;
  ASSERT_FALSE(report(many));
  EXPECT_EQ(ledger->count().open, Journal::kMostPending);
  first.batches_until_full = SIZE_MAX;
  ASSERT_TRUE(report(many));
  EXPECT_EQ(ledger->count().open, many.size());
  EXPECT_EQ(first.records.size(), many.size()) << "each once";
}

TEST_F(ReporterTest, OnlyWhatIsAskedForIsToldButAllIsMarked) {
  const struct {
    const char* show;
    Words told;
  } rows[] = {{"open", {"open", "error"}},
              {"closed", {"closed", "error"}},
              {"filtered", {"filtered", "error"}},
              {"all", {"open", "closed", "filtered", "error"}}};
  uint64_t step = 0;
  for (const auto& row : rows) {
    SCOPED_TRACE(row.show);
    make(ShowFilter::parse(row.show).value());
    first.records.clear();
    for (const Outcome& outcome : {kOpen, kClosed, kRejected, kError})
      ASSERT_TRUE(report({finding(step++, outcome)}));
    EXPECT_EQ(told(first), row.told);
    EXPECT_EQ(ledger->next_unanswered(0, kSliceSteps), step);
  }
}

TEST_F(ReporterTest, WhatWasToldDoesNotStandUncorrected) {
  make(ShowFilter::parse("closed").value());
  ASSERT_TRUE(report({finding(5, kClosed)}));
  ASSERT_TRUE(report({finding(5, kOpen)}));
  EXPECT_EQ(told(first), (Words{"closed", "open (revised)"}));
}

TEST_F(ReporterTest, CountsWhatEachPassFound) {
  ASSERT_TRUE(report({finding(1, kClosed, 0), finding(1, kOpen, 0), finding(2, kRejected, 0)}));
  ASSERT_TRUE(report({finding(3, kOpen, 2), finding(2, kOpen, 2), finding(4, kError, 2), unresolved(5)}));
  EXPECT_EQ(journal->state().found[0], 2u);
  EXPECT_EQ(journal->state().found[1], 0u);
  EXPECT_EQ(journal->state().found[2], 1u)
      << "no second answers, no errors, no hosts that this machine says are not there";
}

TEST_F(ReporterTest, AHostThatAnsweredNoArpHasAVerdictAllTheSame) {
  ASSERT_TRUE(report({unresolved(5)}));
  EXPECT_EQ(told(first), (Words{"filtered"}));
  EXPECT_TRUE(first.records[0].neighbour_unresolved);
  EXPECT_EQ(first.records[0].attempts, 3u);
  EXPECT_EQ(ledger->at(5), Mark::rejected);
  EXPECT_EQ(journal->state().slice_errors, 0u);
}

TEST_F(ReporterTest, ErrorsAreCountedApartFromRejections) {
  ASSERT_TRUE(report({finding(1, kError), finding(2, kRejected), finding(1, kError)}));
  ASSERT_TRUE(report({finding(1, kError), finding(3, kError)}));
  EXPECT_EQ(journal->state().slice_errors, 2u) << "each endpoint once";
  EXPECT_EQ(ledger->count().rejected, 3u);
}

TEST_F(ReporterTest, AnAnswerAfterAnErrorOfOursIsAFirstAnswerAndTheErrorCountsNoMore) {
  uint64_t step = 0;
  for (const bool together : {true, false}) {
    SCOPED_TRACE(together ? "at once" : "later");
    const uint64_t found_before = journal->state().found[1];
    const std::vector<Finding> findings = {finding(step, kError, 1), finding(step + 1, kRejected, 1),
                                           finding(step, kOpen, 1), finding(step, kOpen, 1)};
    first.records.clear();
    together ? static_cast<void>(report(findings)) : report_each(findings);
    EXPECT_EQ(told(first), (Words{"error", "filtered", "open (revised)"}));
    EXPECT_EQ(journal->state().slice_errors, 0u);
    EXPECT_EQ(journal->state().found[1], found_before + 2);
    EXPECT_EQ(reporter->not_first(), together ? 1u : 2u) << "the second SYN-ACK";
    step += 2;
  }
}

TEST_F(ReporterTest, AfterAnOutputFailedNoErrorIsCountedAway) {
  first.batches_until_full = 0;
  ASSERT_FALSE(report({finding(1, kError)}));
  first.batches_until_full = SIZE_MAX;
  ASSERT_TRUE(report({finding(1, kOpen)}));
  EXPECT_EQ(journal->state().slice_errors, 0u);
  EXPECT_EQ(reporter->not_first(), 0u);
}

/// Every third step has answered.
struct ListingTest : ReporterTest {
  void SetUp() override {
    ReporterTest::SetUp();
    std::vector<Finding> answers;
    for (uint64_t step = 0; step < kSliceSteps; ++step) {
      if (step % 3 == 0)
        answers.push_back(finding(step, kOpen));
      else
        silent.push_back(walk.at(step).endpoint);
    }
    ASSERT_TRUE(report(answers));
    first.records.clear();
    second.records.clear();
    journal->set_phase(JournalPhase::listing);
  }

  static std::vector<Endpoint> endpoints(const Output& output) {
    std::vector<Endpoint> endpoints;
    for (const EndpointRecord& record : output.records) endpoints.push_back(record.endpoint);
    return endpoints;
  }

  std::vector<Endpoint> silent;
};

TEST_F(ListingTest, EachSilentEndpointOnceInOrder) {
  ASSERT_TRUE(list());
  EXPECT_EQ(endpoints(first), silent);
  EXPECT_EQ(endpoints(second), silent);
  for (const EndpointRecord& record : first.records) {
    ASSERT_EQ(record.outcome, (Outcome{State::filtered, Reason::no_response}));
    ASSERT_EQ(record.attempts, 3u);
    ASSERT_FALSE(record.repeated);
  }
  EXPECT_EQ(ledger->count().unanswered, silent.size()) << "silence is not an answer";
}

TEST_F(ListingTest, WhatIsNotAskedForIsNotListed) {
  make(ShowFilter::parse("open,closed").value());
  ASSERT_TRUE(list());
  EXPECT_TRUE(first.records.empty());
}

TEST_F(ListingTest, AResumedListingGoesOnWhereItWasAndSaysWhatItRepeats) {
  first.batches_until_full = 2;
  ASSERT_FALSE(list());
  const uint64_t listed = first.records.size();
  ASSERT_LT(listed, silent.size());
  first.batches_until_full = SIZE_MAX;
  resume();
  ASSERT_TRUE(list());
  EXPECT_EQ(endpoints(first), silent) << "each once: the batch that failed was not in it";
  for (size_t i = 0; i < first.records.size(); ++i)
    ASSERT_EQ(first.records[i].repeated, i >= listed) << "it may stand in the outputs that did not fail";
}

TEST_F(ListingTest, ARepetitionEndsWhereTheInterruptionWas) {
  first.batches_until_full = 1;
  ASSERT_FALSE(list());
  first.records.clear();
  first.batches_until_full = SIZE_MAX;
  resume();
  ASSERT_TRUE(list());
  // The batch that was on its way has as many steps as the one before it.
  const uint64_t doubtful_to = 2 * Journal::kMostPending;
  std::vector<Endpoint> repeated, fresh, expected_repeated, expected_fresh;
  for (const EndpointRecord& record : first.records)
    (record.repeated ? repeated : fresh).push_back(record.endpoint);
  for (uint64_t step = Journal::kMostPending; step < kSliceSteps; ++step)
    if (step % 3 != 0)
      (step < doubtful_to ? expected_repeated : expected_fresh).push_back(walk.at(step).endpoint);
  EXPECT_EQ(repeated, expected_repeated);
  EXPECT_EQ(fresh, expected_fresh);
}

TEST_F(ListingTest, TheNextSliceRepeatsNothingAndIsAboutItsOwnEndpoints) {
  first.batches_until_full = 0;
  ASSERT_FALSE(list());
  first.batches_until_full = SIZE_MAX;
  resume();
  ASSERT_TRUE(list());
  journal->finish_slice({});
  ledger->clear();
  journal->state().listed = journal->state().listing_to = 0;
  const uint64_t rest = walk.steps() - kSliceSteps;
  Ledger next(journal->ledger_words(), rest);
  reporter->enter_slice(next, kSliceSteps);
  first.records.clear();
  ASSERT_TRUE(report({finding(kSliceSteps, kOpen)}));
  EXPECT_EQ(next.at(0), Mark::open);
  const auto listed = reporter->list_unanswered(0, 3);
  ASSERT_TRUE(listed);
  ASSERT_EQ(first.records.size(), *listed);
  for (uint64_t step = 0; step < *listed; ++step) {
    ASSERT_EQ(first.records[step].endpoint, walk.at(kSliceSteps + step).endpoint);
    ASSERT_FALSE(first.records[step].repeated);
  }
}

}  // namespace
}  // namespace sonde
