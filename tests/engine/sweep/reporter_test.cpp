#include "engine/sweep/reporter.h"

#include <gtest/gtest.h>

#include "tests/engine/sweep/reporter_fixture.h"

namespace sonde {
namespace {

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

}  // namespace
}  // namespace sonde
