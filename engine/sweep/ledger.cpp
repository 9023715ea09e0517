#include "engine/sweep/ledger.h"

#include <algorithm>
#include <atomic>
#include <bit>

#include "net/base/check.h"

namespace sonde {
namespace {

constexpr uint64_t kLowBits = 0x5555555555555555u;

// Relaxed: a mark carries no other data with it; passes are separated by
// joining on the queue that the marks come from.
uint64_t load(uint64_t& word) { return std::atomic_ref(word).load(std::memory_order_relaxed); }

unsigned shift_of(uint64_t step) { return static_cast<unsigned>(step % Ledger::kStepsPerWord) * 2; }

/// One bit (the low one of the pair) for every unanswered step of the word.
uint64_t unanswered_bits(uint64_t word) { return ~(word | (word >> 1)) & kLowBits; }

}  // namespace

Ledger::Ledger(std::span<uint64_t> words, uint64_t steps)
    : words_(words.first(words_for(steps))), steps_(steps) {}

Mark Ledger::at(uint64_t step) const {
  CHECK(step < steps_);
  return static_cast<Mark>((load(words_[step / kStepsPerWord]) >> shift_of(step)) & 3);
}

bool Ledger::raise(uint64_t step, Mark mark) {
  CHECK(step < steps_);
  std::atomic_ref word(words_[step / kStepsPerWord]);
  const unsigned shift = shift_of(step);
  uint64_t seen = word.load(std::memory_order_relaxed);
  while (((seen >> shift) & 3) < static_cast<uint64_t>(mark)) {
    const uint64_t raised = (seen & ~(uint64_t{3} << shift)) | (static_cast<uint64_t>(mark) << shift);
    if (word.compare_exchange_weak(seen, raised, std::memory_order_relaxed)) return true;
  }
  return false;
}

Ledger::Raised Ledger::raise_word(size_t index, uint64_t marks, uint32_t except) {
  std::atomic_ref word(words_[index]);
  uint64_t seen = word.load(std::memory_order_relaxed);
  if (seen == marks) return {};
  Raised raised;
  uint64_t higher = 0;
  do {
    raised = {};
    higher = seen;
    for (unsigned shift = 0; shift < 64; shift += 2) {
      const uint64_t old_mark = (seen >> shift) & 3, new_mark = (marks >> shift) & 3;
      if (new_mark <= old_mark || (except >> new_mark & 1) != 0) continue;
      higher = (higher & ~(uint64_t{3} << shift)) | (new_mark << shift);
      ++(old_mark == 0 ? raised.first : raised.again);
    }
  } while (!word.compare_exchange_weak(seen, higher, std::memory_order_relaxed));
  return raised;
}

uint64_t Ledger::next_unanswered(uint64_t from, uint64_t to) const {
  to = std::min(to, steps_);
  while (from < to) {
    const uint64_t bits = unanswered_bits(load(words_[from / kStepsPerWord])) >> shift_of(from);
    if (bits != 0) return std::min(to, from + static_cast<uint64_t>(std::countr_zero(bits)) / 2);
    from = (from / kStepsPerWord + 1) * kStepsPerWord;
  }
  return to;
}

LedgerCounts Ledger::count() const {
  LedgerCounts counts;
  for (uint64_t& word : words_) {
    const uint64_t seen = load(word);
    const uint64_t low = seen & kLowBits;
    const uint64_t high = (seen >> 1) & kLowBits;
    counts.open += static_cast<uint64_t>(std::popcount(low & high));
    counts.closed += static_cast<uint64_t>(std::popcount(high & ~low));
    counts.rejected += static_cast<uint64_t>(std::popcount(low & ~high));
  }
  counts.unanswered = steps_ - counts.open - counts.closed - counts.rejected;
  return counts;
}

uint64_t Ledger::unanswered_below(uint64_t to) const {
  uint64_t count = 0;
  for (uint64_t first = 0; first < to; first += kStepsPerWord) {
    uint64_t bits = unanswered_bits(load(words_[first / kStepsPerWord]));
    if (to - first < kStepsPerWord) bits &= (uint64_t{1} << (2 * (to - first))) - 1;
    count += static_cast<uint64_t>(std::popcount(bits));
  }
  return count;
}

void Ledger::clear() {
  for (uint64_t& word : words_) std::atomic_ref(word).store(0, std::memory_order_relaxed);
}

}  // namespace sonde
