#include "engine/sink/table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "engine/sink/utf8.h"
#include "tests/engine/sink/records.h"
#include "tests/engine/sink/scratch_file.h"

namespace sonde {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string table_of(std::span<const EndpointRecord> records, const SummaryRecord& summary,
                     TableOptions options = {}) {
  const ScratchFile scratch("out.txt");
  Table table(open_output(scratch.path()), options);
  write_all(table, records, summary);
  return scratch.content();
}

std::vector<EndpointRecord> a_fleet() {
  EndpointRecord rejected = a_record("10.0.0.20", 443, State::filtered);
  rejected.outcome.reason = Reason::admin_prohibited;
  rejected.icmp = IcmpEvidence{3, 13, IpAddress::v4(0x0a000001)};
  EndpointRecord postgres = a_record("10.0.0.5", 5432, State::open);
  postgres.name = "db1.example";
  postgres.rtt = Nanos(12201000);
  postgres.service = "postgresql";
  postgres.after_accept = AfterAccept::reset;
  EndpointRecord v6 = a_record("fe80::1", 22, State::open);
  v6.endpoint.scope = 2;
  return {rejected,      v6,
          postgres,      a_record("10.0.0.5", 80, State::closed),
          an_open_ssh(), a_record("9.255.255.255", 1, State::error)};
}

TEST(Table, IsGroupedByHostAndSorted) {
  EXPECT_EQ(
      table_of(a_fleet(), a_summary(), {ShowFilter::all()}),
      "   PORT  STATE     REASON                      RTT  SERVICE     INFO\n"
      "9.255.255.255\n"
      "      1  error     local-no-descriptors                         EMFILE\n"
      "10.0.0.5 (db1.example)\n"
      "     22  open      syn-ack                0.183 ms  ssh         SSH-2.0-OpenSSH_9.2p1 Debian-2\n"
      "     80  closed    conn-refused\n"
      "   5432  open      syn-ack               12.201 ms  postgresql  reset right after accepting\n"
      "10.0.0.20\n"
      "    443  filtered  admin-prohibited                             icmp 3/13 from 10.0.0.1\n"
      "fe80::1%2\n"
      "     22  open      syn-ack\n"
      "\n"
      "65,321 endpoints: 12 open, 40 closed, 65,269 filtered, 0 errors; completeness >= 99.98 %; 3 passes; "
      "6.4 s, 10,212 probes/s\n");
}

TEST(Table, LeavesOutHostsOfWhichNothingIsShown) {
  const std::string table = table_of(a_fleet(), a_summary());
  EXPECT_THAT(table, HasSubstr("10.0.0.5"));
  EXPECT_THAT(table, HasSubstr("9.255.255.255")) << "errors of our own are never hidden";
  EXPECT_THAT(table, Not(HasSubstr("10.0.0.20")));
  EXPECT_THAT(table, HasSubstr("\nnot shown: 40 closed, 65,269 filtered (--show all shows them)\n"));
}

TEST(Table, OfNothingIsItsFooter) {
  EXPECT_THAT(table_of({}, a_summary()), testing::StartsWith("65,321 endpoints: "));
}

TEST(Table, NamesTheRowsOfAHostWithSeveralNames) {
  EndpointRecord www = a_record("10.0.0.5", 443, State::open);
  www.name = "www.example";
  EndpointRecord api = www;
  api.name = api.sni = "api.example";
  const std::vector records = {www, api};
  const std::string table = table_of(records, a_summary());
  EXPECT_THAT(table, HasSubstr("\n10.0.0.5 (api.example, www.example)\n"));
  EXPECT_THAT(table, testing::ContainsRegex("443  open .* api.example\n *443  open .* www.example\n"));
}

TEST(Table, TellsAServerNameThatIsNotTheName) {
  EndpointRecord record = a_record("10.0.0.5", 443, State::open);
  record.sni = "www.example";
  const std::vector records = {record};
  EXPECT_THAT(table_of(records, a_summary()), HasSubstr("sni www.example\n"));
}

EndpointRecord revised(EndpointRecord record) {
  record.revised = true;
  return record;
}

TEST(Table, TellsWhoMayHaveAnsweredInstead) {
  EndpointRecord intercepted = a_seen_https();
  intercepted.segment->ttl = 64;
  intercepted.usual_ttl = 57;
  EXPECT_EQ(table_row(intercepted).info, "ttl 64 unlike the host's usual 57");
  EndpointRecord unconnected = a_seen_https();
  unconnected.follow_up = Reason::conn_refused;
  EXPECT_EQ(table_row(unconnected).info, "connect after the SYN-ACK: conn-refused");
  EXPECT_EQ(table_row(a_seen_https()).info, "") << "evidence of nothing unusual is not for a table";
}

TEST(Table, ShowsOnlyTheBestRecordOfATarget) {
  EndpointRecord named = a_record("10.0.0.5", 80, State::open);
  named.name = "www.example";
  EndpointRecord other_server = a_record("10.0.0.5", 80, State::open);
  other_server.sni = "www.example";
  const auto closed = a_record("10.0.0.5", 80, State::closed);
  const auto filtered = a_record("10.0.0.5", 80, State::filtered);
  const auto open = a_record("10.0.0.5", 80, State::open);
  struct Row {
    const char* what;
    std::vector<EndpointRecord> records;
    ShowFilter show;
    std::vector<std::string> states;
  };
  const Row rows[] = {
      {"a SYN-ACK after a RST", {closed, revised(open)}, ShowFilter::all(), {"open"}},
      {"twice revised", {filtered, revised(closed), revised(open)}, ShowFilter::all(), {"open"}},
      {"in the wrong order", {revised(open), closed}, ShowFilter::all(), {"open"}},
      {"what it is now is not shown", {closed, revised(open)}, *ShowFilter::parse("closed"), {}},
      {"what it was is not shown", {closed, revised(open)}, ShowFilter(), {"open"}},
      {"another name", {closed, revised(named)}, ShowFilter::all(), {"closed", "open"}},
      {"another server name", {closed, revised(other_server)}, ShowFilter::all(), {"closed", "open"}},
  };
  for (const Row& row : rows) {
    std::vector<std::string> states;
    for (const std::string& line : lines_of(table_of(row.records, a_summary(), {row.show}))) {
      if (line.starts_with("     80  ")) states.push_back(line.substr(9, line.find(' ', 9) - 9));
    }
    EXPECT_EQ(states, row.states) << row.what;
  }
}

TEST(Table, TellsTargetsApartWhoseNamesAreCutToTheSame) {
  std::vector records(2, a_record("10.0.0.5", 80, State::open));
  records[0].name = std::string(150, 'x') + "1";
  records[1].name = std::string(150, 'x') + "2";
  const auto lines = lines_of(table_of(records, a_summary()));
  EXPECT_EQ(
      std::ranges::count_if(lines, [](const std::string& line) { return line.starts_with("     80  "); }), 2);
}

TEST(Table, RevisesWhatItShowsEvenWhenItIsFull) {
  const std::vector records = {a_record("10.0.0.5", 80, State::closed), a_record("10.0.0.6", 80, State::open),
                               a_record("10.0.0.7", 80, State::open),
                               revised(a_record("10.0.0.5", 80, State::open))};
  const std::string table = table_of(records, a_summary(), {ShowFilter::all(), false, 2});
  EXPECT_THAT(table, testing::ContainsRegex("10.0.0.5\n     80  open "));
  EXPECT_THAT(table, HasSubstr("it shows the 2 endpoints that were decided first, 1 more are missing"));
}

TEST(Table, CutsALongListOfNames) {
  std::vector<EndpointRecord> records;
  for (int i = 1000; i < 3000; ++i) {
    records.push_back(a_record("10.0.0.5", 443, State::open));
    records.back().name = "n" + std::to_string(i);
  }
  EXPECT_THAT(table_of(records, a_summary()),
              HasSubstr("10.0.0.5 (n1000, n1001, n1002, n1003, and 1,996 more)\n"));
}

TEST(Table, HasALimitAndSaysSo) {
  std::vector<EndpointRecord> records;
  for (uint16_t port = 1; port <= 5000; ++port) records.push_back(a_record("10.0.0.5", port, State::open));
  const std::string table = table_of(records, a_summary(), {ShowFilter(), false, 2000});
  EXPECT_EQ(std::count(table.begin(), table.end(), '\n'), 2000 + 6);
  EXPECT_THAT(
      table,
      HasSubstr("\nthe table is full: it shows the 2,000 endpoints that were decided first, 3,000 more "
                "are missing; use -o FILE.jsonl to have all of them\n"));
}

TEST(Table, ColoursOnlyWhenAskedTo) {
  EXPECT_THAT(table_of(a_fleet(), a_summary()), Not(HasSubstr("\x1b")));
  const std::string coloured = table_of(a_fleet(), a_summary(), {ShowFilter(), true});
  EXPECT_THAT(coloured, HasSubstr("\x1b[1m10.0.0.5 (db1.example)\x1b[0m\n"));
  EXPECT_THAT(coloured, HasSubstr("\x1b[32mopen   \x1b[0m"));
}

TEST(Table, NoPeerCanDriveTheTerminal) {
  SummaryRecord summary = a_summary();
  summary.notes = {"a note with \x1b]0;title\a and\na line end"};
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const auto records = random_records(seed, 500);
    const std::string table = table_of(records, summary, {ShowFilter::all()});
    EXPECT_TRUE(is_utf8(table));
    EXPECT_FALSE(has_hidden(table));
    EXPECT_EQ(
        std::count_if(table.begin(), table.end(), [](char c) { return c >= 0 && c < ' ' && c != '\n'; }), 0);
    const auto rows = records.size() + 1;
    EXPECT_LE(lines_of(table).size(), 2 * rows + 5) << "a line end of a peer made a line of its own";
  }
}

TEST(Table, ShowsTheFirstLineOfABanner) {
  struct Row {
    std::string banner;
    std::string info;
  };
  const Row rows[] = {
      {"220 one\r\n220 two\r\n", "220 one"},
      {"\r\n\r\n220 after empty lines\r\n", "220 after empty lines"},
      {"\r\n", ""},
      {"J\x01\x02"
       "8.0.36\xff",
       "J..8.0.36."},
      {"\x1b[2J\x1b]0;owned\a", ".[2J.]0;owned."},
      {std::string(500, 'x'), std::string(100, 'x')},
  };
  for (const Row& row : rows) {
    EndpointRecord record = a_record("10.0.0.9", 80, State::open);
    record.banner = row.banner;
    EXPECT_EQ(table_row(record).info, row.info);
  }
}

TEST(Table, AFullDeviceIsAnError) {
  Table table(open_output("/dev/full"), {});
  ASSERT_TRUE(table.write(a_fleet()));
  const auto finished = table.finish(a_summary());
  ASSERT_FALSE(finished);
  EXPECT_EQ(finished.error().kind, ErrorKind::io);
}

}  // namespace
}  // namespace sonde
