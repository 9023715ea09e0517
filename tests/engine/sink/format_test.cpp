#include "engine/sink/format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/sink/csv.h"
#include "tests/engine/sink/records.h"
#include "tests/engine/sink/scratch_file.h"

namespace sonde {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

TEST(Format, IsKnownByItsWord) {
  EXPECT_EQ(parse_format("table"), OutputFormat::table);
  EXPECT_EQ(parse_format("jsonl"), OutputFormat::json_lines);
  EXPECT_EQ(parse_format("csv"), OutputFormat::csv);
}

TEST(Format, SaysWhichWordsThereAre) {
  for (const char* word : {"", "json", "JSONL", "yaml"}) {
    const auto format = parse_format(word);
    ASSERT_FALSE(format) << word;
    EXPECT_EQ(format.error().kind, ErrorKind::usage);
    EXPECT_THAT(format.error().text, HasSubstr("is not a format: use jsonl, csv or table"));
  }
  for (const char* word : {"xml", "db"}) {
    EXPECT_EQ(parse_format(word).error().text,
              std::string(word) + " is not supported by this version: use jsonl, csv or table");
  }
}

TEST(Format, IsKnownBySuffix) {
  struct Row {
    const char* path;
    OutputFormat format;
  };
  constexpr Row kRows[] = {
      {"out.jsonl", OutputFormat::json_lines},   {"dir.csv/out.ndjson", OutputFormat::json_lines},
      {"/a/b.c/OUT.CSV", OutputFormat::csv},     {"out.txt", OutputFormat::table},
      {"a.csv.jsonl", OutputFormat::json_lines},
  };
  for (const Row& row : kRows) EXPECT_EQ(format_of_path(row.path), row.format) << row.path;
}

TEST(Format, SaysWhatToDoAboutASuffixThatTellsNothing) {
  struct Row {
    const char* path;
    const char* text;
  };
  constexpr Row kRows[] = {
      {"out", "add --format"},
      {"out.dat", "add --format"},
      {"dir.csv/out", "add --format"},
      {"/dev/null", "add --format"},
      {"out.xml", "xml is not supported by this version"},
      {"out.db", "db is not supported by this version"},
      {"out.json", "name it .jsonl, or add --format jsonl"},
  };
  for (const Row& row : kRows) {
    const auto format = format_of_path(row.path);
    ASSERT_FALSE(format) << row.path;
    EXPECT_THAT(format.error().text, AllOf(StartsWith("-o " + std::string(row.path)), HasSubstr(row.text)));
  }
}

std::string made_by(OutputSpec spec, const ScratchFile& scratch) {
  spec.path = scratch.path();
  auto sink = make_sink(spec);
  if (!sink) return sink.error().text;
  if (const auto begun = (*sink)->begin({}); !begun) return begun.error().text;
  const std::vector batch = {an_open_ssh()};
  write_all(**sink, batch, a_summary());
  return scratch.content();
}

TEST(MakeSink, MakesTheSinkOfTheFormat) {
  EXPECT_THAT(made_by({}, ScratchFile("out.jsonl")), StartsWith("{\"type\":\"endpoint\""));
  EXPECT_THAT(made_by({}, ScratchFile("out.csv")), StartsWith("time,addr,port,"));
  EXPECT_THAT(made_by({}, ScratchFile("out.txt")), StartsWith("   PORT  STATE"));
  OutputSpec spec;
  spec.format = OutputFormat::csv;
  EXPECT_THAT(made_by(spec, ScratchFile("out.jsonl")), StartsWith("time,addr,port,")) << "--format decides";
}

TEST(MakeSink, DoesNotContinueAFileOfAnotherFormat) {
  for (const char* content : {"time,addr\r\n", "\"quoted\"\n", "[\n"}) {
    const ScratchFile scratch("out.jsonl");
    scratch.set_content(content);
    OutputSpec spec;
    spec.mode = OutputMode::resume;
    EXPECT_THAT(made_by(spec, scratch), HasSubstr("cannot be continued: name another file"));
    EXPECT_EQ(scratch.content(), content);
  }
}

TEST(MakeSink, ContinuesItsOwnFileWithoutASecondHeader) {
  const ScratchFile scratch("out.csv");
  OutputSpec spec;
  made_by(spec, scratch);
  spec.mode = OutputMode::resume;
  const auto lines = lines_of(made_by(spec, scratch), "\r\n");
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[1], lines[2]);
}

}  // namespace
}  // namespace sonde
