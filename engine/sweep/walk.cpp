#include "engine/sweep/walk.h"

#include <algorithm>
#include <array>

#include "net/base/check.h"

namespace sonde {

namespace {
constexpr uint64_t kBlocksPerThread = 16;
constexpr uint64_t kLargestBlock = 4096;
}  // namespace

void TargetWalk::look_up(std::span<Probe> probes) const {
  CHECK(probes.size() <= kAtOnce);
  std::array<uint64_t, kAtOnce> numbers;
  for (size_t i = 0; i < probes.size(); ++i) numbers[i] = shard_.position(probes[i].step);
  shuffle_.shuffle(std::span(numbers).first(probes.size()));
  for (size_t i = 0; i < probes.size(); ++i) targets_.put_endpoint(numbers[i], probes[i].endpoint);
}

void TargetWalk::find(const Endpoint& endpoint, std::vector<uint64_t>& steps) const {
  const size_t before = steps.size();
  targets_.find(endpoint, steps);
  size_t kept = before;
  for (size_t i = before; i < steps.size(); ++i) {
    const uint64_t position = shuffle_.position_of(steps[i]);
    if (shard_.contains(position)) steps[kept++] = shard_.step_of(position);
  }
  steps.resize(kept);
}

std::optional<uint64_t> TargetWalk::first_step(const Endpoint& endpoint) const {
  const std::optional<uint64_t> index = targets_.find_first(endpoint);
  return index ? std::optional(shard_.step_of(shuffle_.position_of(*index))) : std::nullopt;
}

uint64_t PassBlocks::size_for(uint64_t steps, uint32_t threads) {
  return std::clamp<uint64_t>(steps / (threads * kBlocksPerThread), 1, kLargestBlock);
}

PassBlocks::Block PassBlocks::claim() {
  const uint64_t begin = std::min(next_.fetch_add(block_, std::memory_order_relaxed), steps_);
  return {begin, std::min(begin + block_, steps_)};
}

uint64_t PassBlocks::dealt() const { return std::min(next_.load(std::memory_order_relaxed), steps_); }

}  // namespace sonde
