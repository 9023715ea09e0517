#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <queue>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/probe/prober.h"
#include "engine/probe/record.h"
#include "engine/sweep/host_pacer.h"
#include "engine/sweep/ledger.h"
#include "engine/sweep/neighbour_pacer.h"
#include "engine/sweep/pacer.h"
#include "engine/sweep/walk.h"
#include "net/base/bounded_queue.h"

namespace sonde {

/// An observation that decides an endpoint, on its way to the outputs.
struct Finding {
  Observation seen;
  uint32_t pass = 0;    ///< counted from 0
  bool shared = false;  ///< another target of the same endpoint was probed, not this one
};

/// What all threads of a sweep share and may look at while it runs.
struct SweepProgress {
  std::atomic<bool> stop{false};  ///< set: end soon, keep what there is
  std::atomic<uint64_t> sent{0};  ///< probes started, local failures included
  std::atomic<uint64_t> answered{0};
  std::atomic<uint64_t> local_failed{0};
  std::atomic<uint32_t> in_flight{0};
  std::atomic<uint32_t> concurrency{0};   ///< the sum of the limits now in force
  std::atomic<uint32_t> step_downs{0};    ///< how often concurrency was lowered
  std::atomic<uint64_t> packets_lost{0};  ///< by this machine, as far as probers see packets
  std::atomic<double> rate{0};  ///< probes a second of all threads that are allowed now; 0: without limit
};

/// One pass.
struct Pass {
  uint32_t number = 0;      ///< counted from 0
  bool last = false;        ///< no other pass follows: what cannot be tried is reported as an error
  Instant not_before;       ///< spacing to the pass before
  uint64_t first_step = 0;  ///< of the slice: its ledger's step 0
  const std::atomic<bool>* settled = nullptr;  ///< set: every step is answered, nothing is waited for
};

/// What the workers of one pass share.
struct PassShare {
  PassShare(uint64_t steps, uint32_t workers) : blocks(steps, workers), probing(workers) {}

  PassBlocks blocks;
  std::atomic<uint32_t> probing;  ///< workers that have not finished
};

/// One thread's share of a sweep: takes steps, starts probes, hands findings
/// over. It owns the control flow of its thread; its one sleeping place is the
/// prober. Its parts belong to the thread that calls run_pass().
class SweepWorker {
 public:
  struct Shared {
    const TargetWalk& walk;
    const Ledger& ledger;
    const Clock& clock;
    HostPacer& host_pacer;
    NeighbourPacer& neighbour_pacer;
    BoundedQueue<Finding>& findings;
    SweepProgress& progress;
  };

  /// One of `workers`: its share of progress.rate is that part.
  SweepWorker(Prober& prober, uint32_t workers, Shared shared);

  /// Walks its share of a pass to the end, or until the sweep is stopped.
  /// Returns how many endpoints this machine could not try, however often; they
  /// get no verdict, but in the last pass.
  uint64_t run_pass(const Pass& pass, PassShare& share);

  /// The books of all passes so far.
  const ProbeBooks& books() const { return books_; }
  /// The packets of all passes so far.
  PacketBooks packets() const { return prober_.packets(); }
  /// What the prober has met (Prober::notes()).
  std::vector<std::string> notes() const { return prober_.notes(); }

  /// The most probes started in one turn: bounds how much our clock's RTTs are
  /// off (a start takes some 10 µs).
  static constexpr uint64_t kMostStartsPerTurn = 64;
  /// The most probes that wait for their time (--host-rate, the neighbour table,
  /// a shortage): with so many, no further steps are taken.
  static constexpr size_t kMostDelayed = 4096;
  /// How often a probe that failed for want of local resources is tried again within a pass.
  static constexpr uint32_t kMostLocalTries = 8;
  /// In so many passes a host that answers no ARP is asked for, before that is its verdict.
  static constexpr uint32_t kNeighbourPasses = 3;

 private:
  struct Delayed {
    Instant due;
    uint64_t number;  // in the order of coming, which decides between equals
    Probe probe;
    bool operator>(const Delayed& other) const {
      return std::pair(due, number) > std::pair(other.due, other.number);
    }
  };
  using DelayQueue = std::priority_queue<Delayed, std::vector<Delayed>, std::greater<>>;

  void wait_until(Instant begin);
  void turn(Instant now);
  void take_observations(Instant now);
  void take_returned(Instant now);
  void serve_others();
  bool is_stopped() const { return shared_.progress.stop.load(std::memory_order_relaxed); }
  bool finished() const;
  Nanos longest_wait(Instant now);
  void start_probes(Instant now);
  bool provide_next(Instant now);
  void delay(const Probe& probe, Instant until);
  Instant earliest_start(const Endpoint& endpoint, Instant now);
  bool next_step(uint64_t& step);
  bool take_steps();
  bool next_probe(Probe& probe);
  bool shares() const;
  bool is_spoken_for(const Probe& probe) const;
  void find_news(const Observation& seen);
  void start(const Probe& probe, Instant now);
  void on_observation(const Observation& seen, Instant now);
  void on_answer(const Observation& seen, Instant now);
  bool may_come_yet() const;
  bool is_news(uint64_t step, State state) const;
  void take_rate(Instant now);
  void publish_losses(Instant now);
  void on_local_failure(const Observation& seen, Instant now);
  void give_up(const Observation& seen);
  void report(const Observation& seen);
  void step_down(Instant now);
  void step_up(Instant now);
  void set_limit(uint32_t limit, Instant now);
  void publish();
  void abandon();

  Prober& prober_;
  Shared shared_;
  uint32_t workers_;
  double rate_;  // of all workers, as the pacer knows it
  Pacer pacer_;
  const Pass* pass_ = nullptr;
  PassShare* share_ = nullptr;
  uint64_t not_tried_ = 0;
  uint64_t here_ = 0, until_ = 0;  // of the claimed block, within the slice
  bool exhausted_ = false;
  std::array<Probe, TargetWalk::kAtOnce> taken_;
  std::span<const Probe> ahead_;  // of taken_, those whose turn is still to come
  std::optional<Probe> next_;     // due, and waiting for room and budget
  DelayQueue delayed_;
  uint64_t delays_ = 0;
  std::unordered_map<uint64_t, uint32_t>
      local_tries_;  // step → failures, of probes that are being tried again
  std::vector<Finding> outgoing_;
  ProbeBooks books_;
  ProbeBooks published_;  // what progress has been told
  uint32_t published_in_flight_ = 0;
  uint64_t published_losses_ = 0;
  Instant losses_published_;
  std::vector<uint64_t> steps_;  // of one endpoint
  uint32_t limit_;
  Instant limit_changed_;
};

}  // namespace sonde
