#pragma once

#include <memory>
#include <span>
#include <vector>

#include "engine/probe/record.h"
#include "engine/sink/show_filter.h"
#include "engine/sink/sink.h"
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

  /// Reports steps from `from` on that are unanswered as filtered/no-response,
  /// some thousands of steps at a time, in order; returns the step up to which
  /// it came. `attempts` is how often each was tried.
  Result<uint64_t> list_unanswered(uint64_t from, uint32_t attempts);

 private:
  Result<void> report_batch(std::span<const Finding> findings);
  EndpointRecord record_of(const Finding& finding) const;
  EndpointRecord silent_record(uint64_t local_step, uint32_t attempts, WallTime now) const;
  void mark(const Finding& finding);
  Result<void> write(std::span<const EndpointRecord> records);
  bool may_repeat(uint64_t step) const;

  Parts parts_;
  Ledger* ledger_ = nullptr;
  uint64_t first_step_ = 0;
  uint64_t listing_repeats_to_;
  std::vector<EndpointRecord> records_;
  std::vector<uint64_t> steps_;
};

}  // namespace sonde
