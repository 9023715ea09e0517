#include "engine/sweep/walk.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace sonde {
namespace {

TEST(PassBlocks, EveryStepIsDealtOnceWhateverTheThreads) {
  for (const uint64_t steps : {1u, 2u, 63u, 4096u, 100001u}) {
    PassBlocks blocks(steps, 3);
    std::vector<std::vector<PassBlocks::Block>> taken(3);
    std::vector<std::thread> threads;
    for (auto& mine : taken) {
      threads.emplace_back([&blocks, &mine] {
        for (PassBlocks::Block block = blocks.claim(); !block.empty(); block = blocks.claim())
          mine.push_back(block);
      });
    }
    for (std::thread& thread : threads) thread.join();
    std::vector<int> seen(steps);
    for (const auto& mine : taken) {
      for (const PassBlocks::Block& block : mine) {
        for (uint64_t step = block.begin; step < block.end; ++step) ++seen[step];
      }
    }
    EXPECT_EQ(std::count(seen.begin(), seen.end(), 1), static_cast<std::ptrdiff_t>(steps));
    EXPECT_EQ(blocks.dealt(), steps);
    EXPECT_TRUE(blocks.claim().empty());
  }
}

TEST(PassBlocks, SmallSweepsAreSharedToo) {
  PassBlocks blocks(1000, 4);
  EXPECT_LT(blocks.claim().end, 250u);
}

}  // namespace
}  // namespace sonde
