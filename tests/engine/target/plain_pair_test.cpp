#include "engine/target/plain_pair.h"

#include <gtest/gtest.h>

#include <initializer_list>

namespace sonde {
namespace {

TEST(PlainPair, ReadsTheCommonLineOfLongFiles) {
  EXPECT_EQ(parse_plain_pair("10.0.0.1:443")->to_string(), "10.0.0.1:443");
  EXPECT_EQ(parse_plain_pair("255.255.255.255:65535\r")->to_string(), "255.255.255.255:65535");
}

TEST(PlainPair, LeavesEverythingElseToTheGrammar) {
  for (const char* line :
       {"", "10.0.0.1", "10.0.0.1:", "10.0.0.1:0", "10.0.0.1:65536", "10.0.0.256:1", "10.0.0:80",
        " 10.0.0.1:80", "10.0.0.1:80 ", "10.0.0.01:80", "10.0.0.1:080", "10.0.0.1:80 label=x",
        "10.0.0.1:99999999999", "[::1]:80", "10.0.0.1.2:80", "10..0.1:80"})
    EXPECT_FALSE(parse_plain_pair(line).has_value()) << line;
}

}  // namespace
}  // namespace sonde
