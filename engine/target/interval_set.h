#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "net/address.h"

namespace sonde {

/// The addresses from first to last, both included. Precondition everywhere:
/// first ≤ last, and both of one family.
struct Interval {
  IpAddress first;
  IpAddress last;
  /// "10.0.0.1-10.0.0.9", or one address.
  std::string to_string() const;
  friend auto operator<=>(const Interval&, const Interval&) = default;
};

/// a + b, and 2^128−1 when that does not fit.
constexpr U128 saturating_add(U128 a, U128 b) { return a + b < a ? ~U128{0} : a + b; }
/// A number in decimal digits.
std::string decimal(U128 number);

/// A set of addresses as sorted, disjoint intervals that do not touch. Costs
/// 48 to 56 bytes an interval, however large. Immutable; safe to read from any
/// thread.
class IntervalSet {
 public:
  IntervalSet() = default;
  /// The union of intervals in any order, overlaps allowed.
  explicit IntervalSet(std::vector<Interval> intervals);

  IntervalSet united_with(const IntervalSet& other) const;
  IntervalSet without(const IntervalSet& other) const;
  IntervalSet common_with(const IntervalSet& other) const;

  bool empty() const { return intervals_.empty(); }
  /// The number of addresses; 2^128−1 stands for that many and one more.
  U128 size() const { return size_; }
  /// The address at a place of the ascending order, in O(log intervals); in
  /// O(1) when the intervals are about equally large.
  /// Precondition: index < size().
  IpAddress nth(U128 index) const;
  bool contains(IpAddress address) const;
  /// How many addresses of the set are below the given one: the inverse of
  /// nth() for its members.
  U128 rank(IpAddress address) const;

  std::span<const Interval> intervals() const { return intervals_; }
  /// Heap memory that the set holds.
  size_t memory_bytes() const;
  friend bool operator==(const IntervalSet& a, const IntervalSet& b) { return a.intervals_ == b.intervals_; }

 private:
  void count();
  void mark_stretches();

  std::vector<Interval> intervals_;
  std::vector<U128> before_;  ///< addresses in the intervals before each
  U128 size_ = 0;
  // The places in stretches of 2^stretch_bits_: in which interval each begins;
  // behind them, the last interval.
  std::vector<uint32_t> stretches_;
  unsigned stretch_bits_ = 0;
};

}  // namespace sonde
