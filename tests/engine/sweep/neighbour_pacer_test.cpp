#include "engine/sweep/neighbour_pacer.h"

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <random>
#include <set>
#include <thread>

namespace sonde {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const Instant kStart{seconds(3)};
constexpr Nanos kHold = NeighbourPacer::kNeighbourHold;
constexpr Nanos kCensus = NeighbourPacer::kCensusInterval;

IpAddress ip(const char* text) { return IpAddress::parse(text).value(); }
IpAddress neighbour(uint32_t number) { return IpAddress::v4(0x0a090000u + number); }
const std::vector<AttachedNetwork> kAttached = {{ip("10.9.0.0"), ip("10.9.255.255")},
                                                {ip("2001:db8::"), ip("2001:db8::ffff")}};

TEST(NeighbourPacer, AddressesBehindAGatewayAreFree) {
  NeighbourPacer pacer(kAttached, 1, 1);
  for (const char* address :
       {"10.8.255.255", "10.10.0.0", "0.0.0.0", "255.255.255.255", "::", "2001:db8::1:0"})
    for (int again = 0; again < 3; ++again) EXPECT_EQ(pacer.take(ip(address), kStart), kStart) << address;
  EXPECT_FALSE(pacer.limits());
}

TEST(NeighbourPacer, BothEndsOfANetworkAreAttachedAndNetworksMayOverlap) {
  for (const char* address : {"10.9.0.0", "10.9.0.200", "10.9.0.255", "10.9.1.0"}) {
    NeighbourPacer pacer({{ip("10.9.0.128"), ip("10.9.1.0")},
                          {ip("10.9.0.0"), ip("10.9.0.255")},
                          {ip("10.9.0.5"), ip("10.9.0.6")}},
                         1, 1);
    EXPECT_EQ(pacer.take(ip("10.9.0.1"), kStart), kStart);
    EXPECT_GT(pacer.take(ip(address), kStart), kStart) << address;
  }
}

TEST(NeighbourPacer, WhoFindsItFullIsToldWhenTheOldestGoes) {
  NeighbourPacer pacer(kAttached, 2, 1);
  EXPECT_EQ(pacer.take(neighbour(1), kStart), kStart);
  EXPECT_EQ(pacer.take(neighbour(2), kStart + seconds(1)), kStart + seconds(1));
  EXPECT_FALSE(pacer.limits());
  EXPECT_EQ(pacer.take(neighbour(3), kStart + seconds(2)), kStart + kHold);
  EXPECT_TRUE(pacer.limits());
  EXPECT_EQ(pacer.take(neighbour(3), kStart + kHold), kStart + kHold);
  EXPECT_EQ(pacer.take(neighbour(4), kStart + kHold), kStart + seconds(1) + kHold);
}

TEST(NeighbourPacer, AnAddressInUseIsFreeAndStaysLonger) {
  NeighbourPacer pacer(kAttached, 2, 1);
  pacer.take(neighbour(1), kStart);
  pacer.take(neighbour(2), kStart);
  const Instant later = kStart + seconds(2);
  EXPECT_EQ(pacer.take(neighbour(1), later), later);
  EXPECT_EQ(pacer.take(neighbour(3), kStart + kHold), kStart + kHold) << "the place of 2";
  EXPECT_EQ(pacer.take(neighbour(4), kStart + kHold), later + kHold) << "1 goes next";
}

TEST(NeighbourPacer, TheFamiliesHaveTablesOfTheirOwn) {
  NeighbourPacer pacer(kAttached, 1, 2);
  EXPECT_EQ(pacer.take(neighbour(1), kStart), kStart);
  EXPECT_EQ(pacer.take(ip("2001:db8::1"), kStart), kStart);
  EXPECT_EQ(pacer.take(ip("2001:db8::2"), kStart), kStart);
  EXPECT_GT(pacer.take(neighbour(2), kStart), kStart);
  EXPECT_GT(pacer.take(ip("2001:db8::3"), kStart), kStart);
}

// Which addresses were taken when; asserts that no window of kHold has more
// than `most` distinct ones.
class Window {
 public:
  explicit Window(size_t most) : most_(most) {}
  void taken(const IpAddress& address, Instant at) {
    takes_.emplace_back(at, address);
    ++count_[address];
    for (; takes_.front().first <= at - kHold; takes_.pop_front())
      if (--count_[takes_.front().second] == 0) count_.erase(takes_.front().second);
    fullest_ = std::max(fullest_, count_.size());
    ASSERT_LE(count_.size(), most_);
  }
  size_t fullest() const { return fullest_; }

