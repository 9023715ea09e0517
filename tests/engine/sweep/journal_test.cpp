#include "engine/sweep/journal.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "engine/sweep/ledger.h"

namespace sonde {
namespace {

JournalPlan sample_plan() {
  JournalPlan plan;
  plan.args = {"10.0.0.0/24", "-p", "80", "", "-o", "a b.jsonl"};
  plan.ports = "80";
  plan.targets = "10.0.0.0-10.0.0.255\n";
  plan.digest = 0x1234567890abcdef;
  plan.seed = 99;
  plan.shard_index = 2;
  plan.shard_count = 3;
  plan.steps = 86;
  plan.slice_steps = 50;
  return plan;
}

struct JournalTest : testing::Test {
  void SetUp() override { clean(); }
  void TearDown() override { clean(); }
  void clean() const {
    for (const std::string& name : {path_, draft_, moved_}) std::filesystem::remove(name);
  }
  std::string bytes() const {
    std::ifstream file(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  const std::string path_ = testing::TempDir() + "journal_test.journal";
  const std::string draft_ = path_ + ".new";  // what a journal is called while it is made
  const std::string moved_ = path_ + ".moved";
};

TEST_F(JournalTest, TellsWhatItWasTold) {
  { ASSERT_TRUE(Journal::create(path_, sample_plan())); }
  const auto journal = Journal::open(path_);
  ASSERT_TRUE(journal) << journal.error().text;
  const JournalPlan& plan = (*journal)->plan();
  EXPECT_EQ(plan.args, sample_plan().args);
  EXPECT_EQ(plan.ports, "80");
  EXPECT_EQ(plan.targets, sample_plan().targets);
  EXPECT_EQ(plan.digest, sample_plan().digest);
  EXPECT_EQ(plan.seed, 99u);
  EXPECT_EQ(plan.shard_index, 2u);
  EXPECT_EQ(plan.shard_count, 3u);
  EXPECT_EQ(plan.steps, 86u);
  EXPECT_EQ((*journal)->phase(), JournalPhase::probing);
}

TEST_F(JournalTest, MarksAndPendingStepsOutliveTheProcess) {
  {
    const auto journal = std::move(Journal::create(path_, sample_plan()).value());
    Ledger ledger(journal->ledger_words(), 50);
    const uint64_t first[] = {7, 3};
    journal->begin_batch(first);
    ledger.raise(7, Mark::open);
    ledger.raise(3, Mark::closed);
    journal->end_batch();
    const uint64_t second[] = {11, 9, 10};
    journal->begin_batch(second);
    ledger.raise(9, Mark::open);  // and then the process was killed
  }
  {
    const auto journal = std::move(Journal::open(path_).value());
    EXPECT_EQ(Ledger(journal->ledger_words(), 50).at(7), Mark::open);
    EXPECT_EQ(journal->may_repeat(), (std::vector<uint64_t>{10, 11})) << "9 is marked, so it was reported";
    const uint64_t third[] = {20};
    journal->begin_batch(third);  // killed again
  }
  const auto journal = std::move(Journal::open(path_).value());
  EXPECT_EQ(journal->may_repeat(), (std::vector<uint64_t>{10, 11, 20}))
      << "an earlier interruption is not forgotten";
}

TEST_F(JournalTest, SlicesFollowOneAnotherAndTheirTotalsAddUp) {
  const auto journal = std::move(Journal::create(path_, sample_plan()).value());
  journal->finish_slice({1, 2, 3, 4});
  EXPECT_EQ(journal->slice(), 1u);
  EXPECT_EQ(journal->phase(), JournalPhase::clearing);
  EXPECT_EQ(journal->totals().filtered, 3u);
  journal->set_phase(JournalPhase::probing);
  journal->finish_slice({10, 0, 0, 0});
  EXPECT_EQ(journal->phase(), JournalPhase::done);
  EXPECT_EQ(journal->slice(), 1u);
  EXPECT_EQ(journal->totals().open, 11u);
  EXPECT_EQ(journal->totals().errors, 4u);
}

TEST_F(JournalTest, IsNeverOverwrittenNorSharedNorMistaken) {
  const auto journal = Journal::create(path_, sample_plan());
  ASSERT_TRUE(journal);
  EXPECT_NE(Journal::create(path_, sample_plan()).error().text.find("--resume"), std::string::npos);
  EXPECT_NE(Journal::open(path_).error().text.find("in use"), std::string::npos);
  EXPECT_NE(Journal::open("/etc/hostname").error().text.find("not a journal"), std::string::npos);
  EXPECT_FALSE(Journal::open(path_ + ".none"));
  EXPECT_FALSE(Journal::create("/nonexistent/x", sample_plan()));
}

TEST_F(JournalTest, WhatAKilledProcessLeftHalfMadeIsUsedAgain) {
  std::ofstream(draft_) << std::string(1 << 20, 'x');
  { ASSERT_TRUE(Journal::create(path_, sample_plan())); }
  EXPECT_FALSE(std::filesystem::exists(draft_));
  const auto journal = Journal::open(path_);
  ASSERT_TRUE(journal) << journal.error().text;
  EXPECT_EQ((*journal)->plan().args, sample_plan().args);
  EXPECT_EQ(Ledger((*journal)->ledger_words(), 50).count().unanswered, 50u);
}

TEST_F(JournalTest, TheOneThatIsThereStaysAsItIs) {
  std::ofstream(path_) << "something of the user's";
  EXPECT_FALSE(Journal::create(path_, sample_plan()));
  EXPECT_EQ(bytes(), "something of the user's");
  EXPECT_FALSE(std::filesystem::exists(draft_));
}

TEST_F(JournalTest, TwoProcessesDoNotMakeItAtTheSameTime) {
  const int other = ::open(draft_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  ASSERT_EQ(flock(other, LOCK_EX), 0);
  ASSERT_EQ(write(other, "work", 4), 4);
  const auto refused = Journal::create(path_, sample_plan());
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().text.find("by another process"), std::string::npos);
  EXPECT_EQ(std::filesystem::file_size(draft_), 4u) << "the other's work is not touched";
  EXPECT_FALSE(std::filesystem::exists(path_));
  close(other);
}

TEST_F(JournalTest, AJournalKilledBetweenItsTwoNamesOutlivesTheNextOne) {
  { ASSERT_TRUE(Journal::create(path_, sample_plan())); }
  std::filesystem::create_hard_link(path_, draft_);  // killed before the clean-up
  std::filesystem::rename(path_, moved_);            // and put aside by the user
  { ASSERT_TRUE(Journal::create(path_, sample_plan())); }
  EXPECT_TRUE(Journal::open(moved_));
  EXPECT_TRUE(Journal::open(path_));
}

TEST_F(JournalTest, DamageIsRefusedWhereverItIs) {
  { ASSERT_TRUE(Journal::create(path_, sample_plan())); }
  const std::string sound = bytes();
  const auto parse = [](const std::string& text, uint64_t size) {
    return parse_journal_plan(std::as_bytes(std::span(text)), size);
  };
  ASSERT_TRUE(parse(sound, sound.size()));
  EXPECT_FALSE(parse(sound, sound.size() + 1));
  EXPECT_FALSE(parse(sound.substr(0, 60), sound.size()));
  EXPECT_FALSE(parse(sound.substr(0, sound.size() / 2), sound.size() / 2));
  for (size_t at = 0; at < 88; ++at) {
    if (at >= 8 && at < 24) continue;  // digest and seed may be any number
    std::string damaged = sound;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x80);
    const auto plan = parse(damaged, damaged.size());
    if (plan) {
      EXPECT_LE(plan->args.size() + plan->ports.size() + plan->targets.size(), sound.size()) << at;
    }
  }
  std::string other_version = sound;
  other_version[7] = '9';
  EXPECT_NE(parse(other_version, other_version.size()).error().text.find("another version"),
            std::string::npos);
}

TEST(JournalInMemory, CostsTwoBitsAStepAndNothingUntilItIsTouched) {
  JournalPlan plan = sample_plan();
  plan.steps = plan.slice_steps = uint64_t{1} << 34;
  const auto journal = Journal::in_memory(plan);
  ASSERT_TRUE(journal);
  EXPECT_EQ((*journal)->ledger_words().size_bytes(), uint64_t{1} << 32);
}

}  // namespace
}  // namespace sonde
