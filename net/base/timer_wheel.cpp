#include "net/base/timer_wheel.h"

#include <algorithm>
#include <bit>

#include "net/base/check.h"

namespace sonde {

TimerWheel::TimerWheel(uint32_t capacity, Nanos tick, Instant now)
    : entries_(capacity), heads_(kBuckets, kNone), occupied_(kBuckets / 64), tick_(tick), origin_(now) {
  CHECK(tick.count() > 0);
}

uint64_t TimerWheel::tick_of(Instant at) const {
  if (at <= origin_) return 0;
  return static_cast<uint64_t>((at - origin_ + tick_ - Nanos(1)) / tick_);
}

void TimerWheel::arm(uint32_t id, Instant deadline) {
  disarm(id);
  entries_[id].tick = std::max(tick_of(deadline), current_ + 1);
  link(id);
}

void TimerWheel::disarm(uint32_t id) {
  if (entries_[id].armed) unlink(id);
}

void TimerWheel::link(uint32_t id) {
  Entry& entry = entries_[id];
  const uint32_t bucket = static_cast<uint32_t>(entry.tick % kBuckets);
  entry.previous = kNone;
  entry.next = heads_[bucket];
  entry.armed = true;
  if (entry.next != kNone) entries_[entry.next].previous = id;
  heads_[bucket] = id;
  occupied_[bucket / 64] |= uint64_t{1} << (bucket % 64);
  ++count_;
}

void TimerWheel::unlink(uint32_t id) {
  Entry& entry = entries_[id];
  const uint32_t bucket = static_cast<uint32_t>(entry.tick % kBuckets);
  if (entry.next != kNone) entries_[entry.next].previous = entry.previous;
  if (entry.previous != kNone) {
    entries_[entry.previous].next = entry.next;
  } else {
    heads_[bucket] = entry.next;
    if (entry.next == kNone) occupied_[bucket / 64] &= ~(uint64_t{1} << (bucket % 64));
  }
  entry.armed = false;
  --count_;
}

void TimerWheel::expire_bucket(uint32_t bucket, uint64_t last_tick, std::vector<uint32_t>& expired) {
  for (uint32_t id = heads_[bucket]; id != kNone;) {
    const uint32_t following = entries_[id].next;
    if (entries_[id].tick <= last_tick) {
      unlink(id);
      expired.push_back(id);
    }
    id = following;
  }
}

void TimerWheel::advance(Instant now, std::vector<uint32_t>& expired) {
  if (now < origin_) return;
  const uint64_t last_tick = static_cast<uint64_t>((now - origin_) / tick_);
  if (last_tick <= current_) return;
  const uint64_t turns = std::min<uint64_t>(last_tick - current_, kBuckets);
  if (count_ > 0) {
    for (uint64_t i = 1; i <= turns; ++i) {
      expire_bucket(static_cast<uint32_t>((current_ + i) % kBuckets), last_tick, expired);
    }
  }
  current_ = last_tick;
}

Instant TimerWheel::next_wake() const {
  if (count_ == 0) return Instant::max();
  const uint64_t first = current_ + 1;
  for (uint64_t i = 0; i < kBuckets;) {
    const uint32_t bucket = static_cast<uint32_t>((first + i) % kBuckets);
    const uint64_t rest = occupied_[bucket / 64] >> (bucket % 64);
    if (rest != 0)
      return origin_ +
             tick_ * static_cast<int64_t>(first + i + static_cast<uint64_t>(std::countr_zero(rest)));
    i += 64 - bucket % 64;
  }
  check_failed("an armed entry stands in a bucket", __FILE__, __LINE__);
}

}  // namespace sonde
