#include "engine/sink/json_summary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "engine/sink/utf8.h"
#include "tests/engine/sink/records.h"

namespace sonde {
namespace {

using nlohmann::json;

std::string line_of(const SummaryRecord& summary) {
  std::string line;
  append_json_line(line, summary);
  return line;
}

json object_of(const SummaryRecord& summary) { return json::parse(line_of(summary)); }

/// What a reader has of a text that may not be UTF-8.
std::string readable(const std::string& text) {
  return json::parse(json(text).dump(-1, ' ', false, json::error_handler_t::replace));
}

TEST(JsonSummary, OfConnects) {
  EXPECT_EQ(
      line_of(a_summary()),
      R"~({"type":"summary","version":"0.1.0","engine":"connect (io_uring)","seed":42,"targets":256,)~"
      R"("endpoints":65321,"probes":65400,"answered":52,"open":12,"closed":40,"filtered":65269,"errors":0,)"
      R"("unreported":0,"resumed":0,"passes":3,"completeness":0.99999,"completeness_low":0.9998,)"
      R"("ledger":{"sent":65400,"answered":52,"unresolved":0,"unanswered":65348,"local_failed":0,"abandoned":0,"late":1,)"
      R"("duplicate":0,"shared":0,"balanced":true},"interrupted":false,"degraded":false,"elapsed_s":6.404,)"
      R"("args":["sonde","scan","10.0.0.0/24","-p","1-255"]})"
      "\n");
}

TEST(JsonSummary, OfPackets) {
  EXPECT_THAT(
      line_of(a_full_summary()),
      testing::HasSubstr(
          R"("ledger":{"sent":65400,"answered":52,"unresolved":0,"unanswered":65348,"local_failed":0,"abandoned":0,"late":1,)"
          R"("duplicate":4,"shared":0,"packets_sent":65400,"tx_refused":2,"packets_received":66,"packets_answered":56,"invalid":3,"unrelated":2,)"
          R"("rx_dropped":7,"neighbour_questions":6,"neighbour_answers":5,"balanced":true},)"
          R"("interrupted":false,"degraded":false,)"
          R"("proxies":[{"addr":"10.0.0.5","ports":120},{"addr":"fe80::1","scope":3,"ports":2}],)"
          R"("notes":["the receive ring overflowed and lost 7 packets"])"));
}

TEST(JsonSummary, IsBalancedWhenBothBooksAre) {
  struct Row {
    const char* what;
    uint64_t probes_missing;
    uint64_t packets_missing;
    bool balanced;
  };
  constexpr Row kRows[] = {{"both", 0, 0, true},
                           {"a probe is nowhere", 1, 0, false},
                           {"a packet is nowhere", 0, 1, false},
                           {"both are wrong by as much", 1, 1, false}};
  for (const Row& row : kRows) {
    SummaryRecord summary = a_full_summary();
    summary.books.unanswered -= row.probes_missing;
    summary.packets->unrelated -= row.packets_missing;
    EXPECT_EQ(object_of(summary).at("ledger").at("balanced"), row.balanced) << row.what;
  }
}

TEST(JsonSummary, ListsAThousandProxiesAndSaysThatThereAreMore) {
  SummaryRecord summary = a_summary();
  EXPECT_FALSE(object_of(summary).contains("proxies"));
  summary.proxies = proxies_of(1000, 2);
  EXPECT_EQ(object_of(summary).at("proxies").size(), 1000u);
  EXPECT_FALSE(object_of(summary).contains("notes"));
  summary.proxies = proxies_of(1511, 2);
  EXPECT_EQ(object_of(summary).at("proxies").size(), 1000u);
  EXPECT_EQ(object_of(summary).at("notes"),
            json({"1,511 hosts look like SYN proxies or tarpits; the first 1,000 are listed"}));
}

TEST(JsonSummary, WithAnythingInItIsOneValidLine) {
  for (uint64_t seed = 0; seed < 500; ++seed) {
    const SummaryRecord summary = random_summary(seed);
    const std::string line = line_of(summary);
    EXPECT_EQ(line.find('\n'), line.size() - 1);
    EXPECT_FALSE(has_hidden(line));
    const json object = json::parse(line);
    EXPECT_EQ(object.at("seed"), summary.seed);
    EXPECT_EQ(object.at("args").back(), readable(summary.args.back()));
    EXPECT_EQ(object.contains("notes"), !summary.notes.empty());
    EXPECT_EQ(object.contains("completeness"), summary.completeness.has_value());
    EXPECT_EQ(object.at("ledger").contains("packets_received"), summary.packets.has_value());
    EXPECT_EQ(object.value("proxies", json::array()).size(), summary.proxies.size());
  }
}

TEST(JsonSummary, AMeasureThatIsNoNumberIsLeftOut) {
  SummaryRecord summary = a_summary();
  summary.completeness = std::numeric_limits<double>::quiet_NaN();
  summary.elapsed_s = std::numeric_limits<double>::infinity();
  EXPECT_FALSE(object_of(summary).contains("completeness"));
  EXPECT_FALSE(object_of(summary).contains("elapsed_s"));
}

}  // namespace
}  // namespace sonde
