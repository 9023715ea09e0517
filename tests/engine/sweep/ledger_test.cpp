#include "engine/sweep/ledger.h"

#include <gtest/gtest.h>

#include <random>
#include <thread>
#include <vector>

namespace sonde {
namespace {

struct OwnLedger {
  explicit OwnLedger(uint64_t steps) : words(Ledger::words_for(steps)), ledger(words, steps) {}
  std::vector<uint64_t> words;
  Ledger ledger;
};

TEST(Ledger, BetterEvidenceReplacesLesserWhateverTheOrder) {
  OwnLedger own(5);
  EXPECT_TRUE(own.ledger.raise(2, Mark::closed));
  EXPECT_TRUE(own.ledger.raise(2, Mark::open)) << "an early RST does not hide a SYN-ACK";
  EXPECT_FALSE(own.ledger.raise(2, Mark::closed));
  EXPECT_FALSE(own.ledger.raise(2, Mark::rejected));
  EXPECT_EQ(own.ledger.at(2), Mark::open);
  EXPECT_EQ(own.ledger.at(1), Mark::unanswered);
  EXPECT_EQ(own.ledger.at(3), Mark::unanswered);
}

TEST(Ledger, WalksExactlyTheUnansweredAtEverySize) {
  std::mt19937_64 random(5);
  for (const uint64_t steps : {1u, 31u, 32u, 33u, 64u, 1000u}) {
    OwnLedger own(steps);
    std::vector<uint64_t> expected;
    for (uint64_t step = 0; step < steps; ++step) {
      const auto mark = static_cast<Mark>(random() % 4);
      own.ledger.raise(step, mark);
      if (mark == Mark::unanswered) expected.push_back(step);
    }
    std::vector<uint64_t> walked;
    for (uint64_t step = own.ledger.next_unanswered(0, steps); step < steps;
         step = own.ledger.next_unanswered(step + 1, steps)) {
      walked.push_back(step);
    }
    EXPECT_EQ(walked, expected) << steps;
    EXPECT_EQ(own.ledger.count().unanswered, expected.size());
    EXPECT_EQ(own.ledger.next_unanswered(steps, steps), steps);
  }
}

TEST(Ledger, AWalkEndsWhereItIsTold) {
  OwnLedger own(100);
  for (uint64_t step = 0; step < 50; ++step) own.ledger.raise(step, Mark::closed);
  EXPECT_EQ(own.ledger.next_unanswered(10, 40), 40u);
  EXPECT_EQ(own.ledger.next_unanswered(10, 60), 50u);
}

TEST(Ledger, CountsTheUnansweredBelowAnyStep) {
  OwnLedger own(100);
  for (uint64_t step = 0; step < 100; step += 3) own.ledger.raise(step, Mark::rejected);
  uint64_t expected = 0;
  for (uint64_t to = 0; to <= 100; ++to) {
    EXPECT_EQ(own.ledger.unanswered_below(to), expected) << to;
    expected += to % 3 != 0 ? 1 : 0;
  }
}

TEST(Ledger, CountsAndClears) {
  OwnLedger own(70);
  for (uint64_t step = 0; step < 70; ++step) own.ledger.raise(step, static_cast<Mark>(step % 4));
  const LedgerCounts counts = own.ledger.count();
  EXPECT_EQ(counts.unanswered, 18u);
  EXPECT_EQ(counts.rejected, 18u);
  EXPECT_EQ(counts.closed, 17u);
  EXPECT_EQ(counts.open, 17u);
  own.ledger.clear();
  EXPECT_EQ(own.ledger.count().unanswered, 70u);
}

TEST(Ledger, MarksOfManyThreadsInOneWordAreAllKept) {
  OwnLedger own(32);
  std::vector<std::thread> threads;
  for (uint64_t t = 0; t < 4; ++t) {
    threads.emplace_back([&own, t] {
      for (uint64_t step = t; step < 32; step += 4) own.ledger.raise(step, Mark::open);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(own.ledger.count().open, 32u);
}

TEST(Ledger, AWordIsRaisedToAnothersAndTellsHowMuchIsNew) {
  std::vector<uint64_t> words(1), other(1);
  const Ledger ledger(words, 32), theirs(other, 32);
  Ledger(ledger).raise(0, Mark::open);
  Ledger(ledger).raise(1, Mark::rejected);
  for (const auto& [step, mark] :
       {std::pair{0, Mark::closed}, {1, Mark::closed}, {2, Mark::rejected}, {31, Mark::open}})
    Ledger(theirs).raise(static_cast<uint64_t>(step), mark);
  const Ledger::Raised raised = Ledger(ledger).raise_word(0, other[0], 1 << static_cast<int>(Mark::open));
  EXPECT_EQ(raised.first, 1u) << "step 2; the mark of 31 is excepted";
  EXPECT_EQ(raised.again, 1u) << "step 1";
  EXPECT_EQ(ledger.at(0), Mark::open) << "marks never sink";
  EXPECT_EQ(ledger.at(1), Mark::closed);
  EXPECT_EQ(ledger.at(2), Mark::rejected);
  EXPECT_EQ(ledger.at(31), Mark::unanswered);
}

}  // namespace
}  // namespace sonde
