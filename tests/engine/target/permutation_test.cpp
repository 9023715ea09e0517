#include "engine/target/permutation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <initializer_list>
#include <numeric>
#include <vector>

namespace sonde {
namespace {

/// The whole order, all numbers at once.
std::vector<uint64_t> order_of(const Permutation& shuffle) {
  std::vector<uint64_t> numbers(shuffle.size());
  std::iota(numbers.begin(), numbers.end(), uint64_t{0});
  shuffle.shuffle(numbers);
  return numbers;
}

/// Walks the whole order: every number once, and the inverse leads back; one by
/// one or all at once is the same.
void expect_exact(uint64_t n, uint64_t seed) {
  const Permutation shuffle(n, seed);
  const std::vector<uint64_t> order = order_of(shuffle);
  std::vector<bool> seen(n, false);
  for (uint64_t position = 0; position < n; ++position) {
    const uint64_t number = shuffle.at(position);
    ASSERT_EQ(number, order[position]) << "n " << n << ", position " << position;
    ASSERT_LT(number, n) << "n " << n << ", position " << position;
    ASSERT_FALSE(seen[number]) << "n " << n << ": " << number << " comes twice";
    ASSERT_EQ(shuffle.position_of(number), position) << "n " << n;
    seen[number] = true;
  }
}

TEST(Permutation, EveryNumberOnceForEverySmallSize) {
  for (uint64_t n = 1; n <= 4096; ++n) ASSERT_NO_FATAL_FAILURE(expect_exact(n, n * 7));
}

// Every size up to 2^16 is walked whole; sanitizers, which look for other
// faults, make do with one size in 131.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr uint64_t kSizeStride = 131;
#else
constexpr uint64_t kSizeStride = 1;
#endif
constexpr uint64_t kParts = 4;  // so that the cores share the work

/// A walk whose inverse leads back from every number to its position can have
/// no number twice, and so has each once.
bool walks_whole(uint64_t n, uint64_t seed) {
  const Permutation shuffle(n, seed);
  const std::vector<uint64_t> order = order_of(shuffle);
  for (uint64_t position = 0; position < n; ++position) {
    const uint64_t number = shuffle.at(position);
    if (number != order[position] || number >= n || shuffle.position_of(number) != position) return false;
  }
  return true;
}

class PermutationSizes : public testing::TestWithParam<uint64_t> {};

TEST_P(PermutationSizes, EveryNumberOnceForEverySizeUpTo16Bits) {
  for (uint64_t n = 4097 + GetParam(); n <= 65537; n += kParts * kSizeStride)
    ASSERT_TRUE(walks_whole(n, n * 3)) << n;
}

INSTANTIATE_TEST_SUITE_P(Parts, PermutationSizes, testing::Range<uint64_t>(0, kParts));

TEST(Permutation, EveryNumberOnceForAFleet) { expect_exact(6'553'500 / 4, 3); }

/// Sizes that cannot be walked: numbers stay inside, and the inverse leads
/// back, which no two numbers with the same place could do.
void expect_invertible(uint64_t n, uint64_t seed) {
  const Permutation shuffle(n, seed);
  const uint64_t stride = std::max<uint64_t>(n / 499, 1);
  std::vector<uint64_t> positions, numbers;
  for (uint64_t step = 0; step < 500 && step <= (n - 1) / stride; ++step) {
    const uint64_t position = step * stride;
    const uint64_t number = shuffle.at(position);
    ASSERT_LT(number, n) << "n " << n;
    ASSERT_EQ(shuffle.position_of(number), position) << "n " << n;
    ASSERT_EQ(shuffle.at(shuffle.position_of(position)), position) << "n " << n;
    positions.push_back(position);
    numbers.push_back(number);
  }
  shuffle.shuffle(positions);
  ASSERT_EQ(positions, numbers) << "n " << n;
  ASSERT_LT(shuffle.at(n - 1), n) << "n " << n;
}

TEST(Permutation, ExactAroundEveryPowerOfTwoUpTo63Bits) {
  for (unsigned bits = 1; bits <= 63; ++bits) {
    const uint64_t power = uint64_t{1} << bits;
    for (uint64_t n : {power - 1, power, power + 1})
      ASSERT_NO_FATAL_FAILURE(expect_invertible(std::min(n, Permutation::kLargestSize), bits));
  }
}

TEST(Permutation, ExactForPrimesAndOddSizes) {
  for (uint64_t n :
       {uint64_t{4294967291}, uint64_t{4294967311}, uint64_t{1099511627791}, uint64_t{17891328} * 65535,
        uint64_t{2305843009213693951}, uint64_t{9223372036854775783}})
    ASSERT_NO_FATAL_FAILURE(expect_invertible(n, 99));
}

TEST(Permutation, WastesNextToNothing) {
  for (uint64_t n : {uint64_t{65537}, uint64_t{6'500'000}, (uint64_t{1} << 32) + 1, (uint64_t{1} << 40) + 1,
                     (uint64_t{1} << 62) + 1}) {
    const Permutation shuffle(n, 1);
    EXPECT_LT(static_cast<double>(shuffle.covered() - n), 2 * std::sqrt(static_cast<double>(n))) << n;
  }
}

struct Golden {
  uint64_t n;
  std::array<uint64_t, 5> numbers;  ///< at positions 0, 1, 2, n/2, n−1 for seed 42
};

// Computed by a second implementation with integers of any length. Journals
// hold positions: if these change, old journals can no longer be resumed.
constexpr Golden kGolden[] = {
    {10u, {6u, 1u, 7u, 9u, 2u}},
    {6500000u, {1028983u, 5244215u, 5243085u, 6493599u, 3867846u}},
    {4294967296u, {3233910280u, 836418592u, 1627982660u, 1303914049u, 3839388217u}},
    {1099511627777u, {54020487306u, 906694248308u, 919111524945u, 288271487448u, 240317606841u}},
    {9223372036854775808u,
     {9133299642710189820u, 7097891714106239289u, 7822922331308360718u, 8018946499369947163u,
      4052528610368876143u}},
};

TEST(Permutation, SameOrderOnEveryMachine) {
  for (const Golden& golden : kGolden) {
    const Permutation shuffle(golden.n, 42);
    const std::array<uint64_t, 5> positions = {0, 1, 2, golden.n / 2, golden.n - 1};
    for (size_t i = 0; i < positions.size(); ++i)
      EXPECT_EQ(shuffle.at(positions[i]), golden.numbers[i]) << golden.n << " at " << positions[i];
  }
}

TEST(Permutation, NeighboursInTimeAreNotNeighboursInTheNetwork) {
  const Permutation shuffle(uint64_t{1} << 24, 5);  // a /8
  int same_subnet = 0;
  for (uint64_t position = 0; position < 65536; ++position)
    if (shuffle.at(position) >> 8 == shuffle.at(position + 1) >> 8) ++same_subnet;
  EXPECT_LE(same_subnet, 8);  // one in 65,536 by chance
}

TEST(Permutation, EveryBitOfTheNumbersIsBalanced) {
  for (unsigned bits : {16u, 32u, 41u, 63u}) {
    const Permutation shuffle(uint64_t{1} << bits, 11);
    constexpr int kSamples = 16384;
    for (unsigned bit = 0; bit < bits; ++bit) {
      int ones = 0;
      for (uint64_t position = 0; position < kSamples; ++position)
        ones += static_cast<int>(shuffle.at(position) >> bit & 1);
      EXPECT_NEAR(ones, kSamples / 2, 5 * std::sqrt(kSamples) / 2) << bits << " bits, bit " << bit;
    }
  }
}

TEST(Permutation, EveryPartOfTheRangeComesEarly) {
  const uint64_t n = 6'500'000;
  const Permutation shuffle(n, 8);
  std::array<int, 100> parts{};
  for (uint64_t position = 0; position < 100'000; ++position) ++parts[shuffle.at(position) * 100 / n];
  for (int count : parts) EXPECT_NEAR(count, 1000, 5 * std::sqrt(1000));
}

TEST(Permutation, SeedsGiveDifferentOrders) {
  const uint64_t n = 1'000'000;
  for (uint64_t seed : {1u, 2u, 3u, 1000u}) {
    const Permutation one(n, seed);
    const Permutation other(n, seed + 1);
    int equal = 0;
    for (uint64_t position = 0; position < 10'000; ++position)
      equal += one.at(position) == other.at(position) ? 1 : 0;
    EXPECT_LE(equal, 5) << "seeds " << seed << " and " << seed + 1;
  }
}

}  // namespace
}  // namespace sonde
