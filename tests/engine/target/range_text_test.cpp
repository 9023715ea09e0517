#include "engine/target/range_text.h"

#include <gtest/gtest.h>

#include <initializer_list>

namespace sonde {
namespace {

std::string read(const char* text) {
  const auto ranges = parse_ranges(text);
  if (!ranges) return "error at " + std::to_string(ranges.error().offset) + ": " + ranges.error().text;
  std::string list;
  for (const Interval& range : *ranges) list += (list.empty() ? "" : " ") + range.to_string();
  return list;
}

struct Row {
  const char* text;
  const char* ranges;
};

constexpr Row kGood[] = {
    {"10.0.0.1", "10.0.0.1"},
    {"10.0.0.0/30", "10.0.0.0-10.0.0.3"},
    {"10.0.0.77/24", "10.0.0.0-10.0.0.255"},
    {"10.0.0.1/32", "10.0.0.1"},
    {"0.0.0.0/0", "0.0.0.0-255.255.255.255"},
    {"10.0.0.5-10.0.1.4", "10.0.0.5-10.0.1.4"},
    {"10.0.0.5-10.0.0.5", "10.0.0.5"},
    {"10.0.0.1-3", "10.0.0.1-10.0.0.3"},
    {"10.0.0-1.1-2", "10.0.0.1-10.0.0.2 10.0.1.1-10.0.1.2"},
    {"10.0,2.7.*", "10.0.7.0-10.0.7.255 10.2.7.0-10.2.7.255"},
    {"10.0,1.3-4.*", "10.0.3.0-10.0.4.255 10.1.3.0-10.1.4.255"},
    {"10.0.0.-", "10.0.0.0-10.0.0.255"},
    {"10.0.0.-3", "10.0.0.0-10.0.0.3"},
    {"10.0.0.250-", "10.0.0.250-10.0.0.255"},
    {"10.0.0.1,3,5-6", "10.0.0.1 10.0.0.3 10.0.0.5-10.0.0.6"},
    {"10.0.0.3,1,2", "10.0.0.1-10.0.0.3"},
    {"10.*.*.*", "10.0.0.0-10.255.255.255"},
    {"2001:db8::1", "2001:db8::1"},
    {"2001:db8::/127", "2001:db8::-2001:db8::1"},
    {"2001:db8::f/124", "2001:db8::-2001:db8::f"},
    {"2001:db8::1-2001:db8::1:0", "2001:db8::1-2001:db8::1:0"},
    {"::ffff:10.0.0.1", "10.0.0.1"},
    {"::ffff:10.0.0.0/120", "10.0.0.0-10.0.0.255"},
};

TEST(RangeText, ReadsAllNotations) {
  for (const Row& row : kGood) EXPECT_EQ(read(row.text), row.ranges) << row.text;
}

TEST(RangeText, AllOfIPv6IsNotIPv4) {
  EXPECT_EQ(read("::/0"), "::-::fffe:ffff:ffff ::1:0:0:0-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
}

constexpr Row kBad[] = {
    {"10.0.0.300", "error at 7: found \"300\", expected an octet"},
    {"10.0.0", "error at 0: found \"10.0.0\", expected an IPv4 address or range of four octets"},
    {"10.0.0.1.2", "error at 0: found \"10.0.0.1.2\", expected an IPv4 address or range of four octets"},
    {"10.0.0.1/33", "error at 9: found \"33\", expected a prefix length from 0 to 32"},
    {"10.0.0.1/", "error at 9: found \"\", expected a prefix length from 0 to 32"},
    {"10.0.0.1/-1", "error at 9: found \"-1\", expected a prefix length from 0 to 32"},
    {"db1.example/28", "error at 0: found \"db1.example/28\", a prefix length needs an address"},
    {"10.0.0-3.0/24", "error at 0: found \"10.0.0-3.0/24\", a prefix length needs an address"},
    {"10.0.0.9-10.0.0.1", "error at 9: found \"10.0.0.1\", expected an end not below the start"},
    {"10.0.0.9-1", "error at 7: found \"9-1\", expected an octet"},
    {"10.0..1", "error at 5: found \"\", expected an octet"},
    {"10.0.0.1,", "error at 9: found \"\", expected an octet"},
    {"10.0.0.1-2001:db8::1", "error at 9: found \"2001:db8::1\", expected an end of the same family"},
    {"2001:db8::5-2001:db8::1", "error at 12: found \"2001:db8::1\", expected an end not below the start"},
    {"2001:db8::/129", "error at 11: found \"129\", expected a prefix length from 0 to 128"},
    {"2001:db8:::", "error at 0: found \"2001:db8:::\", expected an IPv6 address"},
    {"*.*.*.1", "error at 0: found \"*.*.*.1\", expected an octet range of at most 1048576 separate runs"},
};

TEST(RangeText, ErrorsSayWhereAndWhatWasExpected) {
  for (const Row& row : kBad) {
    const std::string seen = read(row.text);
    EXPECT_EQ(seen.substr(0, std::string_view(row.ranges).size()), row.ranges) << row.text;
  }
}

}  // namespace
}  // namespace sonde
