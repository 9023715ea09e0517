#include "net/base/bounded_queue.h"

#include <gtest/gtest.h>

#include <numeric>
#include <thread>

namespace sonde {
namespace {

TEST(BoundedQueue, EveryItemOfEveryThreadArrivesOnceAndInItsThreadsOrder) {
  BoundedQueue<std::pair<int, int>> queue(64);
  constexpr int kThreads = 4, kItems = 5000;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&queue, t] {
      std::vector<std::pair<int, int>> batch;
      for (int i = 0; i < kItems; ++i) {
        batch.emplace_back(t, i);
        if (i % 7 == 0) queue.push(batch);
      }
      queue.push(batch);
    });
  }
  std::vector<int> next(kThreads, 0);
  std::vector<std::pair<int, int>> taken;
  for (int total = 0; total < kThreads * kItems; total += static_cast<int>(taken.size())) {
    queue.take_all(taken, std::chrono::seconds(10));
    ASSERT_FALSE(taken.empty());
    ASSERT_LE(taken.size(), 64u + 7u * kThreads);
    for (const auto& [t, i] : taken) EXPECT_EQ(i, next[static_cast<size_t>(t)]++);
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(BoundedQueue, WakeEndsAWaitWithoutItems) {
  BoundedQueue<int> queue(1);
  std::thread waker([&queue] { queue.wake(); });
  std::vector<int> taken{1, 2};
  queue.take_all(taken, std::chrono::hours(1));
  EXPECT_TRUE(taken.empty());
  waker.join();
}

}  // namespace
}  // namespace sonde
