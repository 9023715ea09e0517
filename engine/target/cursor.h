#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "net/base/result.h"

namespace sonde {

/// One of `count` equal parts of a sweep, counted from 1, for as many machines
/// or processes: "2/8". The shards of one (set, seed) are disjoint and
/// together complete.
struct Shard {
  uint32_t index = 1;  ///< 1 … count
  uint32_t count = 1;

  /// From "2/8"; an error says what is wrong with another text, without the option. count is at
  /// most 1,000,000.
  static Result<Shard> parse(std::string_view text);
  /// True for 1/1: the sweep is not divided.
  bool whole() const { return count == 1; }
  std::string to_string() const;
  friend bool operator==(const Shard&, const Shard&) = default;
};

/// The positions of a shuffled order that belong to one shard: every count-th,
/// starting at index−1, so that each shard is itself a random sample of the
/// whole. Immutable; safe to use from any thread.
class ShardWalk {
 public:
  /// `size` is the count of all positions, at most 2^63.
  ShardWalk(uint64_t size, Shard shard);

  /// How many positions the shard has; 0 when there are fewer than shards.
  uint64_t steps() const { return steps_; }
  /// The position of a step. Precondition: step < steps().
  uint64_t position(uint64_t step) const { return first_ + step * stride_; }
  /// True when a position belongs to the shard.
  bool contains(uint64_t position) const { return position % stride_ == first_; }
  /// The step of a position: position(step_of(p)) == p. Precondition: contains(position).
  uint64_t step_of(uint64_t position) const { return position / stride_; }

 private:
  uint64_t first_;
  uint64_t stride_;
  uint64_t steps_;
};

}  // namespace sonde
