#include "cli/values.h"

#include <gtest/gtest.h>

namespace sonde {
namespace {

using std::chrono::milliseconds;

TEST(Values, Durations) {
  EXPECT_EQ(parse_duration("500ms").value(), milliseconds(500));
  EXPECT_EQ(parse_duration("1s").value(), milliseconds(1000));
  EXPECT_EQ(parse_duration("1.5").value(), milliseconds(1500));
  EXPECT_EQ(parse_duration("2m").value(), std::chrono::minutes(2));
  EXPECT_EQ(parse_duration("1h").value(), std::chrono::hours(1));
  EXPECT_EQ(parse_duration("0.5h").value(), std::chrono::minutes(30));
  EXPECT_EQ(parse_duration("250us").value(), std::chrono::microseconds(250));
  for (const char* wrong : {"", "0", "-1s", "2h", "h", "s", "1 s", "1e9", "nan", "inf", "61m"}) {
    EXPECT_FALSE(parse_duration(wrong)) << wrong;
  }
}

TEST(Values, Rates) {
  EXPECT_EQ(parse_rate("10k").value(), 10000);
  EXPECT_EQ(parse_rate("1.5M").value(), 1500000);
  EXPECT_EQ(parse_rate("0").value(), 0);
  EXPECT_EQ(parse_rate("0.5").value(), 0.5);
  EXPECT_EQ(parse_rate("0.001").value(), 0.001);
  EXPECT_NE(parse_rate("0.0001").error().text.find("at least 0.001"), std::string::npos);
  for (const char* wrong : {"", "fast", "-5", "10kk", "2000M", "nan"})
    EXPECT_FALSE(parse_rate(wrong)) << wrong;
}

TEST(Values, Shares) {
  EXPECT_DOUBLE_EQ(parse_share("99.9%").value(), 0.999);
  EXPECT_DOUBLE_EQ(parse_share("0.5").value(), 0.5);
  for (const char* wrong : {"100%", "1", "0", "0%", "-1%", "all", "200%"})
    EXPECT_FALSE(parse_share(wrong)) << wrong;
}

TEST(Values, SourcePorts) {
  SourceOptions source;
  ASSERT_TRUE(parse_source_ports("40000-40999", source));
  EXPECT_EQ(source.first_port, 40000);
  EXPECT_EQ(source.last_port, 40999);
  ASSERT_TRUE(parse_source_ports("53", source));
  EXPECT_EQ(source.last_port, 53);
  for (const char* wrong : {"", "0", "5-4", "1-70000", "a-b", "1-2-3"})
    EXPECT_FALSE(parse_source_ports(wrong, source)) << wrong;
}

}  // namespace
}  // namespace sonde
