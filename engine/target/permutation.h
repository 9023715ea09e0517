#pragma once

#include <cstdint>
#include <span>

#include "net/packet/permutation_core.h"

namespace sonde {

/// A keyed shuffle of the numbers 0 … n−1: an exact bijection for every n from
/// 1 to 2^63, with its inverse, in constant memory and about one step per
/// number. The same (n, seed) gives the same order on every machine and in
/// every version: journals depend on it. Not cryptography: it spreads load
/// and hides nothing. Immutable; safe to use from any thread.
///
///   Permutation shuffle(targets.size(), seed);
///   for (uint64_t p = 0; p < targets.size(); ++p) probe(targets.nth(shuffle.at(p)));
///
/// An alternating Feistel network over a·2^k ≥ n with 2^k ≈ √n; results of n
/// and above are fed in again (cycle walking: Black and Rogaway, "Ciphers with
/// Arbitrary Finite Domains", 2002). Less than one number in √n/2 is wasted,
/// because a = ⌈n/2^k⌉ fits n instead of the next power of two.
class Permutation {
 public:
  /// The largest n: 2^63.
  static constexpr uint64_t kLargestSize = uint64_t{1} << 63;

  /// Precondition: 1 ≤ n ≤ kLargestSize.
  Permutation(uint64_t n, uint64_t seed);

  /// The number that stands at a position of the shuffled order. Precondition:
  /// position < size().
  uint64_t at(uint64_t position) const {
    uint64_t number = position;
    do number = sonde_permutation_forward(&core_, number);
    while (number >= core_.size);
    return number;
  }

  /// Puts the number in place of each position: at() of each, and for many
  /// several times as fast. Precondition: every position < size().
  void shuffle(std::span<uint64_t> positions) const;

  /// The position at which a number stands: position_of(at(p)) == p.
  /// Precondition: index < size().
  uint64_t position_of(uint64_t index) const {
    uint64_t number = index;
    do number = sonde_permutation_backward(&core_, number);
    while (number >= core_.size);
    return number;
  }

  uint64_t size() const { return core_.size; }
  /// The numbers that the network permutes, wasted ones included: covered() /
  /// size() is the mean count of steps for one number.
  uint64_t covered() const { return core_.left_size << core_.right_bits; }
  /// The parameters in the form that a BPF program takes.
  const sonde_permutation& core() const { return core_; }

 private:
  sonde_permutation core_{};
};

}  // namespace sonde
