#include "cli/scan_options.h"

#include <gtest/gtest.h>

namespace sonde {
namespace {

ScanOptions parsed(const std::vector<std::string>& words, const ScanOptions* base = nullptr) {
  const auto options = parse_scan_options(words, base);
  EXPECT_TRUE(options && *options) << (options ? "help" : options.error().text);
  return options && *options ? **options : ScanOptions{};
}

std::string refused(const std::vector<std::string>& words, const ScanOptions* base = nullptr) {
  const auto options = parse_scan_options(words, base);
  return options ? "" : options.error().text;
}

TEST(ScanOptions, Defaults) {
  const ScanOptions options = parsed({"10.0.0.1", "-p", "80"});
  EXPECT_EQ(options.conduct.rate, 10000);
  EXPECT_EQ(options.conduct.timeout, std::chrono::seconds(1));
  EXPECT_EQ(options.conduct.retries, 2u);
  ASSERT_EQ(options.output.outputs.size(), 1u);
  EXPECT_EQ(options.output.outputs[0].path, "-");
  EXPECT_TRUE(options.output.show.shows(State::open));
  EXPECT_FALSE(options.output.show.shows(State::filtered));
}

TEST(ScanOptions, OptionsWithValuesDoNotSwallowTargets) {
  const ScanOptions options =
      parsed({"-o", "a.jsonl", "--exclude", "10.0.0.9", "10.0.0.1", "-iL", "list", "10.0.0.2", "-p", "80"});
  EXPECT_EQ(options.subject.targets, (std::vector<std::string>{"10.0.0.1", "10.0.0.2"}));
  EXPECT_EQ(options.subject.target_files, (std::vector<std::string>{"list"}));
  EXPECT_EQ(options.subject.excludes, (std::vector<std::string>{"10.0.0.9"}));
}

TEST(ScanOptions, AllPortsInEitherSpelling) {
  EXPECT_EQ(parsed({"10.0.0.1", "-p-"}).subject.ports, "-");
  EXPECT_EQ(parsed({"10.0.0.1", "-p", "-"}).subject.ports, "-");
  EXPECT_EQ(parsed({"-iL", "-", "-p", "80"}).subject.target_files, (std::vector<std::string>{"-"}));
}

TEST(ScanOptions, FormatsBelongToOutputsInOrder) {
  const ScanOptions options = parsed({"10.0.0.1", "-p", "80", "-o", "x", "--format", "csv", "-o", "y.jsonl"});
  EXPECT_EQ(options.output.outputs[0].format, OutputFormat::csv);
  EXPECT_FALSE(options.output.outputs[1].format);
  EXPECT_NE(refused({"10.0.0.1", "--format", "csv", "--format", "csv"}).find("more formats"),
            std::string::npos);
}

TEST(ScanOptions, AGoalRaisesTheRetriesUnlessTheyAreGiven) {
  EXPECT_EQ(parsed({"10.0.0.1", "--completeness", "99%"}).conduct.retries, 20u);
  EXPECT_EQ(parsed({"10.0.0.1", "--completeness", "99%", "--retries", "4"}).conduct.retries, 4u);
}

TEST(ScanOptions, ResumingKeepsWhatWasGivenAndTakesWhatIsNew) {
  const ScanOptions first =
      parsed({"10.0.0.1", "-p", "80", "--rate", "5k", "--journal", "j", "-o", "a.jsonl", "--banner"});
  const ScanOptions same = parsed({"--resume", "j"}, &first);
  EXPECT_EQ(same.conduct.rate, 5000);
  EXPECT_TRUE(same.conduct.banner);
  EXPECT_EQ(same.output.outputs.at(0).path, "a.jsonl");
  const ScanOptions slower = parsed({"--resume", "j", "--rate", "100", "-o", "b.csv"}, &first);
  EXPECT_EQ(slower.conduct.rate, 100);
  EXPECT_EQ(slower.output.outputs.at(0).path, "b.csv");
  for (const std::string word : {"-p", "--seed", "--shard", "--exclude"}) {
    EXPECT_NE(refused({"--resume", "j", word, word == "--shard" ? "1/2" : "7"}, &first).find("--resume"),
              std::string::npos)
        << word;
  }
}

TEST(ScanOptions, PartsOfASweepNeedOneSeed) {
  EXPECT_EQ(refused({"10.0.0.0/24", "-p", "80", "--shard", "2/8"}),
            "--shard needs --seed N, the same on every machine");
  EXPECT_EQ(parsed({"10.0.0.0/24", "-p", "80", "--shard", "2/8", "--seed", "0"}).subject.shard,
            (Shard{2, 8}));
}

TEST(ScanOptions, ConcurrencyHasARange) {
  EXPECT_EQ(parsed({"10.0.0.1", "--concurrency", "4000000"}).conduct.concurrency, 4000000u);
  for (const std::string wrong : {"0", "-1", "4000001", "4294967295"}) {
    EXPECT_NE(refused({"10.0.0.1", "--concurrency", wrong}).find("--concurrency"), std::string::npos)
        << wrong;
  }
}

TEST(ScanOptions, AnOutputIsNamedAnewOnlyByItsOwnWords) {
  const ScanOptions first = parsed({"10.0.0.1", "-p", "80", "--journal", "j", "-o", "a.jsonl"});
  EXPECT_FALSE(parsed({"--resume", "j"}, &first).output.outputs_named);
  EXPECT_TRUE(parsed({"--resume", "j", "-o", "a.jsonl"}, &first).output.outputs_named);
}

TEST(ScanOptions, MistakesNameTheOptionOnce) {
  const struct {
    std::vector<std::string> words;
    const char* told;
  } rows[] = {
      {{"10.0.0.1", "--show", "opened"}, "--show: 'opened' is not a state"},
      {{"10.0.0.1", "--format", "yaml"}, "--format: 'yaml' is not a format"},
      {{"10.0.0.1", "--format", "xml"}, "--format: xml is not supported"},
      {{"10.0.0.1", "--shard", "9/8"}, "--shard: \"9/8\": the part"},
      {{"10.0.0.1", "--top-ports", "0"}, "--top-ports: "},
      {{"10.0.0.1", "-p", "80", "--top-ports", "0"}, "--top-ports: "},
      {{"10.0.0.1", "-p", ""}, "-p: the list is empty"},
  };
  for (const auto& row : rows) {
    const std::string told = refused(row.words);
    EXPECT_EQ(told.find(row.told), 0u) << told;
    const std::string option = std::string(row.told).substr(0, std::string(row.told).find(':'));
    EXPECT_EQ(told.find(option, 1), std::string::npos) << told;
  }
}

TEST(ScanOptions, ACaptureBelongsToItsRun) {
  const ScanOptions first =
      parsed({"10.0.0.1", "-p", "80", "--journal", "j", "-o", "a.jsonl", "--capture", "a.pcap"});
  EXPECT_EQ(parsed({"--resume", "j"}, &first).conduct.capture, "")
      << "it would overwrite that of the first run";
  EXPECT_EQ(parsed({"--resume", "j", "--capture", "b.pcap"}, &first).conduct.capture, "b.pcap");
}

TEST(ScanOptions, MistakesNameTheOption) {
  EXPECT_NE(refused({"10.0.0.1", "--rate", "fast"}).find("--rate"), std::string::npos);
  EXPECT_NE(refused({"10.0.0.1", "--nonsense"}).find("--nonsense"), std::string::npos);
  EXPECT_NE(refused({"10.0.0.1", "-p", "80", "--top-ports", "5"}).find("exclude each other"),
            std::string::npos);
  EXPECT_NE(refused({"10.0.0.1", "--source", "here"}).find("--source"), std::string::npos);
  for (const char* option : {"--banner", "--host-rate=5", "--capture=a.pcap", "--polite"})
    EXPECT_NE(refused({"10.0.0.1", "--engine", "xdp", option}).find("leave them out"), std::string::npos)
        << option;
  EXPECT_NE(refused({"10.0.0.1", "--xdp-generic"}).find("--engine xdp"), std::string::npos);
}

}  // namespace
}  // namespace sonde
