#include "engine/target/interval_set.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <random>
#include <set>

namespace sonde {
namespace {

IpAddress ip(const char* text) { return IpAddress::parse(text).value(); }

Interval span(const char* first, const char* last) { return {ip(first), ip(last)}; }

std::string text_of(const IntervalSet& set) {
  std::string text;
  for (const Interval& interval : set.intervals()) text += (text.empty() ? "" : " ") + interval.to_string();
  return text;
}

TEST(IntervalSet, JoinsWhatOverlapsOrTouches) {
  const IntervalSet set({span("10.0.0.8", "10.0.0.9"), span("10.0.0.1", "10.0.0.3"),
                         span("10.0.0.4", "10.0.0.5"), span("10.0.0.2", "10.0.0.2")});
  EXPECT_EQ(text_of(set), "10.0.0.1-10.0.0.5 10.0.0.8-10.0.0.9");
  EXPECT_EQ(set.size(), U128{7});
}

TEST(IntervalSet, FamiliesDoNotJoin) {
  const IntervalSet set(
      {{IpAddress::from_number(IpAddress::kV4Base - 1), IpAddress::from_number(IpAddress::kV4Base - 1)},
       span("0.0.0.0", "0.0.0.5")});
  EXPECT_EQ(set.intervals().size(), 2u);
}

struct Cut {
  const char* what;
  Interval hole;
  const char* rest;
};

TEST(IntervalSet, Without) {
  const IntervalSet whole({span("10.0.0.10", "10.0.0.20"), span("10.0.0.30", "10.0.0.40")});
  const Cut cuts[] = {
      {"nothing", span("10.0.0.22", "10.0.0.25"), "10.0.0.10-10.0.0.20 10.0.0.30-10.0.0.40"},
      {"the start", span("10.0.0.1", "10.0.0.12"), "10.0.0.13-10.0.0.20 10.0.0.30-10.0.0.40"},
      {"the end", span("10.0.0.35", "10.0.0.99"), "10.0.0.10-10.0.0.20 10.0.0.30-10.0.0.34"},
      {"a middle", span("10.0.0.15", "10.0.0.15"),
       "10.0.0.10-10.0.0.14 10.0.0.16-10.0.0.20 10.0.0.30-10.0.0.40"},
      {"across", span("10.0.0.15", "10.0.0.35"), "10.0.0.10-10.0.0.14 10.0.0.36-10.0.0.40"},
      {"one exactly", span("10.0.0.10", "10.0.0.20"), "10.0.0.30-10.0.0.40"},
      {"everything", span("0.0.0.0", "255.255.255.255"), ""},
  };
  for (const Cut& cut : cuts)
    EXPECT_EQ(text_of(whole.without(IntervalSet({cut.hole}))), cut.rest) << cut.what;
}

TEST(IntervalSet, WholeAddressSpacesDoNotOverflow) {
  const IntervalSet all_v6({{IpAddress::from_number(0), IpAddress::from_number(~U128{0})}});
  EXPECT_EQ(all_v6.size(), ~U128{0});
  EXPECT_TRUE(all_v6.without(all_v6).empty());
  const IntervalSet upper({span("8000::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")});
  EXPECT_EQ(upper.size(), U128{1} << 127);
  EXPECT_EQ(upper.nth(upper.size() - 1), ip("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"));
}

TEST(IntervalSet, AgreesWithAPlainSetOfAddresses) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    std::set<uint32_t> a_model, b_model;
    std::vector<Interval> a, b;
    for (int i = 0; i < 12; ++i) {
      const uint32_t first = static_cast<uint32_t>(random() % 200),
                     length = static_cast<uint32_t>(random() % 20);
      (i % 2 == 0 ? a : b).push_back({IpAddress::v4(first), IpAddress::v4(first + length)});
      for (uint32_t n = first; n <= first + length; ++n) (i % 2 == 0 ? a_model : b_model).insert(n);
    }
    const IntervalSet set_a(a), set_b(b);
    const IntervalSet united = set_a.united_with(set_b), rest = set_a.without(set_b),
                      common = set_a.common_with(set_b);
    for (uint32_t n = 0; n < 230; ++n) {
      const bool in_a = a_model.contains(n), in_b = b_model.contains(n);
      ASSERT_EQ(united.contains(IpAddress::v4(n)), in_a || in_b);
      ASSERT_EQ(rest.contains(IpAddress::v4(n)), in_a && !in_b);
      ASSERT_EQ(common.contains(IpAddress::v4(n)), in_a && in_b);
    }
    ASSERT_EQ(set_a.size(), U128{a_model.size()});
    U128 place = 0;
    for (uint32_t n : a_model) {
      ASSERT_EQ(set_a.nth(place), IpAddress::v4(n));
      ASSERT_EQ(set_a.rank(IpAddress::v4(n)), place++);
    }
    ASSERT_EQ(set_a.rank(ip("255.0.0.0")), set_a.size());
  }
}

TEST(Decimal, WritesNumbersOf128Bits) {
  EXPECT_EQ(decimal(0), "0");
  EXPECT_EQ(decimal(U128{1} << 64), "18446744073709551616");
  EXPECT_EQ(decimal(~U128{0}), "340282366920938463463374607431768211455");
}

}  // namespace
}  // namespace sonde
