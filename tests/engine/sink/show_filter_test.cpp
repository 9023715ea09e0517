#include "engine/sink/show_filter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace sonde {
namespace {

std::string shown_by(const ShowFilter& filter) {
  std::string shown;
  for (const State state : {State::open, State::closed, State::filtered, State::error}) {
    if (filter.shows(state)) shown += std::string(to_string(state)) + " ";
  }
  return shown;
}

TEST(ShowFilter, ShowsOpenAndErrorsUnlessTold) { EXPECT_EQ(shown_by(ShowFilter()), "open error "); }

TEST(ShowFilter, ShowsWhatIsAskedForAndAlwaysErrors) {
  struct Row {
    const char* text;
    const char* shown;
  };
  constexpr Row kRows[] = {
      {"open", "open error "},
      {"closed", "closed error "},
      {"filtered,open", "open filtered error "},
      {"open,open", "open error "},
      {"error", "error "},
      {"all", "open closed filtered error "},
      {"open,all", "open closed filtered error "},
  };
  for (const Row& row : kRows) {
    const auto filter = ShowFilter::parse(row.text);
    ASSERT_TRUE(filter) << row.text;
    EXPECT_EQ(shown_by(*filter), row.shown) << row.text;
  }
}

TEST(ShowFilter, NamesTheWordThatIsNoState) {
  for (const char* text : {"", "open,", ",open", "opened", "open,shut", "Open", "open closed"}) {
    const auto filter = ShowFilter::parse(text);
    ASSERT_FALSE(filter) << text;
    EXPECT_EQ(filter.error().kind, ErrorKind::usage);
    EXPECT_THAT(filter.error().text, testing::HasSubstr("use open, closed, filtered, error or all"));
  }
  EXPECT_THAT(ShowFilter::parse("open,shut").error().text, testing::HasSubstr("'shut'"));
}

}  // namespace
}  // namespace sonde
