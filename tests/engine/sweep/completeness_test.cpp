#include "engine/sweep/completeness.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace sonde {
namespace {

/// Finds per pass for a fleet in which every attempt is lost with chance q.
std::vector<uint64_t> simulate(uint64_t endpoints, double q, size_t passes, std::mt19937_64& random) {
  std::vector<uint64_t> found(passes);
  uint64_t left = endpoints;
  for (uint64_t& count : found) {
    count = std::binomial_distribution<uint64_t>(left, 1 - q)(random);
    left -= count;
  }
  return found;
}

TEST(Completeness, NothingToLearnFromGivesNoEstimate) {
  EXPECT_FALSE(estimate_completeness({}));
  EXPECT_FALSE(estimate_completeness(std::vector<uint64_t>{100}));
  EXPECT_FALSE(estimate_completeness(std::vector<uint64_t>{0, 0, 0}));
}

TEST(Completeness, WithoutLossItIsCloseToOneAndSurerWithMoreEndpoints) {
  const auto few = estimate_completeness(std::vector<uint64_t>{10, 0});
  const auto many = estimate_completeness(std::vector<uint64_t>{10000, 0});
  ASSERT_TRUE(few && many);
  EXPECT_DOUBLE_EQ(few->share, 1);
  EXPECT_GT(many->low, few->low);
  EXPECT_GT(many->low, 0.999);
  EXPECT_LT(few->low, 0.99) << "ten endpoints cannot prove much";
}

TEST(Completeness, TheTruthLiesInTheIntervalAboutAsOftenAsItShould) {
  std::mt19937_64 random(11);
  for (const double q : {0.05, 0.2, 0.5}) {
    for (const size_t passes : {2u, 3u, 6u}) {
      int covered = 0;
      const int trials = 200;
      double sum = 0;
      for (int trial = 0; trial < trials; ++trial) {
        const auto estimate = estimate_completeness(simulate(5000, q, passes, random));
        ASSERT_TRUE(estimate);
        const double truth = 1 - std::pow(q, static_cast<double>(passes));
        covered += estimate->low <= truth ? 1 : 0;
        sum += estimate->share - truth;
      }
      // The lower end of a two-sided 95 % interval: missed one time in forty.
      EXPECT_GE(covered, trials * 94 / 100) << q << " " << passes;
      EXPECT_NEAR(sum / trials, 0, 0.01) << q << " " << passes;
    }
  }
}

TEST(Completeness, HopelessLossIsSaidToBeHopeless) {
  const auto estimate = estimate_completeness(std::vector<uint64_t>{100, 100, 100});
  ASSERT_TRUE(estimate);
  EXPECT_LT(estimate->low, 0.1);
}

}  // namespace
}  // namespace sonde
