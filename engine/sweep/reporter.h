#pragma once

#include <memory>
#include <span>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "engine/probe/record.h"
#include "engine/sink/show_filter.h"
#include "engine/sink/sink.h"
#include "engine/sweep/crew.h"
#include "engine/sweep/host_book.h"
#include "engine/sweep/journal.h"
#include "engine/sweep/ledger.h"
#include "engine/sweep/walk.h"
#include "engine/sweep/worker.h"

namespace sonde {

/// Turns findings into records and hands them to the sinks, so that whatever
/// the ledger marks has been reported: first the journal notes what is on its
/// way, then the sinks get it, then the ledger is marked. Used from one thread.
class Reporter {
 public:
  struct Parts {
    const TargetWalk& walk;
    const Clock& clock;
    Journal& journal;
    std::span<const std::unique_ptr<Sink>> sinks;
    ShowFilter show;
  };
  explicit Reporter(Parts parts);

  /// The slice that findings belong to from now on.
  void enter_slice(Ledger& ledger, uint64_t first_step);

  /// Reports findings and marks them. Error: a sink could not write; what it
  /// did not take is not marked.
  Result<void> report(std::span<const Finding> findings);

  /// Marks what a crew has counted and not handed over, as found in this pass.
  void absorb(const QuietMarks& marks, uint32_t pass);

  /// Reports steps from `from` on that are unanswered as filtered/no-response,
  /// some thousands of steps at a time, in order; returns the step up to which
  /// it came. `attempts` is how often each was tried.
  Result<uint64_t> list_unanswered(uint64_t from, uint32_t attempts);

  /// Answers among the findings so far that were not the first to their step.
  uint64_t not_first() const { return not_first_; }
  /// Targets among those reported so far that another one's probe decided.
  uint64_t shared() const { return shared_; }
  /// Steps of a slice whose errors are remembered, in case they answer after
  /// all. Of further ones, and those of an earlier run, the error stays counted.
  static constexpr size_t kMostFailed = 1 << 20;
  /// Whether there were more.
  bool too_many_failed() const { return too_many_failed_; }
  const HostBook& hosts() const { return hosts_; }

 private:
  /// A finding that raises its step's mark.
  struct News {
    const Finding* finding = nullptr;
    bool revises = false;  // something was reported of the step before
    std::optional<uint8_t> usual_ttl = {};
  };

  void sort_out(std::span<const Finding> findings);
  Mark known_mark(uint64_t step) const;
  Result<void> report_batch(std::span<const Finding> findings);
  EndpointRecord record_of(const News& news) const;
  EndpointRecord silent_record(uint64_t local_step, uint32_t attempts, WallTime now) const;
  void remember_failed(uint64_t step);
  void mark(const Finding& finding);
  Result<void> write(std::span<const EndpointRecord> records);
  bool may_repeat(uint64_t step) const;

  Parts parts_;
  Ledger* ledger_ = nullptr;
  uint64_t first_step_ = 0;
  uint64_t listing_repeats_to_;
  HostBook hosts_;
  uint64_t not_first_ = 0;
  uint64_t shared_ = 0;
  // Of the slice: an error and a rejection have the same mark, so the ledger cannot tell.
  std::unordered_set<uint64_t> failed_;
  bool too_many_failed_ = false;
  // Of one batch:
  std::vector<News> news_;
  std::unordered_map<uint64_t, Mark> new_marks_;  // by step
  std::vector<EndpointRecord> records_;
  std::vector<uint64_t> steps_;
};

}  // namespace sonde
