#include "engine/target/interval_set.h"

#include <algorithm>
#include <limits>

#include "net/base/check.h"

namespace sonde {
namespace {

IpAddress after(IpAddress address) { return IpAddress::from_number(address.number() + 1); }
IpAddress before(IpAddress address) { return IpAddress::from_number(address.number() - 1); }

U128 length(const Interval& interval) {
  return saturating_add(interval.last.number() - interval.first.number(), 1);
}

/// True when `next`, which does not begin earlier, overlaps or follows at once.
bool joins(const Interval& earlier, const Interval& next) {
  if (next.first <= earlier.last) return true;
  return next.first == after(earlier.last) && next.first.is_v4() == earlier.last.is_v4();
}

std::vector<Interval> joined(std::vector<Interval> intervals) {
  if (!std::is_sorted(intervals.begin(), intervals.end())) std::sort(intervals.begin(), intervals.end());
  size_t kept = 0;
  for (const Interval& next : intervals) {
    CHECK(next.first <= next.last);
    if (kept > 0 && joins(intervals[kept - 1], next)) {
      intervals[kept - 1].last = std::max(intervals[kept - 1].last, next.last);
    } else {
      intervals[kept++] = next;
    }
  }
  intervals.resize(kept);
  intervals.shrink_to_fit();
  return intervals;
}

/// Adds what is left of `whole` without the intervals from `hole` on to `rest`.
void cut(Interval whole, std::vector<Interval>::const_iterator hole,
         std::vector<Interval>::const_iterator end, std::vector<Interval>& rest) {
  for (; hole != end && hole->first <= whole.last; ++hole) {
    if (whole.first < hole->first) rest.push_back({whole.first, before(hole->first)});
    if (whole.last <= hole->last) return;
    whole.first = after(hole->last);
  }
  rest.push_back(whole);
}

}  // namespace

std::string Interval::to_string() const {
  return first == last ? first.to_string() : first.to_string() + "-" + last.to_string();
}

std::string decimal(U128 number) {
  std::string digits;
  do digits.push_back(static_cast<char>('0' + static_cast<int>(number % 10)));
  while ((number /= 10) != 0);
  std::reverse(digits.begin(), digits.end());
  return digits;
}

IntervalSet::IntervalSet(std::vector<Interval> intervals) : intervals_(joined(std::move(intervals))) {
  count();
  if (!empty()) mark_stretches();
}

void IntervalSet::count() {
  before_.reserve(intervals_.size());
  for (const Interval& interval : intervals_) {
    before_.push_back(size_);
    size_ = saturating_add(size_, length(interval));
  }
}

/// At most twice as many stretches as intervals: few intervals begin within one.
void IntervalSet::mark_stretches() {
  CHECK(intervals_.size() <= std::numeric_limits<uint32_t>::max());
  const U128 last = size_ - 1;
  while (last >> stretch_bits_ >= 2 * intervals_.size()) ++stretch_bits_;
  stretches_.reserve(static_cast<size_t>(last >> stretch_bits_) + 2);
  uint32_t place = 0;
  for (U128 stretch = 0; stretch <= last >> stretch_bits_; ++stretch) {
    while (place + 1 < before_.size() && before_[place + 1] <= stretch << stretch_bits_) ++place;
    stretches_.push_back(place);
  }
  stretches_.push_back(static_cast<uint32_t>(before_.size() - 1));
}

IntervalSet IntervalSet::united_with(const IntervalSet& other) const {
  std::vector<Interval> all = intervals_;
  all.insert(all.end(), other.intervals_.begin(), other.intervals_.end());
  return IntervalSet(std::move(all));
}

IntervalSet IntervalSet::without(const IntervalSet& other) const {
  std::vector<Interval> rest;
  auto hole = other.intervals_.begin();
  for (const Interval& interval : intervals_) {
    while (hole != other.intervals_.end() && hole->last < interval.first) ++hole;
    cut(interval, hole, other.intervals_.end(), rest);
  }
  return IntervalSet(std::move(rest));
}

IntervalSet IntervalSet::common_with(const IntervalSet& other) const {
  std::vector<Interval> common;
  auto a = intervals_.begin();
  auto b = other.intervals_.begin();
  while (a != intervals_.end() && b != other.intervals_.end()) {
    const Interval both{std::max(a->first, b->first), std::min(a->last, b->last)};
    if (both.first <= both.last) common.push_back(both);
    a->last < b->last ? void(++a) : void(++b);
  }
  return IntervalSet(std::move(common));
}

IpAddress IntervalSet::nth(U128 index) const {
  CHECK(index < size_);
  const uint32_t* stretch = &stretches_[static_cast<size_t>(index >> stretch_bits_)];
  size_t place = stretch[0];
  const size_t last = stretch[1];
  // Mostly one begins within the stretch, or none: then this is all, and no
  // branch is there to be guessed wrong.
  const size_t is_last = before_[last] <= index;
  place += is_last * (last - place);
  if (place + 1 < last) {
    const U128* begin = before_.data();
    place = static_cast<size_t>(std::upper_bound(begin + place + 1, begin + last, index) - begin) - 1;
  }
  return IpAddress::from_number(intervals_[place].first.number() + (index - before_[place]));
}

bool IntervalSet::contains(IpAddress address) const {
  const auto found = std::lower_bound(intervals_.begin(), intervals_.end(), address,
                                      [](const Interval& i, IpAddress a) { return i.last < a; });
  return found != intervals_.end() && found->first <= address;
}

U128 IntervalSet::rank(IpAddress address) const {
  const auto found = std::lower_bound(intervals_.begin(), intervals_.end(), address,
                                      [](const Interval& i, IpAddress a) { return i.last < a; });
  if (found == intervals_.end()) return size_;
  const U128 below = before_[static_cast<size_t>(found - intervals_.begin())];
  return found->first < address ? below + (address.number() - found->first.number()) : below;
}

size_t IntervalSet::memory_bytes() const {
  return intervals_.capacity() * sizeof(Interval) + before_.capacity() * sizeof(U128) +
         stretches_.capacity() * sizeof(uint32_t);
}

}  // namespace sonde