 private:
  const size_t most_;
  std::deque<std::pair<Instant, IpAddress>> takes_;
  std::map<IpAddress, int> count_;
  size_t fullest_ = 0;
};

TEST(NeighbourPacer, NeverMoreThanMostDistinctAddressesWithinTheHold) {
  for (const size_t most : {1u, 2u, 7u, 100u}) {
    std::mt19937 random(static_cast<unsigned>(most));
    NeighbourPacer pacer(kAttached, most, 1);
    Window window(most);
    Instant now = kStart;
    for (int step = 0; step < 20000; ++step) {
      now += milliseconds(random() % (2 * 5500 / most + 1)) / 4;
      const IpAddress address = neighbour(static_cast<uint32_t>(random() % (3 * most)));
      const Instant at = pacer.take(address, now);
      ASSERT_GE(at, now);
      if (at == now) window.taken(address, now);
    }
    EXPECT_EQ(window.fullest(), most);
    EXPECT_TRUE(pacer.limits());
  }
}

TEST(NeighbourPacer, WhoWaitsAsLongAsToldGetsThroughAndNoTimeIsLost) {
  NeighbourPacer pacer(kAttached, 50, 1);
  Instant now = kStart;
  for (uint32_t number = 0; number < 1000; ++number)
    for (Instant at; (at = pacer.take(neighbour(number), now)) != now;) now = at;
  EXPECT_EQ(now, kStart + kHold * (1000 / 50 - 1));
}

// A kernel in which some addresses answer: it holds those for long.
struct Kernel {
  std::vector<IpAddress> held;
  int asked = 0;
  NeighbourCensus census() {
    return [this] {
      ++asked;
      return held;
    };
  }
};

TEST(NeighbourPacerWithCensus, WhatTheKernelHoldsStaysInUse) {
  Kernel kernel;
  NeighbourPacer pacer(kAttached, 2, 1, kernel.census());
  pacer.take(neighbour(1), kStart);
  pacer.take(neighbour(2), kStart);
  kernel.held = {neighbour(1)};
  Instant now = kStart + kHold;
  EXPECT_EQ(pacer.take(neighbour(3), now), now) << "2 did not answer";
  EXPECT_EQ(pacer.take(neighbour(4), now), now + kCensus) << "1 did";
  now += seconds(40);
  EXPECT_EQ(pacer.take(neighbour(1), now), now) << "it has its place";
  kernel.held = {};
  EXPECT_EQ(pacer.take(neighbour(4), now), now);
  EXPECT_EQ(pacer.take(neighbour(5), now), now + kHold);
}

TEST(NeighbourPacerWithCensus, TheNeighboursThereAreAlreadyCount) {
  Kernel kernel;
  kernel.held = {neighbour(1), neighbour(2), ip("2001:db8::1")};
  NeighbourPacer pacer(kAttached, 3, 2, kernel.census());
  EXPECT_EQ(pacer.take(neighbour(3), kStart), kStart);
  EXPECT_GT(pacer.take(neighbour(4), kStart), kStart);
  EXPECT_EQ(pacer.take(neighbour(2), kStart), kStart);
  EXPECT_EQ(pacer.take(ip("2001:db8::2"), kStart), kStart);
  EXPECT_GT(pacer.take(ip("2001:db8::3"), kStart), kStart);
}

TEST(NeighbourPacerWithCensus, GoesOnSlowlyWhenTheNeighboursOfOthersFillTheTable) {
  Kernel kernel;
  for (uint32_t number = 0; number < 20; ++number) kernel.held.push_back(neighbour(1000 + number));
  NeighbourPacer pacer(kAttached, 10, 1, kernel.census());
  Instant now = kStart;
  for (uint32_t number = 0; number < 5; ++number)
    for (Instant at; (at = pacer.take(neighbour(number), now)) != now;) now = at;
  EXPECT_LE(now, kStart + 5 * (kHold + kCensus));
}

TEST(NeighbourPacerWithCensus, IsAskedOnceAtFirstThenOnlyWhileProbesWaitAndNotTooOften) {
  Kernel kernel;
  NeighbourPacer pacer(kAttached, 100, 1, kernel.census());
  for (uint32_t number = 0; number < 100; ++number) pacer.take(neighbour(number), kStart);
  EXPECT_EQ(kernel.asked, 1);
  for (int ms = 0; ms <= 5000; ++ms) pacer.take(neighbour(200), kStart + milliseconds(ms));
  EXPECT_EQ(kernel.asked, 11);
}

TEST(NeighbourPacer, ThreadsTogetherKeepTheLimit) {
  constexpr size_t kMost = 300;
  NeighbourPacer pacer(kAttached, kMost, 1);
  std::atomic<size_t> taken = 0;
  std::vector<std::thread> threads;
  for (uint32_t thread = 0; thread < 4; ++thread)
    threads.emplace_back([&, thread] {
      for (uint32_t number = 0; number < 1000; ++number)
        if (pacer.take(neighbour(thread * 1000 + number), kStart) == kStart) ++taken;
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(taken, kMost);
}

}  // namespace
}  // namespace sonde
