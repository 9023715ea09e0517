#include <gtest/gtest.h>

#include "engine/sweep/host_pacer.h"
#include "engine/sweep/pacer.h"

namespace sonde {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const Instant kStart{seconds(3)};

TEST(Pacer, KeepsTheRateExactlyOverTime) {
  for (const double rate : {0.5, 3.0, 1000.0, 123457.0}) {
    Pacer pacer(rate, kStart);
    uint64_t sent = 0;
    const int turns = 20000;
    for (int turn = 0; turn <= turns; ++turn) {
      const uint64_t budget = pacer.budget(kStart + milliseconds(turn));
      pacer.spend(budget);
      sent += budget;
    }
    EXPECT_NEAR(static_cast<double>(sent), rate * turns / 1000 + 1, 1.01) << rate;  // the first at once
  }
}

TEST(Pacer, APauseIsNotFollowedByAFlood) {
  Pacer pacer(1000, kStart);
  EXPECT_EQ(pacer.budget(kStart), 1u) << "the first need not wait";
  EXPECT_LE(pacer.budget(kStart + seconds(100)), 5u);
}

TEST(Pacer, TellsHowLongUntilTheNext) {
  Pacer pacer(10, kStart);
  pacer.spend(pacer.budget(kStart));
  EXPECT_EQ(pacer.until_next(kStart), milliseconds(100));
  EXPECT_EQ(pacer.budget(kStart + milliseconds(100)), 1u);
  EXPECT_EQ(pacer.until_next(kStart + milliseconds(100)), Nanos::zero());
}

TEST(Pacer, ZeroIsWithoutLimit) {
  Pacer pacer(0, kStart);
  EXPECT_EQ(pacer.budget(kStart), UINT64_MAX);
  EXPECT_EQ(pacer.until_next(kStart), Nanos::zero());
}

TEST(HostPacer, ProbesToOneAddressAreApartAndOthersAreFree) {
  HostPacer pacer(10);
  const IpAddress a = IpAddress::v4(1), b = IpAddress::v4(2);
  EXPECT_EQ(pacer.take(a, kStart), kStart);
  EXPECT_EQ(pacer.take(a, kStart), kStart + milliseconds(100));
  EXPECT_EQ(pacer.take(a, kStart), kStart + milliseconds(200));
  EXPECT_EQ(pacer.take(b, kStart), kStart);
  EXPECT_EQ(pacer.take(a, kStart + milliseconds(100)), kStart + milliseconds(100)) << "as it was told";
  EXPECT_EQ(pacer.take(a, kStart + seconds(9)), kStart + seconds(9));
}

TEST(HostPacer, LatenessNeverAddsUpToABurst) {
  HostPacer pacer(10);
  const IpAddress a = IpAddress::v4(1);
  for (int i = 0; i < 50; ++i) pacer.take(a, kStart);
  const Instant late = kStart + seconds(3);  // many were due by now
  int sent = 0;
  for (int i = 0; i < 50; ++i) sent += pacer.take(a, late) == late ? 1 : 0;
  EXPECT_EQ(sent, 1);
}

TEST(HostPacer, WhoComesALittleLateOrEarlyKeepsTheRate) {
  HostPacer pacer(10);
  const IpAddress a = IpAddress::v4(1);
  Instant now = kStart;
  int sent = 0;
  for (Instant wake = kStart; now < kStart + seconds(10);) {
    now = wake + std::chrono::microseconds(sent % 3 * 100);  // timers are late, and unevenly so
    wake = pacer.take(a, now);
    if (wake != now) continue;
    ++sent;
    wake = now + milliseconds(100) - std::chrono::microseconds(sent % 3 * 100);
  }
  EXPECT_GE(sent, 98);
  EXPECT_LE(sent, 101);
}

TEST(HostPacer, ForgetsOnlyWhatNoLongerMatters) {
  HostPacer pacer(10);
  const IpAddress a = IpAddress::v4(7);
  EXPECT_EQ(pacer.take(a, kStart + seconds(1000)), kStart + seconds(1000));
  for (uint32_t address = 100; address < 300000; ++address)
    pacer.take(IpAddress::v4(address), kStart + Nanos(address));
  EXPECT_GT(pacer.take(a, kStart + seconds(1000)), kStart + seconds(1000));
}

TEST(HostPacer, ZeroIsWithoutLimit) {
  HostPacer pacer(0);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(pacer.take(IpAddress::v4(1), kStart), kStart);
}

}  // namespace
}  // namespace sonde
