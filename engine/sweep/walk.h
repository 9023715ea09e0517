#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "engine/probe/probe.h"
#include "engine/target/cursor.h"
#include "engine/target/permutation.h"
#include "engine/target/target_set.h"

namespace sonde {

/// The steps of a sweep in walking order: step → position of the shard →
/// shuffled index → target. Immutable; safe to use from any thread.
class TargetWalk {
 public:
  /// `targets` must outlive the walk and not be empty.
  TargetWalk(const TargetSet& targets, uint64_t seed, Shard shard)
      : targets_(targets), shuffle_(targets.size(), seed), shard_(targets.size(), shard) {}

  uint64_t steps() const { return shard_.steps(); }
  const TargetSet& targets() const { return targets_; }
  const Permutation& shuffle() const { return shuffle_; }
  /// Precondition: step < steps().
  Target at(uint64_t step) const { return targets_.nth(shuffle_.at(shard_.position(step))); }
  /// The most probes that look_up() takes.
  static constexpr size_t kAtOnce = 16;
  /// Gives each probe the endpoint that stands at its step: quicker than at() of
  /// each. Preconditions: at most kAtOnce; every step < steps().
  void look_up(std::span<Probe> probes) const;
  /// Whether an endpoint may stand at more than one step.
  bool may_repeat() const { return targets_.may_repeat(); }
  /// The step of the lowest index at which this endpoint stands. Precondition: the walk is not sharded.
  std::optional<uint64_t> first_step(const Endpoint& endpoint) const;
  bool is_sharded() const { return shard_.steps() != targets_.size(); }
  /// Appends the steps at which this endpoint stands: at() of each gives it back.
  void find(const Endpoint& endpoint, std::vector<uint64_t>& steps) const;

 private:
  const TargetSet& targets_;
  Permutation shuffle_;
  ShardWalk shard_;
};

/// Deals out the steps of one pass to the threads, a block at a time, so that
/// they stay evenly busy. Safe from any thread.
class PassBlocks {
 public:
  struct Block {
    uint64_t begin = 0, end = 0;
    bool empty() const { return begin == end; }
  };

  /// Steps 0 … steps−1 in blocks small enough that `threads` threads all get
  /// several of them.
  PassBlocks(uint64_t steps, uint32_t threads) : PassBlocks(steps, BlockSize{size_for(steps, threads)}) {}
  /// In blocks of so many steps.
  struct BlockSize {
    uint64_t steps = 1;
  };
  PassBlocks(uint64_t steps, BlockSize block) : steps_(steps), block_(block.steps) {}

  /// The next block; an empty one when all have been dealt.
  Block claim();
  /// How many steps have been dealt out.
  uint64_t dealt() const;

 private:
  static uint64_t size_for(uint64_t steps, uint32_t threads);

  uint64_t steps_;
  uint64_t block_;
  std::atomic<uint64_t> next_{0};
};

}  // namespace sonde
