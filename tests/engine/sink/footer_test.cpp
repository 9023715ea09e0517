#include "engine/sink/footer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "tests/engine/sink/records.h"

namespace sonde {
namespace {

struct FooterCase {
  const char* what;
  std::function<void(SummaryRecord&)> change;
  const char* expected;
};

TEST(Footer, TellsInPlainWords) {
  const FooterCase cases[] = {
      {"the counts", [](SummaryRecord&) {},
       "65,321 endpoints: 12 open, 40 closed, 65,269 filtered, 0 errors;"},
      {"one of each",
       [](SummaryRecord& s) {
         s.endpoints = s.errors = 1;
         s.passes = 1;
       },
       "1 endpoint: 12 open, 40 closed, 65,269 filtered, 1 error; completeness >= 99.98 %; 1 pass;"},
      {"completeness is never rounded up", [](SummaryRecord& s) { s.completeness_low = 0.9999999; },
       ">= 99.999 %"},
      {"all of it, by rounding", [](SummaryRecord& s) { s.completeness_low = 1; }, ">= 99.999 %"},
      {"all of it",
       [](SummaryRecord& s) {
         s.completeness_low = 1;
         s.filtered = 0;
       },
       "0 errors; every endpoint answered;"},
      {"an estimate without an interval", [](SummaryRecord& s) { s.completeness_low.reset(); },
       "completeness about 99.999 %"},
      {"a shard", [](SummaryRecord& s) { s.shard = "2/8"; }, "; shard 2/8;"},
      {"minutes", [](SummaryRecord& s) { s.elapsed_s = 725; }, "; 12 min 5 s, 90 probes/s"},
      {"hours", [](SummaryRecord& s) { s.elapsed_s = 11520; }, "; 3 h 12 min, 6 probes/s"},
      {"no time at all", [](SummaryRecord& s) { s.elapsed_s = 0; }, "3 passes\n"},
      {"an interruption",
       [](SummaryRecord& s) {
         s.interrupted = true;
         s.unreported = 1000;
       },
       "\ninterrupted: 1,000 endpoints have no verdict\n"},
      {"a resumed sweep", [](SummaryRecord& s) { s.resumed = 30000; },
       "\nresumed: 30,000 endpoints were decided by an earlier run"},
      {"degraded, and why",
       [](SummaryRecord& s) {
         s.degraded = true;
         s.notes = {"the rate was lowered", "two passes were skipped"};
       },
       "\ndegraded: this result is less complete or less exact than it should be\nnote: the rate was "
       "lowered\nnote: two passes were skipped\n"},
      {"books that do not balance", [](SummaryRecord& s) { s.books.unanswered -= 2; },
       "\nthe books do not balance: 65,400 probes sent, 65,398 accounted for\n"},
      {"a SYN proxy",
       [](SummaryRecord& s) {
         s.proxies = {{IpAddress::v4(0x0a000005), 0, 1200}};
       },
       "\n10.0.0.5: all 1,200 ports that answered look like a SYN proxy or tarpit (window 0, no options)\n"},
      {"a SYN proxy on a link",
       [](SummaryRecord& s) {
         s.proxies = {{IpAddress::parse("fe80::1").value(), 3, 2}};
       },
       "\nfe80::1%3: all 2 ports that answered"},
  };
  for (const FooterCase& row : cases) {
    SummaryRecord summary = a_summary();
    row.change(summary);
    EXPECT_THAT(footer(summary, {ShowFilter::all(), 0, 0}), testing::HasSubstr(row.expected)) << row.what;
  }
}

TEST(Footer, CutsALongListOfProxies) {
  SummaryRecord summary = a_summary();
  summary.proxies = proxies_of(10, 5);
  EXPECT_THAT(footer(summary, {}), testing::HasSubstr("\n10.1.0.9: all 5 ports"));
  EXPECT_THAT(footer(summary, {}), testing::Not(testing::HasSubstr("more")));
  summary.proxies = proxies_of(1511, 5);
  EXPECT_THAT(footer(summary, {}), testing::Not(testing::HasSubstr("10.1.0.10")));
  EXPECT_THAT(footer(summary, {}),
              testing::HasSubstr("\nand 1,501 more hosts whose answers look like that\n"));
  summary.proxies = proxies_of(11, 5);
  EXPECT_THAT(footer(summary, {}), testing::HasSubstr("\nand 1 more host whose answers look like that\n"));
}

TEST(Footer, DoesNotNameCompletenessThatNobodyEstimated) {
  SummaryRecord summary = a_summary();
  summary.completeness.reset();
  summary.completeness_low.reset();
  EXPECT_THAT(footer(summary, {}), testing::Not(testing::HasSubstr("completeness")));
}

}  // namespace
}  // namespace sonde
