#include "engine/sink/csv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "engine/sink/utf8.h"
#include "tests/engine/sink/records.h"
#include "tests/engine/sink/scratch_file.h"

namespace sonde {
namespace {

/// The fields of one line, read strictly by RFC 4180; a failure of the test
/// when it is not one.
std::vector<std::string> fields_of(std::string_view line) {
  EXPECT_TRUE(line.ends_with("\r\n"));
  line.remove_suffix(std::min<size_t>(line.size(), 2));
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (size_t i = 0; i < line.size(); ++i) {
    const bool at_start = i == 0 || (!quoted && line[i - 1] == ',');
    EXPECT_TRUE(line[i] != '\r' && line[i] != '\n') << "a raw line end in a record";
    if (quoted && line[i] == '"' && line.substr(i + 1).starts_with('"')) {
      fields.back() += line[i++];
    } else if (line[i] == '"') {
      EXPECT_TRUE(quoted || at_start) << "a quote inside a plain field";
      quoted = !quoted;
      EXPECT_TRUE(quoted || i + 1 == line.size() || line[i + 1] == ',') << "text after a closing quote";
    } else if (line[i] == ',' && !quoted) {
      fields.emplace_back();
    } else {
      fields.back() += line[i];
    }
  }
  EXPECT_FALSE(quoted) << "a quote that never ends";
  return fields;
}

/// Undoes the escapes, as csv.h documents them.
std::string unescaped(std::string_view field) {
  const std::map<char, char> kLetters = {{'\\', '\\'}, {'n', '\n'}, {'r', '\r'}, {'t', '\t'}};
  std::string bytes;
  for (size_t i = 0; i < field.size(); ++i) {
    if (field[i] != '\\') {
      bytes += field[i];
    } else if (field.at(++i) != 'x') {
      bytes += kLetters.at(field[i]);
    } else {
      bytes += static_cast<char>(std::stoi(std::string(field.substr(i + 1, 2)), nullptr, 16));
      i += 2;
    }
  }
  return bytes;
}

std::string line_of(const EndpointRecord& record) {
  std::string line;
  append_csv_line(line, record);
  return line;
}

std::map<std::string, std::string> row_of(const EndpointRecord& record) {
  const auto names = fields_of(kCsvHeader);
  const auto fields = fields_of(line_of(record));
  EXPECT_EQ(names.size(), fields.size());
  std::map<std::string, std::string> row;
  for (size_t i = 0; i < std::min(names.size(), fields.size()); ++i) row[names[i]] = fields[i];
  return row;
}

TEST(Csv, AnOpenPort) {
  EXPECT_EQ(
      line_of(an_open_ssh()),
      "2026-01-02T03:04:05.678901Z,10.0.0.5,22,,db1.example,,open,syn-ack,183.4,kernel,1,,ssh,,,,,,,,,,,,"
      "\"SSH-2.0-OpenSSH_9.2p1 Debian-2\\r\\n\",,\r\n");
}

TEST(Csv, AnOpenPortThatWasSeenAsPackets) {
  EXPECT_EQ(line_of(a_seen_https()),
            "2026-01-02T03:04:05.678901Z,10.0.0.5,443,,,,open,syn-ack,183.4,kernel,1,63,https,"
            "64240,1460,MSTNW,,,,,,,,,,,\r\n");
}

TEST(Csv, AnUnansweredPortHasEmptyFields) {
  EXPECT_EQ(line_of(a_record("2001:db8::1", 443, State::filtered)),
            "2026-01-02T03:04:05.678901Z,2001:db8::1,443,,,,filtered,no-response,,,1,,,,,,,,,,,,,,,,\r\n");
}

TEST(Csv, EvidenceHasItsColumns) {
  EndpointRecord record = a_record("fe80::1", 80, State::error);
  record.endpoint.scope = 3;
  record.icmp = IcmpEvidence{3, 13, IpAddress::v4(0x0a000001)};
  record.neighbour_unresolved = true;
  record.after_accept = AfterAccept::reset;
  record.segment = SegmentEvidence{57, 0, std::nullopt, "M?"};
  record.usual_ttl = 64;
  record.follow_up = Reason::conn_refused;
  record.revised = true;
  record.repeated = true;
  const auto row = row_of(record);
  EXPECT_EQ(row.at("ttl"), "57");
  EXPECT_EQ(row.at("window"), "0");
  EXPECT_EQ(row.at("mss"), "");
  EXPECT_EQ(row.at("options"), "M?");
  EXPECT_EQ(row.at("usual_ttl"), "64");
  EXPECT_EQ(row.at("follow_up"), "conn-refused");
  EXPECT_EQ(row.at("revised"), "true");
  EXPECT_EQ(row.at("scope"), "3");
  EXPECT_EQ(row.at("icmp_type"), "3");
  EXPECT_EQ(row.at("icmp_code"), "13");
  EXPECT_EQ(row.at("icmp_from"), "10.0.0.1");
  EXPECT_EQ(row.at("neighbour"), "unresolved");
  EXPECT_EQ(row.at("errno"), "EMFILE");
  EXPECT_EQ(row.at("after_accept"), "reset");
  EXPECT_EQ(row.at("repeated"), "true");
}

TEST(Csv, TextIsHarmlessToASpreadsheetAndATerminal) {
  struct Row {
    std::string banner;
    const char* field;
  };
  const Row rows[] = {
      {"=cmd|'/c calc'!A1", R"(\x3dcmd|'/c calc'!A1)"},
      {"+OK ready", R"(\x2bOK ready)"},
      {"-NOAUTH", R"(\x2dNOAUTH)"},
      {"@SUM(A1)", R"(\x40SUM(A1))"},
      {"\t=1", R"(\t=1)"},
      {"a=b+c-d@e", "a=b+c-d@e"},
      {"say \"hi\", you", "say \"hi\", you"},
      {"C:\\x41", R"(C:\\x41)"},
      {"\x1b[2J\r\n\a", R"(\x1b[2J\r\n\x07)"},
      {"b\xc3\xbcro \xff \xc2\x9b", "b\xc3\xbcro \\xff \\xc2\\x9b"},
      {std::string("a\0b", 3), R"(a\x00b)"},
  };
  for (const Row& row : rows) {
    EndpointRecord record = a_record("10.0.0.9", 80, State::open);
    record.banner = row.banner;
    EXPECT_EQ(row_of(record).at("banner"), row.field);
    EXPECT_EQ(unescaped(row.field), row.banner) << "nothing is lost";
  }
}

TEST(Csv, AnyRecordIsReadBackAsItWas) {
  for (const EndpointRecord& record : random_records(13, 20000)) {
    const auto row = row_of(record);
    EXPECT_TRUE(is_utf8(line_of(record)));
    EXPECT_FALSE(has_hidden(line_of(record)));
    EXPECT_EQ(IpAddress::parse(row.at("addr")), record.endpoint.address);
    EXPECT_EQ(row.at("port"), std::to_string(record.endpoint.port));
    EXPECT_EQ(row.at("state"), to_string(record.outcome.state));
    EXPECT_EQ(row.at("reason"), to_string(record.outcome.reason));
    EXPECT_EQ(row.at("rtt_us").empty(), !record.rtt.has_value());
    EXPECT_EQ(row.at("icmp_type"), record.icmp ? std::to_string(record.icmp->type) : "");
    EXPECT_EQ(unescaped(row.at("name")), record.name);
    EXPECT_EQ(unescaped(row.at("sni")), record.sni);
    EXPECT_EQ(unescaped(row.at("service")), record.service);
    EXPECT_EQ(unescaped(row.at("banner")), record.banner);
    EXPECT_EQ(row.at("ttl"), record.segment ? std::to_string(record.segment->ttl) : "");
    EXPECT_EQ(row.at("options"), record.segment ? record.segment->options : "");
    EXPECT_EQ(row.at("follow_up"), record.follow_up ? to_string(*record.follow_up) : "");
    EXPECT_EQ(row.at("revised"), record.revised ? "true" : "");
    EXPECT_EQ(row.at("repeated"), record.repeated ? "true" : "");
    if (testing::Test::HasFailure()) FAIL() << line_of(record);
  }
}

TEST(Csv, HasItsHeaderOnceAndNoSummary) {
  const ScratchFile scratch("out.csv");
  Csv sink(open_output(scratch.path()), ShowFilter());
  const std::vector batch = {an_open_ssh()};
  ASSERT_TRUE(sink.write(batch));
  ASSERT_TRUE(sink.write(batch));
  EXPECT_EQ(scratch.content(), std::string(kCsvHeader) + line_of(an_open_ssh()) + line_of(an_open_ssh()));
  ASSERT_TRUE(sink.finish(a_summary()));
  EXPECT_EQ(lines_of(scratch.content(), "\r\n").size(), 3u);
}

TEST(Csv, HasItsHeaderWhenNothingWasFound) {
  const ScratchFile scratch("out.csv");
  Csv sink(open_output(scratch.path()), ShowFilter());
  ASSERT_TRUE(sink.finish(a_summary()));
  EXPECT_EQ(scratch.content(), kCsvHeader);
}

TEST(Csv, ResumesAFileThatWasCutAnywhere) {
  std::string whole(kCsvHeader);
  for (const EndpointRecord& record : random_records(17, 5)) append_csv_line(whole, record);
  for (size_t cut = 0; cut <= whole.size(); ++cut) {
    const ScratchFile scratch("out.csv");
    scratch.set_content(whole.substr(0, cut));
    auto file = OutputFile::open(scratch.path(), OutputMode::resume, kCsvHeader);
    ASSERT_TRUE(file) << file.error().text;
    Csv sink(std::move(*file), ShowFilter());
    ASSERT_TRUE(sink.begin({}));
    const std::vector batch = {an_open_ssh()};
    write_all(sink, batch, a_summary());
    const size_t line_end = cut == 0 ? std::string::npos : whole.rfind('\n', cut - 1);
    const std::string kept =
        line_end == std::string::npos ? std::string(kCsvHeader) : whole.substr(0, line_end + 1);
    EXPECT_EQ(scratch.content(), kept + line_of(an_open_ssh())) << cut;
  }
}

TEST(Csv, AFullDeviceIsAnErrorOfEachStep) {
  Csv sink(open_output("/dev/full"), ShowFilter());
  const std::vector batch = {an_open_ssh()};
  EXPECT_FALSE(sink.write(batch));
  EXPECT_FALSE(sink.write(batch));
  const auto finished = sink.finish(a_summary());
  ASSERT_FALSE(finished);
  EXPECT_THAT(finished.error().text, testing::HasSubstr("No space left on device"));
}

}  // namespace
}  // namespace sonde
