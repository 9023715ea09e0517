#include <gtest/gtest.h>

#include "engine/sweep/reporter.h"
#include "tests/engine/sweep/reporter_fixture.h"

namespace sonde {
namespace {

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
