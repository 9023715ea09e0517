#pragma once

#include <cstdint>
#include <span>

#include "engine/probe/outcome.h"

namespace sonde {

/// What the ledger knows of a step, worst evidence first: a better one
/// replaces a lesser one, never the other way round.
enum class Mark : uint8_t {
  unanswered = 0,
  rejected = 1,  ///< an ICMP error; or our own side could not try it, and that was reported
  closed = 2,    ///< a RST
  open = 3,      ///< a SYN-ACK
};

/// The mark that an outcome of this state deserves.
constexpr Mark mark_of(State state) {
  if (state == State::open) return Mark::open;
  if (state == State::closed) return Mark::closed;
  return Mark::rejected;
}

struct LedgerCounts {
  uint64_t unanswered = 0, rejected = 0, closed = 0, open = 0;
};

/// Two bits for every step of a slice: the memory of a sweep. A mark says that
/// the step's record has been reported, so that what is unanswered in the
/// ledger is exactly what is still to be done. The words belong to someone else
/// (the journal's file mapping, or plain memory) and must outlive the ledger.
/// All calls are safe from any thread.
class Ledger {
 public:
  static constexpr uint64_t kStepsPerWord = 32;
  /// Words that a ledger of so many steps needs.
  static constexpr uint64_t words_for(uint64_t steps) { return (steps + kStepsPerWord - 1) / kStepsPerWord; }

  /// Precondition: words.size() ≥ words_for(steps).
  Ledger(std::span<uint64_t> words, uint64_t steps);

  uint64_t steps() const { return steps_; }
  std::span<uint64_t> words() const { return words_; }
  Mark at(uint64_t step) const;
  /// Raises the mark of a step; returns false when it stood as high already.
  bool raise(uint64_t step, Mark mark);
  /// How many marks of a word rose: those of unanswered steps, and others.
  struct Raised {
    uint32_t first = 0, again = 0;
  };
  /// Raises all marks of a word to those of another ledger's, but for the marks
  /// m whose bit in `except` is set.
  Raised raise_word(size_t index, uint64_t marks, uint32_t except);
  /// The first unanswered step at or after `from`, below `to`; `to` when there is none.
  uint64_t next_unanswered(uint64_t from, uint64_t to) const;
  LedgerCounts count() const;
  /// How many steps below `to` are unanswered.
  uint64_t unanswered_below(uint64_t to) const;
  /// Makes every step unanswered.
  void clear();

 private:
  std::span<uint64_t> words_;
  uint64_t steps_;
};

}  // namespace sonde
