#include "engine/sink/json_lines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <nlohmann/json.hpp>

#include "engine/sink/batch.h"
#include "engine/sink/json_summary.h"
#include "engine/sink/utf8.h"
#include "tests/engine/sink/records.h"
#include "tests/engine/sink/scratch_file.h"

namespace sonde {
namespace {

using nlohmann::json;

std::string line_of(const EndpointRecord& record) {
  std::string line;
  append_json_line(line, record);
  return line;
}

std::string line_of(const SummaryRecord& summary) {
  std::string line;
  append_json_line(line, summary);
  return line;
}

TEST(JsonLines, AnOpenPortWithEverythingKnown) {
  EXPECT_EQ(line_of(an_open_ssh()),
            R"({"type":"endpoint","time":"2026-01-02T03:04:05.678901Z","addr":"10.0.0.5","port":22,)"
            R"("name":"db1.example","state":"open","reason":"syn-ack","rtt_us":183.4,"rtt_clock":"kernel",)"
            R"("attempts":1,"service":"ssh","banner":"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"})"
            "\n");
}

TEST(JsonLines, AnOpenPortThatWasSeenAsPackets) {
  EXPECT_EQ(line_of(a_seen_https()),
            R"({"type":"endpoint","time":"2026-01-02T03:04:05.678901Z","addr":"10.0.0.5","port":443,)"
            R"("state":"open","reason":"syn-ack","rtt_us":183.4,"rtt_clock":"kernel","attempts":1,"ttl":63,)"
            R"("service":"https","evidence":{"window":64240,"mss":1460,"options":"MSTNW"}})"
            "\n");
}

TEST(JsonLines, ARecordThatCountsInsteadOfAnEarlierOne) {
  EndpointRecord record = a_seen_https();
  record.revised = true;
  EXPECT_THAT(line_of(record), testing::EndsWith("},\"revised\":true}\n"));
}

TEST(JsonLines, AnUnansweredPortHasNoInventedFacts) {
  EXPECT_EQ(line_of(a_record("2001:db8::1", 443, State::filtered)),
            R"({"type":"endpoint","time":"2026-01-02T03:04:05.678901Z","addr":"2001:db8::1","port":443,)"
            R"("state":"filtered","reason":"no-response","attempts":1})"
            "\n");
}

TEST(JsonLines, EvidenceOfEachKind) {
  EndpointRecord rejected = a_record("10.0.0.9", 80, State::filtered);
  rejected.icmp = IcmpEvidence{3, 13, IpAddress::v4(0x0a000001)};
  EndpointRecord unattributed = rejected;
  unattributed.icmp->sender = IpAddress();
  EndpointRecord absent = a_record("10.0.0.9", 80, State::filtered);
  absent.neighbour_unresolved = true;
  EndpointRecord wrapped = a_record("10.0.0.9", 80, State::open);
  wrapped.after_accept = AfterAccept::reset;
  EndpointRecord nameless = a_record("10.0.0.9", 80, State::error);
  nameless.local_errno = 999;
  EndpointRecord several = rejected;
  several.after_accept = AfterAccept::closed;
  EndpointRecord bare = a_record("10.0.0.9", 80, State::open);
  bare.segment = SegmentEvidence{63, 0, std::nullopt, ""};
  EndpointRecord reset = a_record("10.0.0.9", 80, State::closed);
  reset.segment = SegmentEvidence{64, 0, std::nullopt, ""};
  EndpointRecord odd_reset = reset;
  odd_reset.segment->options = "T?";
  EndpointRecord intercepted = bare;
  intercepted.usual_ttl = 57;
  EndpointRecord unconnected = bare;
  unconnected.follow_up = Reason::conn_refused;
  struct Row {
    EndpointRecord record;
    const char* evidence;
  };
  const Row rows[] = {
      {rejected, R"("evidence":{"icmp":{"type":3,"code":13,"from":"10.0.0.1"}}})"},
      {unattributed, R"("evidence":{"icmp":{"type":3,"code":13}}})"},
      {absent, R"("evidence":{"neighbour":"unresolved"}})"},
      {a_record("10.0.0.9", 80, State::error), R"("evidence":{"errno":"EMFILE"}})"},
      {wrapped, R"("evidence":{"after_accept":"reset"}})"},
      {nameless, R"("evidence":{"errno":"errno 999"}})"},
      {bare, R"("ttl":63,"evidence":{"window":0,"options":""}})"},
      {reset, R"("ttl":64,"evidence":{"window":0}})"},
      {odd_reset, R"("ttl":64,"evidence":{"window":0,"options":"T?"}})"},
      {intercepted, R"("ttl":63,"evidence":{"window":0,"options":"","usual_ttl":57}})"},
      {unconnected, R"("evidence":{"window":0,"options":"","follow_up":"conn-refused"}})"},
      {several, R"("evidence":{"icmp":{"type":3,"code":13,"from":"10.0.0.1"},"after_accept":"closed"}})"},
  };
  for (const Row& row : rows)
    EXPECT_THAT(line_of(row.record), testing::EndsWith(std::string(row.evidence) + "\n"));
}

TEST(JsonLines, RttHasTheDecimalsItHas) {
  struct Row {
    int64_t nanos;
    const char* text;
  };
  constexpr Row kRows[] = {
      {0, "0"},        {1, "0.001"},          {50, "0.05"}, {183400, "183.4"},        {183000, "183"},
      {100000, "100"}, {1000001, "1000.001"}, {-5, "0"},    {10000000000, "10000000"}};
  for (const Row& row : kRows) {
    EndpointRecord record = a_record("10.0.0.9", 80, State::open);
    record.rtt = Nanos(row.nanos);
    EXPECT_THAT(line_of(record),
                testing::HasSubstr("\"rtt_us\":" + std::string(row.text) + ",\"rtt_clock\":\"app\""));
  }
}

TEST(JsonLines, TimesAreRfc3339) {
  struct Row {
    int64_t nanos;
    const char* text;
  };
  constexpr Row kRows[] = {{0, "1970-01-01T00:00:00.000000Z"},
                           {-1, "1969-12-31T23:59:59.999999Z"},
                           {951782399999999999, "2000-02-28T23:59:59.999999Z"},
                           {951782400000000000, "2000-02-29T00:00:00.000000Z"},
                           {INT64_MAX, "2262-04-11T23:47:16.854775Z"}};
  for (const Row& row : kRows) {
    EndpointRecord record = a_record("10.0.0.9", 80, State::open);
    record.time = WallTime(Nanos(row.nanos));
    EXPECT_EQ(json::parse(line_of(record)).at("time"), row.text);
  }
}

TEST(JsonLines, ABannerIsNeverLost) {
  struct Row {
    std::string banner;
    const char* text;
    const char* hex;  // empty: the field is absent
  };
  const Row rows[] = {
      {"220 mail ESMTP\r\n", R"("banner":"220 mail ESMTP\r\n"})", ""},
      {"b\xc3\xbcro", "\"banner\":\"b\xc3\xbcro\"}", ""},
      {"\x1b[31m", R"("banner":"\u001b[31m"})", ""},
      {"\xc2\x9b"
       "31m",
       R"("banner":"\u009b31m"})", ""},
      {std::string("a\0b", 3), R"("banner":"a\u0000b"})", ""},
      {"J\xff\x01", "\"banner\":\"J\xef\xbf\xbd\\u0001\",\"banner_hex\":\"4aff01\"}", "4aff01"},
  };
  for (const Row& row : rows) {
    EndpointRecord record = a_record("10.0.0.9", 80, State::open);
    record.banner = row.banner;
    EXPECT_THAT(line_of(record), testing::EndsWith(std::string(row.text) + "\n"));
    EXPECT_EQ(json::parse(line_of(record)).value("banner_hex", ""), row.hex);
  }
}

std::string bytes_of_hex(const std::string& hex) {
  std::string bytes;
  for (size_t i = 0; i < hex.size(); i += 2)
    bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  return bytes;
}

std::string banner_in(const json& object) {
  if (object.contains("banner_hex")) return bytes_of_hex(object.at("banner_hex"));
  return object.value("banner", "");
}

/// What a reader has of a text that may not be UTF-8.
std::string readable(const std::string& text) {
  return json::parse(json(text).dump(-1, ' ', false, json::error_handler_t::replace));
}

void expect_same_segment(const json& object, const SegmentEvidence& segment) {
  EXPECT_EQ(object.at("ttl"), segment.ttl);
  const json& evidence = object.at("evidence");
  EXPECT_EQ(evidence.at("window"), segment.window);
  EXPECT_EQ(evidence.value("mss", -1), segment.mss ? int{*segment.mss} : -1);
  EXPECT_EQ(evidence.value("options", ""), segment.options);
  EXPECT_EQ(evidence.contains("options"), object.at("state") == "open" || !segment.options.empty());
}

void expect_same_facts(const json& object, const EndpointRecord& record) {
  EXPECT_EQ(IpAddress::parse(object.at("addr").get<std::string>()), record.endpoint.address);
  EXPECT_EQ(object.at("port"), record.endpoint.port);
  EXPECT_EQ(object.value("scope", 0u), record.endpoint.scope);
  EXPECT_EQ(object.value("name", ""), readable(record.name));
  EXPECT_EQ(object.value("sni", ""), readable(record.sni));
  EXPECT_EQ(object.at("state"), to_string(record.outcome.state));
  EXPECT_EQ(object.at("reason"), to_string(record.outcome.reason));
  EXPECT_EQ(object.contains("rtt_us"), record.rtt.has_value());
  EXPECT_DOUBLE_EQ(object.value("rtt_us", 0.0),
                   static_cast<double>(record.rtt.value_or(Nanos(0)).count()) / 1000);
  EXPECT_EQ(object.at("attempts"), record.attempts);
  EXPECT_EQ(object.value("service", ""), readable(record.service));
  EXPECT_EQ(banner_in(object), record.banner);
  EXPECT_EQ(object.value("repeated", false), record.repeated);
  const json evidence = object.value("evidence", json::object());
  EXPECT_EQ(evidence.contains("icmp"), record.icmp.has_value());
  EXPECT_EQ(evidence.value("neighbour", ""), record.neighbour_unresolved ? "unresolved" : "");
  EXPECT_EQ(evidence.contains("errno"), record.local_errno != 0);
  EXPECT_EQ(evidence.value("after_accept", ""), to_string(record.after_accept));
  EXPECT_EQ(evidence.value("follow_up", ""), record.follow_up ? to_string(*record.follow_up) : "");
  EXPECT_EQ(evidence.value("usual_ttl", -1), record.usual_ttl ? int{*record.usual_ttl} : -1);
  EXPECT_EQ(object.value("revised", false), record.revised);
  EXPECT_EQ(object.contains("ttl"), record.segment.has_value());
  if (record.segment) expect_same_segment(object, *record.segment);
}

TEST(JsonLines, AnyRecordIsReadBackAsItWas) {
  for (const EndpointRecord& record : random_records(7, 20000)) {
    const std::string line = line_of(record);
    EXPECT_TRUE(is_utf8(line));
    EXPECT_FALSE(has_hidden(line)) << "could drive a terminal: " << line;
    EXPECT_EQ(line.find('\n'), line.size() - 1) << "one line";
    expect_same_facts(json::parse(line), record);
    if (testing::Test::HasFailure()) FAIL() << line;
  }
}

TEST(JsonLines, ABatchIsInTheFileWhenWriteReturns) {
  const ScratchFile scratch;
  JsonLines sink(open_output(scratch.path()), ShowFilter());
  const std::vector batch = {an_open_ssh(), a_record("10.0.0.6", 1, State::filtered),
                             a_record("10.0.0.7", 2, State::error)};
  ASSERT_TRUE(sink.write(batch));
  EXPECT_EQ(lines_of(scratch.content()).size(), 2u) << "filtered is not shown";
  ASSERT_TRUE(sink.write({}));
  ASSERT_TRUE(sink.finish(a_summary()));
  EXPECT_EQ(json::parse(lines_of(scratch.content()).back()).at("type"), "summary");
}

TEST(JsonLines, ABatchOfManyMibIsWrittenWhole) {
  const ScratchFile scratch;
  JsonLines sink(open_output(scratch.path()), ShowFilter::all());
  const auto records = random_records(3, 6000);
  write_all(sink, records, a_summary());
  EXPECT_GT(scratch.content().size(), size_t{2} << 20);
  EXPECT_EQ(lines_of(scratch.content()).size(), records.size() + 1);
}

TEST(JsonLines, AFullDeviceIsAnErrorOfEachStep) {
  JsonLines sink(open_output("/dev/full"), ShowFilter());
  const std::vector batch = {an_open_ssh()};
  for (int i = 0; i < 2; ++i) {
    const auto written = sink.write(batch);
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().kind, ErrorKind::io);
    EXPECT_THAT(written.error().text, testing::HasSubstr("/dev/full: cannot write: No space left on device"));
  }
  EXPECT_FALSE(sink.finish(a_summary()));
}

TEST(JsonLines, AFailureWithinALargeBatchIsTold) {
  JsonLines sink(open_output("/dev/full"), ShowFilter());
  // Just as many as are gathered for one write, so that nothing is left for a second one.
  const size_t count = kMostGathered / line_of(an_open_ssh()).size() + 1;
  EXPECT_FALSE(sink.write(std::vector(count, an_open_ssh())));
}

TEST(JsonLines, ResumesAFileThatWasCutAnywhere) {
  const ScratchFile original;
  JsonLines sink(open_output(original.path()), ShowFilter::all());
  write_all(sink, random_records(11, 6), a_summary());
  const std::string whole = original.content();
  for (size_t cut = 0; cut <= whole.size(); ++cut) {
    const ScratchFile scratch;
    scratch.set_content(whole.substr(0, cut));
    auto file = OutputFile::open(scratch.path(), OutputMode::resume, kJsonLinesStart);
    ASSERT_TRUE(file) << file.error().text;
    JsonLines resumed(std::move(*file), ShowFilter::all());
    ASSERT_TRUE(resumed.begin({}));
    const std::vector batch = {an_open_ssh()};
    write_all(resumed, batch, a_summary());
    const size_t kept = cut == 0 ? 0 : whole.rfind('\n', cut - 1) + 1;
    EXPECT_EQ(scratch.content(), whole.substr(0, kept) + line_of(an_open_ssh()) + line_of(a_summary()))
        << cut;
  }
}

}  // namespace
}  // namespace sonde
