#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/sweep/completeness.h"
#include "engine/sweep/crew.h"
#include "engine/sweep/journal.h"
#include "engine/sweep/judgement.h"
#include "engine/sweep/rate_control.h"
#include "engine/sweep/reporter.h"
#include "net/attached_networks.h"

namespace sonde {

struct SweepOptions {
  double rate = 10000;   ///< probes a second, all threads; 0: without limit
  double host_rate = 0;  ///< probes a second to one address; 0: without limit
  uint32_t retries = 2;  ///< further passes over what is unanswered
  Nanos retry_wait = std::chrono::milliseconds(
      250);  ///< before the second pass; doubled for each one after, up to kLongestRetryWait
  Nanos answer_wait = std::chrono::seconds(1);  ///< how long answers are waited for
  std::optional<double> completeness;  ///< goal: end the passes when the estimate's lower bound reaches it
  ShowFilter show;
  /// Networks whose hosts cost entries of the kernel's neighbour table, and how
  /// many entries this sweep may hold at a time.
  std::vector<AttachedNetwork> attached_networks;
  size_t most_neighbours_v4 = 1024, most_neighbours_v6 = 1024;
  NeighbourCensus neighbour_census;  ///< which entries the kernel holds now; may be empty
};

inline constexpr Nanos kLongestRetryWait = std::chrono::seconds(5);
/// Steps that one ledger covers: 2^32 cost 1 GiB. Longer sweeps go in slices.
inline constexpr uint64_t kMostSliceSteps = uint64_t{1} << 32;
/// With the kernel's own ledger beside the journal's.
inline constexpr uint64_t kMostXdpSliceSteps = uint64_t{1} << 31;

/// A sweep in the middle of its work, for a progress line.
struct SweepStatus {
  uint64_t steps = 0;                       ///< endpoints of the whole sweep
  uint64_t settled = 0;                     ///< endpoints with a verdict
  uint64_t open = 0;                        ///< found by this run
  uint32_t pass = 0, passes = 0;            ///< the pass that runs (from 1), and the most there can be
  uint64_t pass_steps = 0, pass_dealt = 0;  ///< of this pass in this slice
  uint64_t sent = 0;
  uint64_t local_failed = 0;
  uint32_t in_flight = 0, concurrency = 0;
  Nanos elapsed{0};
};

/// One sweep, from the first pass to the last record. The thread that calls
/// run() reports; the crew probes.
class Sweep {
 public:
  struct Parts {
    const TargetSet& targets;
    Journal& journal;  ///< new, or opened to go on; it says which seed, shard and slices
    const Clock& clock;
    CrewFactory crew_factory;
    std::span<const std::unique_ptr<Sink>> sinks;
    /// What the kernel has dropped unseen since the sweep was prepared, each in
    /// a sentence, given the packets of the run; may be empty.
    std::function<std::vector<std::string>(const std::optional<PacketBooks>&)> explain_drops;
    std::function<bool()> stop_asked;                   ///< polled about ten times a second; may be empty
    std::function<void(const SweepStatus&)> on_status;  ///< called about ten times a second; may be empty
  };

  Sweep(SweepOptions options, Parts parts);

  /// Runs to the end, or until stop_asked() says so, and closes the sinks with
  /// the summary. The summary's version, args and notes are for the caller to
  /// complete in `summary` beforehand. Error: no prober, or an output that
  /// cannot be written (the journal then still knows what was reported).
  Result<SummaryRecord> run(SummaryRecord summary);

 private:
  Result<void> run_slice(Ledger& ledger);
  Result<void> run_passes(Ledger& ledger);
  Result<void> run_pass(Ledger& ledger, uint32_t number);
  Result<void> list_silent(Ledger& ledger);
  void pump(Nanos longest);
  void report_taken();
  std::optional<CompletenessEstimate> estimate(uint64_t passes) const;
  Result<SummaryRecord> close(SummaryRecord summary);
  JournalTotals totals_of(const LedgerCounts& counts) const;
  bool passes_suffice(uint64_t done) const;
  bool stopped() const { return progress_.stop.load(std::memory_order_relaxed); }
  uint64_t slice_begin() const;
  uint64_t slice_size() const;
  uint32_t most_passes() const { return std::min<uint32_t>(options_.retries + 1, kMostPasses); }
  void steer_rate();
  void slow_down_for(uint32_t pass, uint64_t found);
  bool has_settled(const Ledger& ledger, uint64_t& answered_below) const;
  uint64_t found_in_all() const;
  ProbeBooks settled_books() const;
  uint64_t answered_in(const Ledger& ledger) const;
  /// A pass in which this machine lost answers is no attempt.
  uint32_t passes_to_run() const { return std::min<uint32_t>(most_passes() + lossy_passes_, kMostPasses); }
  Nanos spacing_before(uint32_t pass) const;
  void ask_and_tell();
  void fill(SummaryRecord& summary, const Ledger& ledger) const;
  void fill_counts(SummaryRecord& summary, const Ledger& ledger) const;
  void fill_completeness(SummaryRecord& summary) const;
  SweepFacts facts(const SummaryRecord& summary) const;
  uint64_t packets_lost() const;

  SweepOptions options_;
  Parts parts_;
  TargetWalk walk_;
  HostPacer host_pacer_;
  NeighbourPacer neighbour_pacer_;
  BoundedQueue<Finding> findings_;
  SweepProgress progress_;
  Reporter reporter_;
  std::unique_ptr<Crew> crew_;
  std::vector<Finding> taken_;
  Instant started_;
  Instant pass_ended_;
  SweepStatus status_;
  RateControl rate_control_;
  Instant steered_;
  uint64_t steered_sent_ = 0, steered_losses_ = 0;
  double fastest_ = 0;           // probes a second, in any interval of the pass
  double fastest_before_ = 0;    // of the pass before
  Instant improvable_;           // when the last answer was reported that a better one may follow
  uint64_t first_answers_ = 0;   // by the ledger, in all passes of this run
  uint64_t not_tried_ = 0;       // in the last pass that was run
  std::optional<Error> failed_;  // an output: what comes after is only drained
  uint32_t lossy_passes_ = 0;    // in which this machine lost packets that had reached it
  bool last_pass_lossy_ = false;
  uint64_t resumed_ = 0;
};

}  // namespace sonde
