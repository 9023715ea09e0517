#include "net/route_segments.h"

#include <gtest/gtest.h>

namespace sonde {
namespace {

IpAddress ip(const char* text) { return IpAddress::parse(text).value(); }

TEST(RouteSegments, EndAtTheEdgesOfTheBlocks) {
  const RoutePrefix blocks[] = {
      {ip("10.0.0.0"), 8}, {ip("10.1.0.0"), 16}, {ip("10.1.0.0"), 24},
      {ip("0.0.0.0"), 0},  {ip("::"), 0},        {ip("2001:db8::"), 32},
  };
  const struct {
    const char* address;
    const char* first;
    const char* last;
  } rows[] = {
      {"10.0.5.5", "10.0.0.0", "10.0.255.255"},
      {"10.1.0.0", "10.1.0.0", "10.1.0.255"},
      {"10.1.0.255", "10.1.0.0", "10.1.0.255"},
      {"10.1.1.0", "10.1.1.0", "10.1.255.255"},
      {"10.200.0.1", "10.2.0.0", "10.255.255.255"},
      {"9.9.9.9", "1.0.0.0", "9.255.255.255"},
      {"223.0.0.1", "11.0.0.0", "223.255.255.255"},
      {"224.0.0.1", "224.0.0.0", "239.255.255.255"},
      {"255.255.255.255", "255.255.255.255", "255.255.255.255"},
      {"2001:db8::7", "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"},
      {"2002::", "2001:db9::", "fe7f:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
      {"fe80::1", "fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
      {"ff02::1", "ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
  };
  const RouteSegments segments(blocks);
  for (const auto& row : rows) {
    SCOPED_TRACE(row.address);
    const RouteSegment found = segments.of(ip(row.address));
    EXPECT_EQ(IpAddress::from_number(found.first), ip(row.first));
    EXPECT_EQ(IpAddress::from_number(found.last), ip(row.last));
  }
}

TEST(RouteSegments, AreNumberedInOrderWithoutGaps) {
  const RoutePrefix blocks[] = {{ip("10.0.0.0"), 8}, {ip("::"), 0}};
  const RouteSegments segments(blocks);
  U128 next = 0;
  for (size_t number = 0; number < segments.size(); ++number) {
    const RouteSegment found = segments.of(IpAddress::from_number(next));
    EXPECT_EQ(found.number, number);
    EXPECT_TRUE(found.first == next);
    next = found.last + 1;
  }
  EXPECT_TRUE(next == 0) << "the last one ends with the highest address";
}

TEST(RouteSegments, FamiliesAreApartEvenWithoutRoutes) {
  const RouteSegments segments({});
  EXPECT_NE(segments.of(ip("1.2.3.4")).number, segments.of(ip("2001:db8::1")).number);
}

}  // namespace
}  // namespace sonde
