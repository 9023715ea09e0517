#include "cli/output_files.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

namespace sonde {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct OutputFiles : testing::Test {
  void SetUp() override {
    std::string name = testing::TempDir() + "output_files_XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    std::filesystem::create_directory(folder_ / "sub");
    std::filesystem::create_directory_symlink(folder_ / "sub", folder_ / "link");
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string in(const std::string& name) const { return (folder_ / name).string(); }
  std::string made(const std::string& name) const {
    std::ofstream(in(name)) << "x\n";
    return in(name);
  }
  ScanOutput outputs(const std::vector<std::string>& paths, bool named = true) const {
    ScanOutput output;
    output.outputs_named = named;
    for (const std::string& path : paths) output.outputs.emplace_back().path = path;
    return output;
  }
  std::filesystem::path folder_;
};

TEST_F(OutputFiles, OneFileIsOneFileWhateverItIsCalled) {
  made("there.csv");
  std::filesystem::create_symlink(in("there.csv"), in("other.csv"));
  std::filesystem::create_hard_link(in("there.csv"), in("second.csv"));
  const struct {
    const char *a, *b;
    bool same;
  } rows[] = {
      {"new.csv", "new.csv", true},        {"new.csv", "./new.csv", true},
      {"new.csv", "sub/../new.csv", true}, {"sub/new.csv", "link/new.csv", true},
      {"there.csv", "other.csv", true},    {"there.csv", "second.csv", true},
      {"new.csv", "newer.csv", false},     {"new.csv", "sub/new.csv", false},
      {"there.csv", "new.csv", false},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(std::string(row.a) + " and " + row.b);
    const auto checked = check_distinct_files(outputs({"-", in(row.a), in(row.b)}));
    ASSERT_EQ(checked.has_value(), !row.same);
    if (row.same) {
      EXPECT_THAT(checked.error().text, HasSubstr("given twice"));
    }
    ScanOutput with_journal = outputs({in(row.a)});
    with_journal.journal = in(row.b);
    EXPECT_EQ(check_distinct_files(with_journal).has_value(), !row.same) << "an output and the journal";
    with_journal.resume = std::move(with_journal.journal);
    with_journal.journal.clear();
    EXPECT_EQ(check_distinct_files(with_journal).has_value(), !row.same)
        << "an output and the resumed journal";
  }
  EXPECT_TRUE(check_distinct_files(outputs({"/dev/null", "/dev/./null"})))
      << "a device has no content to destroy";
}

TEST_F(OutputFiles, AJournalIsNew) {
  EXPECT_TRUE(check_journal_is_new(""));
  EXPECT_TRUE(check_journal_is_new(in("a.journal")));
  EXPECT_THAT(check_journal_is_new(made("a.journal")).error().text, HasSubstr("--resume"));
}

TEST_F(OutputFiles, WhatIsContinuedIsThere) {
  const ScanOutput first = outputs({in("a.jsonl"), "-"});
  EXPECT_THAT(check_resumed_outputs(first, outputs({in("a.jsonl"), "-"}, false)).error().text,
              HasSubstr("a.jsonl of the interrupted sweep is missing here"));
  made("a.jsonl");
  EXPECT_THAT(check_resumed_outputs(first, outputs({in("a.jsonl"), "-"}, false)).value(), IsEmpty());
}

TEST_F(OutputFiles, ANewOutputHoldsOnlyTheRestAndSaysSo) {
  const ScanOutput first = outputs({in("a.jsonl")});
  const auto rest = HasSubstr("holds only the rest");
  EXPECT_THAT(check_resumed_outputs(first, outputs({in("b.jsonl")})).value(), ElementsAre(rest));
  EXPECT_THAT(check_resumed_outputs(first, outputs({in("a.jsonl")})).value(), ElementsAre(rest))
      << "it is gone";
  made("a.jsonl");
  EXPECT_THAT(check_resumed_outputs(first, outputs({in("a.jsonl")})).value(), IsEmpty());
  EXPECT_THAT(check_resumed_outputs(first, outputs({in("sub/../a.jsonl"), in("b.csv")})).value(),
              ElementsAre(HasSubstr("b.csv")));
}

}  // namespace
}  // namespace sonde
