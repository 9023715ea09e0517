#include "net/base/timer_wheel.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace sonde {
namespace {

using std::chrono::milliseconds;

const Instant kStart{std::chrono::seconds(5)};

std::vector<uint32_t> expired_at(TimerWheel& wheel, Instant now) {
  std::vector<uint32_t> expired;
  wheel.advance(now, expired);
  return expired;
}

TEST(TimerWheel, ExpiresNothingEarlyAndAllInTime) {
  TimerWheel wheel(4, milliseconds(1), kStart);
  wheel.arm(2, kStart + milliseconds(10));
  EXPECT_TRUE(expired_at(wheel, kStart + milliseconds(9)).empty());
  EXPECT_EQ(expired_at(wheel, kStart + milliseconds(10)), std::vector<uint32_t>{2});
  EXPECT_FALSE(wheel.armed(2));
}

TEST(TimerWheel, ADisarmedDeadlineIsForgotten) {
  TimerWheel wheel(4, milliseconds(1), kStart);
  wheel.arm(1, kStart + milliseconds(3));
  wheel.disarm(1);
  wheel.disarm(1);
  EXPECT_TRUE(expired_at(wheel, kStart + milliseconds(100)).empty());
  EXPECT_EQ(wheel.next_wake(), Instant::max());
}

TEST(TimerWheel, ArmingAgainReplacesTheDeadline) {
  TimerWheel wheel(4, milliseconds(1), kStart);
  wheel.arm(1, kStart + milliseconds(3));
  wheel.arm(1, kStart + milliseconds(30));
  EXPECT_TRUE(expired_at(wheel, kStart + milliseconds(29)).empty());
  EXPECT_EQ(expired_at(wheel, kStart + milliseconds(31)), std::vector<uint32_t>{1});
}

TEST(TimerWheel, DeadlinesBeyondOneTurnWaitForTheirTurn) {
  TimerWheel wheel(2, milliseconds(1), kStart);
  wheel.arm(0, kStart + milliseconds(5000));  // the same bucket as 904 ms
  wheel.arm(1, kStart + milliseconds(904));
  EXPECT_EQ(expired_at(wheel, kStart + milliseconds(904)), std::vector<uint32_t>{1});
  EXPECT_TRUE(expired_at(wheel, kStart + milliseconds(4999)).empty());
  EXPECT_EQ(expired_at(wheel, kStart + milliseconds(5000)), std::vector<uint32_t>{0});
}

TEST(TimerWheel, ALongPauseExpiresEverythingAtOnce) {
  TimerWheel wheel(100, milliseconds(1), kStart);
  for (uint32_t id = 0; id < 100; ++id) wheel.arm(id, kStart + milliseconds(id * 97));
  EXPECT_EQ(expired_at(wheel, kStart + std::chrono::hours(1)).size(), 100u);
}

TEST(TimerWheel, NextWakeIsNeverAfterADeadline) {
  std::minstd_rand random(3);
  TimerWheel wheel(50, milliseconds(1), kStart);
  std::map<uint32_t, Instant> deadlines;
  Instant now = kStart;
  for (int round = 0; round < 20000; ++round) {
    const auto id = static_cast<uint32_t>(random() % 50);
    if (random() % 4 == 0) {
      wheel.disarm(id);
      deadlines.erase(id);
    } else {
      deadlines[id] = now + milliseconds(random() % 9000);
      wheel.arm(id, deadlines[id]);
    }
    const Instant wake = wheel.next_wake();
    for (const auto& [armed, deadline] : deadlines) ASSERT_LE(wake, deadline + milliseconds(1)) << armed;
    now += milliseconds(random() % 20);
    for (const uint32_t expired : expired_at(wheel, now)) {
      ASSERT_LE(deadlines.at(expired), now);
      deadlines.erase(expired);
    }
    for (const auto& [armed, deadline] : deadlines) ASSERT_GT(deadline + milliseconds(1), now) << armed;
  }
}

}  // namespace
}  // namespace sonde
