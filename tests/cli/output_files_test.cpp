#include "cli/output_files.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "cli/wiring.h"

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
  std::string content(const std::string& name) const {
    std::ifstream file(in(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  ScanOutput outputs(const std::vector<std::string>& paths, bool named = true) const {
    ScanOutput output;
    output.outputs_named = named;
    for (const std::string& path : paths) output.outputs.emplace_back().path = path;
    return output;
  }
  ScanOptions writing(const std::vector<std::string>& paths) const {
    ScanOptions options;
    options.output = outputs(paths);
    return options;
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
    const auto checked = check_distinct_files(writing({"-", in(row.a), in(row.b)}));
    ASSERT_EQ(checked.has_value(), !row.same);
    if (row.same) {
      EXPECT_THAT(checked.error().text, HasSubstr("given twice"));
    }
    for (std::string ScanOutput::*role : {&ScanOutput::journal, &ScanOutput::resume}) {
      ScanOptions options = writing({in(row.a)});
      options.output.*role = in(row.b);
      EXPECT_EQ(check_distinct_files(options).has_value(), !row.same) << "an output and the journal";
    }
    ScanOptions captured = writing({in(row.a)});
    captured.conduct.capture = in(row.b);
    EXPECT_EQ(check_distinct_files(captured).has_value(), !row.same) << "an output and the capture";
  }
  EXPECT_TRUE(check_distinct_files(writing({"/dev/null", "/dev/./null"})))
      << "a device has no content to destroy";
}

TEST_F(OutputFiles, AResumedJournalMayHaveItsOldNameToo) {
  ScanOptions options = writing({in("a.jsonl")});
  options.output.journal = options.output.resume = made("a.journal");
  EXPECT_TRUE(check_distinct_files(options));
}

TEST_F(OutputFiles, WhatIsReadIsNotWritten) {
  made("fleet.csv");
  std::filesystem::create_hard_link(in("fleet.csv"), in("same.csv"));
  const struct {
    const char* what;
    std::vector<std::string> ScanSubject::*read;
    void (*write)(ScanOptions&, const std::string&);
  } rows[] = {
      {"-iL and -o", &ScanSubject::target_files,
       [](ScanOptions& options, const std::string& path) { options.output.outputs[0].path = path; }},
      {"-iL and --journal", &ScanSubject::target_files,
       [](ScanOptions& options, const std::string& path) { options.output.journal = path; }},
      {"-iL and --capture", &ScanSubject::target_files,
       [](ScanOptions& options, const std::string& path) { options.conduct.capture = path; }},
      {"--exclude-file and -o", &ScanSubject::exclude_files,
       [](ScanOptions& options, const std::string& path) { options.output.outputs[0].path = path; }},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.what);
    for (const char* name : {"fleet.csv", "same.csv", "sub/../fleet.csv", "other.csv"}) {
      ScanOptions options = writing({in("found.csv")});
      (options.subject.*row.read) = {in("fleet.csv")};
      row.write(options, in(name));
      const auto checked = check_distinct_files(options);
      ASSERT_EQ(checked.has_value(), name == std::string("other.csv")) << name;
      if (!checked) {
        EXPECT_EQ(checked.error().kind, ErrorKind::usage);
        EXPECT_THAT(checked.error().text, HasSubstr("writing would destroy it; name another file"));
      }
    }
  }
}

TEST_F(OutputFiles, JournalAndCaptureAreNew) {
  EXPECT_TRUE(check_new_files("", ""));
  EXPECT_TRUE(check_new_files(in("a.journal"), in("a.pcap")));
  EXPECT_THAT(check_new_files(made("a.journal"), "").error().text, HasSubstr("--resume"));
  EXPECT_THAT(check_new_files("", made("a.pcap")).error().text, HasSubstr("name another file"));
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

/// A sweep with one output, run by run, as `sonde scan` opens its files.
struct ResumedOutput : OutputFiles {
  JournalPlan plan() const {
    JournalPlan plan;
    plan.steps = plan.slice_steps = 100;
    return plan;
  }
  Result<std::vector<std::unique_ptr<Sink>>> opened(Journal& journal, bool resumed) {
    ScanOutput output = outputs({in("a.jsonl")}, false);
    if (resumed) recall_outputs(journal, outputs({in("a.jsonl")}), output);
    auto sinks = make_sinks(output, resumed);
    if (!sinks) return sinks;
    if (auto begun = begin_outputs(output, *sinks, journal); !begun) return tl::unexpected(begun.error());
    return sinks;
  }
  std::unique_ptr<Journal> created() {
    return std::move(Journal::create(in("a.journal"), plan(), std::vector{in("a.jsonl")}).value());
  }
  std::unique_ptr<Journal> reopened() { return std::move(Journal::open(in("a.journal")).value()); }
  void replace(const std::string& text) { std::ofstream(in("a.jsonl"), std::ios::binary) << text; }

  /// A run that reports some records and is killed.
  void run(uint32_t records) {
    const auto journal = created();
    const auto sinks = std::move(opened(*journal, false).value());
    for (uint32_t i = 0; i < records; ++i) ASSERT_TRUE(sinks[0]->write(std::vector{record(i)}));
  }
  static EndpointRecord record(uint32_t i) {
    EndpointRecord record;
    record.time = WallTime(std::chrono::seconds(1'800'000'000 + i));
    record.endpoint = {IpAddress::v4(0x0a000000 + i), 22, 0};
    record.outcome = {State::open, Reason::syn_ack};
    return record;
  }
};

TEST_F(ResumedOutput, GoesOnWhereTheKilledRunEnded) {
  run(5);
  const std::string before = content("a.jsonl");
  replace(before + "{\"type\":\"endpo");  // more than was noted: the kill came in the middle of a write
  const auto journal = reopened();
  const auto sinks = opened(*journal, true);
  ASSERT_TRUE(sinks) << sinks.error().text;
  ASSERT_TRUE((*sinks)[0]->write(std::vector{record(9)}));
  EXPECT_EQ(content("a.jsonl").substr(0, before.size()), before);
  EXPECT_THAT(content("a.jsonl").substr(before.size()), HasSubstr("10.0.0.9"));
}

TEST_F(ResumedOutput, IsRefusedWhenItIsNotWhatWasWritten) {
  run(5);
  const std::string whole = content("a.jsonl");
  const std::string line = whole.substr(0, whole.find('\n') + 1);
  std::string changed = whole;
  changed[changed.size() - line.size() / 2] ^= 1;
  const struct {
    const char* what;
    std::string content;
    const char* cause;
  } rows[] = {
      {"emptied", "", "holds 0 bytes of whole lines"},
      {"shortened", whole.substr(0, whole.size() - line.size()), "bytes of whole lines, but the interrupted"},
      {"in the middle of a line", whole.substr(0, whole.size() - 3), "but the interrupted"},
      {"another one, longer", line + line + line + line + line + line, "is another file"},
      {"edited", changed, "is another file"},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.what);
    replace(row.content);
    const auto journal = reopened();
    const auto sinks = opened(*journal, true);
    ASSERT_FALSE(sinks);
    EXPECT_EQ(sinks.error().kind, ErrorKind::usage);
    EXPECT_THAT(sinks.error().text,
                testing::AllOf(HasSubstr(row.cause), HasSubstr("name a new one with -o")));
    EXPECT_EQ(content("a.jsonl"), row.content) << "it stays as it is";
  }
  replace(whole);
  EXPECT_TRUE(opened(*reopened(), true)) << "put back as it was";
}

TEST_F(ResumedOutput, ARunThatWasKilledBeforeItBeganBeginsNow) {
  replace("{\"type\":\"summary\"}\n");  // of an earlier sweep, to be overwritten
  { created(); }                        // killed here
  const auto journal = reopened();
  ASSERT_TRUE(opened(*journal, true));
  EXPECT_EQ(content("a.jsonl"), "");
}

TEST_F(ResumedOutput, AnotherOneIsRememberedToo) {
  run(1);
  {
    const auto journal = reopened();
    ScanOutput rest = outputs({in("b.jsonl")});
    auto sinks = std::move(make_sinks(rest, true).value());
    ASSERT_TRUE(begin_outputs(rest, sinks, *journal));
    ASSERT_TRUE(sinks[0]->write(std::vector{record(2)}));
  }
  const auto remembered = reopened()->outputs();
  ASSERT_EQ(remembered.size(), 2u);
  EXPECT_EQ(remembered[1].path, in("b.jsonl"));
  EXPECT_EQ(remembered[1].mark.value().bytes, content("b.jsonl").size());
}

}  // namespace
}  // namespace sonde
