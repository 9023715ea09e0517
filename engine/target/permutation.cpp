#include "engine/target/permutation.h"

#include <bit>

#include "net/base/check.h"
#include "net/base/wide_vectors.h"

namespace sonde {
namespace {

/// The next number of SplitMix64 (Steele, Lea and Flood, 2014): independent
/// keys from seeds as similar as 1 and 2.
uint64_t next_key(uint64_t& state) {
  state += 0x9e3779b97f4a7c15u;
  uint64_t key = state;
  key = (key ^ (key >> 30)) * 0xbf58476d1ce4e5b9u;
  key = (key ^ (key >> 27)) * 0x94d049bb133111ebu;
  return key ^ (key >> 31);
}

constexpr size_t kLanes = 8;

/// `core` is a copy, so that no number that is written could be a part of it.
SONDE_WIDE_VECTORS void forward_each(const sonde_permutation core, uint64_t* numbers) {
  for (size_t i = 0; i < kLanes; ++i) numbers[i] = sonde_permutation_forward(&core, numbers[i]);
}

}  // namespace

Permutation::Permutation(uint64_t n, uint64_t seed) {
  CHECK(n >= 1 && n <= kLargestSize);
  core_.size = n;
  core_.right_bits = (static_cast<unsigned>(std::bit_width(n - 1)) + 1) / 2;
  core_.right_mask = (uint64_t{1} << core_.right_bits) - 1;
  core_.left_size = ((n - 1) >> core_.right_bits) + 1;
  for (uint64_t& key : core_.keys) key = next_key(seed);
}

void Permutation::shuffle(std::span<uint64_t> positions) const {
  for (; positions.size() >= kLanes; positions = positions.subspan(kLanes)) {
    forward_each(core_, positions.data());
    for (uint64_t& number : positions.first(kLanes))
      if (number >= core_.size) number = at(number);  // fed in again
  }
  for (uint64_t& number : positions) number = at(number);
}

}  // namespace sonde
