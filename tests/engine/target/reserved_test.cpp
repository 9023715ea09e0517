#include "engine/target/reserved.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace sonde {
namespace {

IpAddress ip(const char* text) { return IpAddress::parse(text).value(); }

bool is_never_probed(IpAddress address) {
  const auto ranges = never_probed();
  return std::any_of(ranges.begin(), ranges.end(), [&](const SpecialRange& special) {
    return special.range.first <= address && address <= special.range.last;
  });
}

enum class Treatment { never, free, asks };

struct Row {
  const char* address;
  Treatment treatment;
};

constexpr Row kRows[] = {
    {"0.0.0.0", Treatment::never},
    {"0.1.2.3", Treatment::never},
    {"224.0.0.1", Treatment::never},
    {"239.255.255.255", Treatment::never},
    {"240.0.0.1", Treatment::never},
    {"255.255.255.255", Treatment::never},
    {"::", Treatment::never},
    {"ff02::1", Treatment::never},
    {"10.1.2.3", Treatment::free},
    {"172.16.0.1", Treatment::free},
    {"172.31.255.255", Treatment::free},
    {"192.168.1.1", Treatment::free},
    {"127.0.0.1", Treatment::free},
    {"169.254.1.1", Treatment::free},
    {"100.64.0.1", Treatment::free},
    {"100.127.255.255", Treatment::free},
    {"198.18.0.1", Treatment::free},
    {"198.19.255.255", Treatment::free},
    {"192.0.2.1", Treatment::free},
    {"203.0.113.9", Treatment::free},
    {"::1", Treatment::free},
    {"fd00::1", Treatment::free},
    {"fe80::1", Treatment::free},
    {"2001:2::1", Treatment::free},
    {"2001:db8::1", Treatment::free},
    {"1.0.0.1", Treatment::asks},
    {"8.8.8.8", Treatment::asks},
    {"172.32.0.1", Treatment::asks},
    {"172.15.255.255", Treatment::asks},
    {"100.128.0.0", Treatment::asks},
    {"198.20.0.0", Treatment::asks},
    {"223.255.255.255", Treatment::asks},
    {"2001:4860:4860::8888", Treatment::asks},
    {"fec0::1", Treatment::asks},
    {"2001:2:1::1", Treatment::asks},
    {"::2", Treatment::asks},
};

TEST(Reserved, EveryAddressIsTreatedByItsRange) {
  for (const Row& row : kRows) {
    const IpAddress address = ip(row.address);
    EXPECT_EQ(is_never_probed(address), row.treatment == Treatment::never) << row.address;
    if (row.treatment == Treatment::never) continue;
    EXPECT_EQ(needs_permission(IntervalSet({{address, address}})).has_value(),
              row.treatment == Treatment::asks)
        << row.address;
  }
}

TEST(Reserved, ThePublicPartOfAWideRangeIsNamed) {
  const auto strange = needs_permission(IntervalSet({{ip("10.0.0.0"), ip("11.0.0.255")}}));
  ASSERT_TRUE(strange.has_value());
  EXPECT_EQ(strange->to_string(), "11.0.0.0-11.0.0.255");
}

}  // namespace
}  // namespace sonde
