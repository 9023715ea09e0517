#include "engine/target/interval_set.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <random>
#include <set>
#include <vector>

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

struct Sizes {
  const char* what;
  U128 first;                        ///< address
  std::vector<U128> gaps_and_sizes;  ///< taken in turn, for as many intervals as there are
  size_t intervals;
};

/// Places at which something could go wrong: around every begin and end.
TEST(IntervalSet, EveryPlaceIsFoundWhateverTheSizes) {
  const U128 v6 = U128{0x20010db8} << 96;
  const Sizes rows[] = {
      {"one address", IpAddress::kV4Base, {0, 1}, 1},
      {"many of one size", IpAddress::kV4Base, {256, 256}, 1000},
      {"single addresses", IpAddress::kV4Base, {1, 1}, 4097},
      {"a large one, then many small ones",
       IpAddress::kV4Base,
       {0, 1 << 24, 1, 1, 3, 2, 1, 1, 1, 1, 1, 3},
       6},
      {"sizes of every kind", IpAddress::kV4Base, {1, 1, 5, 1 << 16, 2, 3, 7, 1 << 20, 1, 2, 9, 255}, 500},
      {"IPv6 networks and single addresses", v6, {1, U128{1} << 64, 1, 1, 1, U128{1} << 48, 1, 1}, 800},
      {"nearly all of IPv6", 0, {0, ~U128{0} - IpAddress::kV4Base, 1, 5}, 1},
  };
  for (const Sizes& row : rows) {
    std::vector<Interval> intervals;
    U128 at = row.first;
    for (size_t i = 0; i < row.intervals; ++i) {
      at += row.gaps_and_sizes[2 * i % row.gaps_and_sizes.size()];
      const U128 size = row.gaps_and_sizes[(2 * i + 1) % row.gaps_and_sizes.size()];
      intervals.push_back({IpAddress::from_number(at), IpAddress::from_number(at + size - 1)});
      at += size;
    }
    const IntervalSet set(intervals);
    ASSERT_EQ(set.intervals().size(), row.intervals) << row.what;
    U128 before = 0;
    for (const Interval& interval : intervals) {
      const U128 size = interval.last.number() - interval.first.number() + 1;
      ASSERT_EQ(set.nth(before), interval.first) << row.what;
      ASSERT_EQ(set.nth(before + size / 2).number(), interval.first.number() + size / 2) << row.what;
      ASSERT_EQ(set.nth(before + size - 1), interval.last) << row.what;
      before += size;
    }
    ASSERT_EQ(set.size(), before) << row.what;
  }
}

TEST(IntervalSet, FindingPlacesCostsLittleMemory) {
  std::vector<Interval> intervals;
  for (uint32_t i = 0; i < 10'000; ++i) intervals.push_back({IpAddress::v4(3 * i), IpAddress::v4(3 * i)});
  EXPECT_LE(IntervalSet(std::move(intervals)).memory_bytes(), 10'000 * 56 + 64u);
}

TEST(Decimal, WritesNumbersOf128Bits) {
  EXPECT_EQ(decimal(0), "0");
  EXPECT_EQ(decimal(U128{1} << 64), "18446744073709551616");
  EXPECT_EQ(decimal(~U128{0}), "340282366920938463463374607431768211455");
}

}  // namespace
}  // namespace sonde
