#include "engine/sweep/rate_control.h"

#include <gtest/gtest.h>

namespace sonde {
namespace {

using std::chrono::milliseconds;

Instant at(int64_t ms) { return Instant(milliseconds(1000 + ms)); }

TEST(RateControl, WithoutLossTheRateStaysAsAsked) {
  RateControl paced(5000);
  EXPECT_EQ(paced.advance(at(0), false, 5000), 5000);
  RateControl flat_out(0);
  EXPECT_EQ(flat_out.advance(at(0), false, 400'000), 0);
  EXPECT_EQ(flat_out.decreases(), 0);
}

TEST(RateControl, LossHalvesWhatWasReallySent) {
  RateControl flat_out(0);
  EXPECT_EQ(flat_out.advance(at(0), true, 400'000), 200'000);
  RateControl generous(1'000'000);
  EXPECT_EQ(generous.advance(at(0), true, 400'000), 200'000);
}

TEST(RateControl, OneBurstOfLossCountsOnce) {
  RateControl control(0);
  control.advance(at(0), true, 400'000);
  EXPECT_EQ(control.advance(at(100), true, 300'000), 200'000);
  EXPECT_EQ(control.advance(at(250), true, 200'000), 100'000);
  EXPECT_EQ(control.decreases(), 2);
}

TEST(RateControl, QuietTimeBringsItUpAgainAndNeverAboveWhatWasAsked) {
  RateControl control(10'000);
  control.advance(at(0), true, 10'000);
  EXPECT_EQ(control.rate(), 5'000);
  double before = control.rate();
  for (int64_t ms = 100; ms <= 2'000; ms += 100) {
    const double now = control.advance(at(ms), false, before);
    EXPECT_GT(now, before);
    before = now;
  }
  for (int64_t ms = 2'100; ms <= 20'000; ms += 100) control.advance(at(ms), false, 10'000);
  EXPECT_EQ(control.rate(), 10'000);
}

TEST(RateControl, LossRightAfterGrowthIsHeardToo) {
  RateControl control(0);
  control.advance(at(0), true, 100'000);
  for (int64_t ms = 100; ms < 1'000; ms += 100) control.advance(at(ms), false, 50'000);
  const double grown = control.rate();
  EXPECT_LT(control.advance(at(1'000), true, grown), grown);
}

TEST(RateControl, ItNeverStopsASweep) {
  RateControl control(0);
  for (int64_t ms = 0; ms < 60'000; ms += 300) control.advance(at(ms), true, 10);
  EXPECT_EQ(control.rate(), RateControl::kLeastRate);
  RateControl slow(50);
  slow.advance(at(0), true, 50);
  EXPECT_EQ(slow.rate(), 50);
}

TEST(RateControl, ALossWhileNothingIsSentDoesNotHoldItDownForGood) {
  RateControl control(1'000'000);
  control.advance(at(0), true, 0);
  double rate = control.rate();
  for (int64_t ms = 100; ms <= 180'000; ms += 100) rate = control.advance(at(ms), false, rate);
  EXPECT_EQ(rate, 1'000'000);
}

}  // namespace
}  // namespace sonde
