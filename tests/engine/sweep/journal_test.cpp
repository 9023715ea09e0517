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
  plan.shortfall = "1 name did not resolve";
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
  const std::string path_ = testing::TempDir() + "journal_test." + std::to_string(getpid());
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
  EXPECT_EQ(plan.shortfall, sample_plan().shortfall);
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
  const auto nowhere = Journal::create("/nonexistent/x", sample_plan());
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error().kind, ErrorKind::usage) << "nothing has been done yet";
  EXPECT_NE(nowhere.error().text.find("name a file in a directory"), std::string::npos);
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
  const size_t texts = sound.find("10.0.0.0/24");
  const size_t texts_end = sound.find(sample_plan().targets) + sample_plan().targets.size();
  ASSERT_LT(texts, texts_end);
  for (size_t at = 0; at < texts_end; at = at == 4095 ? texts : at + 1) {  // between them is what changes
    std::string damaged = sound;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x80);
    EXPECT_FALSE(parse(damaged, damaged.size())) << at;
  }
}

TEST_F(JournalTest, SaysWhatIsWrongWithTheFile) {
  { ASSERT_TRUE(Journal::create(path_, sample_plan())); }
  const std::string sound = bytes();
  std::string other_version = sound, header = sound;
  other_version[7] = '9';
  header[200] = 'x';
  const struct {
    const char* what;
    std::string content;
    const char* told;
  } rows[] = {
      {"nothing", "", "is not a journal of sonde: it is empty"},
      {"noise", std::string(4096, 'x'), "is not a journal of sonde: name the file that --journal made"},
      {"a few bytes", "SON", "is not a journal of sonde"},
      {"cut", sound.substr(0, 5000), "is damaged: it has 5000 bytes instead of"},
      {"cut in the header", sound.substr(0, 50), "is damaged: it has only 50 bytes"},
      {"damaged", header, "is damaged: its checksum is wrong; take an undamaged copy"},
      {"another version", other_version, "was written by another version of sonde"},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.what);
    std::ofstream(path_, std::ios::binary) << row.content;
    const auto journal = Journal::open(path_);
    ASSERT_FALSE(journal);
    EXPECT_EQ(journal.error().kind, ErrorKind::usage);
    EXPECT_NE(journal.error().text.find(row.told), std::string::npos) << journal.error().text;
  }
}

TEST_F(JournalTest, AStateThatCannotBeIsRefused) {
  const struct {
    const char* what;
    void (*damage)(JournalState&);
  } rows[] = {
      {"a slice too many", [](JournalState& state) { state.place = 2 * 4; }},
      {"listed beyond the slice", [](JournalState& state) { state.listed = 51; }},
      {"listing beyond the slice", [](JournalState& state) { state.listing_to = 51; }},
      {"too much pending", [](JournalState& state) { state.pending = Journal::kMostPending + 1; }},
      {"too much carried", [](JournalState& state) { state.carried = Journal::kMostCarried + 1; }},
      {"a pass too many", [](JournalState& state) { state.pass = kMostPasses; }},
      {"more errors than endpoints", [](JournalState& state) { state.slice_errors = ~uint64_t{0}; }},
      {"more open than endpoints", [](JournalState& state) { state.totals[1].open = 87; }},
      {"more found than endpoints", [](JournalState& state) { state.found[3] = ~uint64_t{0}; }},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.what);
    clean();
    { row.damage(std::move(Journal::create(path_, sample_plan()).value())->state()); }
    const auto journal = Journal::open(path_);
    ASSERT_FALSE(journal);
    EXPECT_NE(journal.error().text.find("is damaged: its state makes no sense"), std::string::npos);
  }
}

TEST_F(JournalTest, RemembersHowFarTheOutputsWereWritten) {
  {
    const std::vector<std::string> outputs = {"a.jsonl", "b.csv"};
    const auto journal = std::move(Journal::create(path_, sample_plan(), outputs).value());
    ASSERT_EQ(journal->outputs().size(), 2u);
    EXPECT_FALSE(journal->outputs()[0].mark) << "not begun yet";
    for (uint64_t bytes = 0; bytes < 5; ++bytes) journal->note_output(1, {bytes, 100 + bytes});
    EXPECT_EQ(journal->add_output("c.jsonl").value(), 2u);
  }
  const auto outputs = std::move(Journal::open(path_).value())->outputs();
  ASSERT_EQ(outputs.size(), 3u);
  EXPECT_EQ(outputs[0].path, "a.jsonl");
  EXPECT_FALSE(outputs[0].mark);
  EXPECT_EQ(outputs[1].mark, (OutputMark{4, 104}));
  EXPECT_EQ(outputs[2].path, "c.jsonl");
}

TEST_F(JournalTest, RemembersABoundedNumberOfOutputs) {
  std::vector<std::string> outputs(Journal::kMostOutputs, "a");
  EXPECT_TRUE(Journal::create(path_, sample_plan(), outputs));
  clean();
  outputs.emplace_back("one more");
  const auto refused = Journal::create(path_, sample_plan(), outputs);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().text.find("at most 16 output files"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(path_) || std::filesystem::exists(draft_));
  const std::string longest(Journal::kLongestOutputPath, 'x');
  EXPECT_EQ(std::move(Journal::create(path_, sample_plan(), std::vector{longest}).value())->outputs()[0].path,
            longest);
  clean();
  EXPECT_FALSE(Journal::create(path_, sample_plan(), std::vector{longest + "x"}));
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
