#include "engine/probe/send_window.h"

#include <gtest/gtest.h>

namespace sonde {
namespace {

using std::chrono::milliseconds;

Instant at(int64_t ms) { return Instant(milliseconds(ms)); }

TEST(SendWindow, ProbesCountForTheTimeoutAndLittleMore) {
  SendWindow window(milliseconds(800), at(0));
  window.add(5, at(0));
  window.add(7, at(450));
  window.advance(at(799));
  EXPECT_EQ(window.count(), 12u);
  window.advance(at(950));
  EXPECT_EQ(window.count(), 7u);
  window.advance(at(1249));
  EXPECT_EQ(window.count(), 7u);
  window.advance(at(1400));
  EXPECT_EQ(window.count(), 0u);
}

TEST(SendWindow, NoProbeLeavesEarlyWheneverItWasSent) {
  for (int64_t sent = 0; sent < 300; sent += 7) {
    SendWindow window(milliseconds(80), at(0));
    window.add(1, at(sent));
    window.advance(at(sent + 79));
    EXPECT_EQ(window.count(), 1u) << sent;
    window.advance(at(sent + 92));
    EXPECT_EQ(window.count(), 0u) << sent;
  }
}

TEST(SendWindow, ItWakesWhoeverWaitsForTheEnd) {
  SendWindow window(milliseconds(80), at(0));
  EXPECT_EQ(window.next_change(), Instant::max());
  window.add(1, at(33));
  Instant now = at(33);
  for (int wakes = 0; window.count() > 0 && wakes < 20; ++wakes) {
    ASSERT_GT(window.next_change(), now);
    now = window.next_change();
    window.advance(now);
  }
  EXPECT_EQ(window.count(), 0u);
}

TEST(SendWindow, ALongPauseCostsNothingAndForgetsAll) {
  SendWindow window(milliseconds(80), at(0));
  window.add(3, at(0));
  window.advance(at(1'000'000'000));
  EXPECT_EQ(window.count(), 0u);
  window.add(2, at(1'000'000'001));
  EXPECT_EQ(window.count(), 2u);
}

}  // namespace
}  // namespace sonde
