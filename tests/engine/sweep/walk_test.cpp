#include "engine/sweep/walk.h"

#include <gtest/gtest.h>

#include <algorithm>
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

TEST(TargetWalk, SeveralStepsLookedUpAtOnceAreWhatEachIsAlone) {
  TargetParts parts;
  parts.addresses = IntervalSet({{IpAddress::v4(0x0a000000), IpAddress::v4(0x0a0003ff)},
                                 {IpAddress::v4(0x0a010000), IpAddress::v4(0x0a010006)}});
  parts.ports = PortSet::of(std::vector<uint16_t>{22, 80, 443});
  const TargetSet targets(std::move(parts));
  for (const Shard shard : {Shard{1, 1}, Shard{2, 3}}) {
    const TargetWalk walk(targets, 42, shard);
    for (uint64_t first = 0; first < walk.steps(); first += 50) {
      for (size_t count = 0; count <= std::min<uint64_t>(TargetWalk::kAtOnce, walk.steps() - first);
           ++count) {
        std::vector<Probe> probes(count);
        for (size_t i = 0; i < count; ++i) probes[i].step = first + i;
        walk.look_up(probes);
        for (const Probe& probe : probes) ASSERT_EQ(probe.endpoint, walk.at(probe.step).endpoint);
      }
    }
  }
}

}  // namespace
}  // namespace sonde
