#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/sink/output_mark.h"
#include "net/base/result.h"

namespace sonde {

struct JournalLayout;

/// What a sweep is: written when its journal is made, never changed after.
struct JournalPlan {
  std::vector<std::string> args;  ///< the command line of the first run, for resuming it
  std::string ports;              ///< PortSet::to_string()
  std::string targets;            ///< TargetSet::canonical_text()
  std::string shortfall;          ///< what the targets lack from the beginning, in a sentence; usually empty
  uint64_t digest = 0;            ///< TargetSet::digest()
  uint64_t seed = 0;
  uint32_t shard_index = 1, shard_count = 1;
  uint64_t steps = 0;        ///< of the shard
  uint64_t slice_steps = 0;  ///< the most steps that one ledger covers
};

/// Where a slice of the sweep stands.
enum class JournalPhase : uint64_t {
  clearing = 0,  ///< the ledger is being emptied for this slice
  probing = 1,   ///< passes are walked
  listing = 2,   ///< what stayed unanswered is being reported, in order
  done = 3,      ///< the whole sweep is done
};

/// The most passes of one slice.
inline constexpr size_t kMostPasses = 128;

/// An output of the sweep, as the last run that wrote it left it.
struct JournalOutput {
  std::string path;                ///< as it was named
  std::optional<OutputMark> mark;  ///< nullopt: no run has begun it yet
};

/// How many endpoints got which verdict, in the slices before this one.
struct JournalTotals {
  uint64_t open = 0, closed = 0, filtered = 0, errors = 0;
};

/// The part that changes. It lies in the file mapping: every store is on the
/// kernel's side at once, so a kill -9 loses none.
struct JournalState {
  uint64_t place = 0;                ///< slice × 4 + phase: both change in one store
  uint64_t listed = 0;               ///< in phase listing: steps below this have been reported
  uint64_t listing_to = 0;           ///< in phase listing: steps from listed to here may have been reported
  uint64_t pending = 0;              ///< how many of the pending steps are valid
  uint64_t carried = 0;              ///< how many steps of earlier interruptions may still be repeated
  uint64_t pass = 0;                 ///< in phase probing: the pass that is walked, counted from 0
  uint64_t passes = 0;               ///< how many passes of this slice are complete
  uint64_t slice_errors = 0;         ///< of the rejected marks of this slice, those that are errors
  JournalTotals totals[2];           ///< the one in force is chosen by the place
  uint64_t found[kMostPasses] = {};  ///< by pass, all slices: endpoints that answered in it
};

/// The memory of a sweep across interruptions: a file with the plan, the
/// ledger, and which records were on their way to the outputs. It is mapped,
/// so that at any moment, also after kill -9, it says:
///   – a marked step has been reported;
///   – an unmarked step that is pending may have been reported: report it again
///     and say that it is a repetition;
///   – any other unmarked step has not been reported.
/// Against a power failure, sync() writes it to the disk.
///
/// Also made without a file, for sweeps that are not to be resumed. Used from
/// one thread, but for the ledger's words.
class Journal {
 public:
  /// The most records of one batch.
  static constexpr size_t kMostPending = 4096;
  /// The most steps of earlier interruptions that are remembered as pending.
  static constexpr size_t kMostCarried = 4 * kMostPending;
  /// The most output files that are remembered, all runs together.
  static constexpr size_t kMostOutputs = 16;
  /// The longest path of an output, in bytes.
  static constexpr size_t kLongestOutputPath = 4000;

  /// In memory alone. Error: no memory for the ledger.
  static Result<std::unique_ptr<Journal>> in_memory(JournalPlan plan);
  /// A new file; an existing one is a usage error (a journal is never
  /// overwritten). The file gets its name only when it is whole: it is made as
  /// `path`.new, and what a killed process left under that name is used again.
  /// `outputs`: those that the first run is about to begin. All errors are
  /// usage errors: nothing has been swept yet.
  static Result<std::unique_ptr<Journal>> create(const std::string& path, JournalPlan plan,
                                                 std::span<const std::string> outputs = {});
  /// An existing file. Errors (usage): not a journal, damaged, of another
  /// version, or in use by another process (flock(2)).
  static Result<std::unique_ptr<Journal>> open(const std::string& path);

  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  const JournalPlan& plan() const { return plan_; }
  JournalState& state() { return *state_; }
  const JournalState& state() const { return *state_; }
  JournalPhase phase() const { return static_cast<JournalPhase>(state_->place % 4); }
  /// The slice that is being worked on, counted from 0.
  uint64_t slice() const { return state_->place / 4; }
  void set_phase(JournalPhase phase) { set_place(slice(), phase); }
  /// The totals of all finished slices.
  const JournalTotals& totals() const { return state_->totals[totals_index()]; }
  /// Ends this slice, of which `counts` tells: the totals and the place change
  /// in one store. The next slice begins with phase clearing; after the last
  /// one the phase is done.
  void finish_slice(const JournalTotals& counts);
  /// The ledger's memory: words for one slice.
  std::span<uint64_t> ledger_words() { return ledger_words_; }

  /// Notes that records of these steps (of the whole shard, not of the slice)
  /// are about to be handed to the outputs.
  /// Precondition: at most kMostPending.
  void begin_batch(std::span<const uint64_t> steps);
  /// Notes that they have been, and are marked in the ledger.
  void end_batch();
  /// The steps that were pending when the journal was opened, in this and in
  /// earlier interruptions, ascending.
  const std::vector<uint64_t>& may_repeat() const { return may_repeat_; }

  /// The outputs that it remembers, in the order in which they came.
  std::vector<JournalOutput> outputs() const;
  /// Remembers one more; returns its place. Error: there are kMostOutputs, or
  /// the path is longer than kLongestOutputPath.
  Result<size_t> add_output(const std::string& path);
  /// Notes how far an output has been written, in one store that counts. To be
  /// called after the write, so that what is noted is there.
  void note_output(size_t place, const OutputMark& mark);

  /// Writes everything to the disk.
  void sync();
  /// True when there is a file behind it.
  bool has_file() const { return descriptor_ >= 0; }

 private:
  struct OutputSlot;
  Journal() = default;
  Result<void> map(size_t bytes, const std::string& path);
  void adopt(const JournalLayout& layout);
  bool state_makes_sense() const;
  void carry_pending();
  bool still_open(uint64_t step) const;
  void set_place(uint64_t slice, JournalPhase phase);
  size_t totals_index() const { return (slice() + (phase() == JournalPhase::done ? 1 : 0)) % 2; }

  JournalPlan plan_;
  int descriptor_ = -1;
  std::byte* memory_ = nullptr;
  size_t bytes_ = 0;
  JournalState* state_ = nullptr;
  std::span<uint64_t> pending_;
  std::span<uint64_t> carried_;
  std::span<OutputSlot> outputs_;
  std::span<uint64_t> ledger_words_;
  std::vector<uint64_t> may_repeat_;
};

/// The plan in the bytes of a journal file, checked against `file_bytes`, the
/// file's size, and against its checksum, which covers all that never changes.
/// Pure; `head` holds the file from its start, as much as there is
/// of it. The error says what is wrong with it, without the file's name.
Result<JournalPlan> parse_journal_plan(std::span<const std::byte> head, uint64_t file_bytes);

}  // namespace sonde
