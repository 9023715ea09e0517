#include "engine/sweep/sweep.h"

#include <algorithm>
#include <iterator>
#include <numeric>
#include <utility>

namespace sonde {
namespace {

constexpr size_t kMostFindings = 1 << 16;
constexpr Nanos kPumpWait = std::chrono::milliseconds(100);
// How often the rate is looked at again.
constexpr Nanos kSteerInterval = std::chrono::milliseconds(100);
// When later passes find more than that share of what is known, earlier ones went too fast.
constexpr double kTooManyMissed = 0.01;
// A pass in which this machine itself lost packets is no attempt: how many may be repeated for that.
constexpr uint32_t kMostLossyPasses = 8;

TargetWalk walk_of(const TargetSet& targets, const JournalPlan& plan) {
  return TargetWalk(targets, plan.seed, Shard{plan.shard_index, plan.shard_count});
}

}  // namespace

Sweep::Sweep(SweepOptions options, Parts parts)
    : options_(std::move(options)),
      parts_(std::move(parts)),
      walk_(walk_of(parts_.targets, parts_.journal.plan())),
      host_pacer_(options_.host_rate),
      neighbour_pacer_(options_.attached_networks, options_.most_neighbours_v4, options_.most_neighbours_v6,
                       options_.neighbour_census),
      findings_(kMostFindings),
      reporter_({walk_, parts_.clock, parts_.journal, parts_.sinks, options_.show}),
      started_(parts_.clock.now()),
      pass_ended_(started_),
      rate_control_(options_.rate),
      steered_(started_) {
  progress_.rate = options_.rate;
  status_.steps = walk_.steps();
  status_.passes = most_passes();
}

uint64_t Sweep::slice_begin() const { return parts_.journal.slice() * parts_.journal.plan().slice_steps; }

uint64_t Sweep::slice_size() const {
  return std::min(parts_.journal.plan().slice_steps, walk_.steps() - slice_begin());
}

Result<SummaryRecord> Sweep::run(SummaryRecord summary) {
  Ledger ledger(parts_.journal.ledger_words(), slice_size());
  const bool all_done = parts_.journal.phase() == JournalPhase::done;
  resumed_ = all_done ? walk_.steps() : slice_begin() + (slice_size() - ledger.count().unanswered);
  status_.settled = resumed_;
  Result<std::unique_ptr<Crew>> crew =
      parts_.crew_factory({walk_, ledger, parts_.clock, host_pacer_, neighbour_pacer_, findings_, progress_});
  if (!crew) return tl::unexpected(crew.error());
  crew_ = std::move(*crew);
  Result<void> done;
  while (done && !stopped() && parts_.journal.phase() != JournalPhase::done) done = run_slice(ledger);
  fill(summary, ledger);
  if (!done) failed_ = done.error();
  crew_.reset();
  return close(std::move(summary));
}

/// Closes all outputs, also when one of them has failed: the others then end
/// like those of an interrupted run.
Result<SummaryRecord> Sweep::close(SummaryRecord summary) {
  if (failed_) summary.interrupted = true;
  judge(summary, facts(summary));
  if (failed_) summary.notes.push_back(failed_->text);
  for (const std::unique_ptr<Sink>& sink : parts_.sinks) {
    const Result<void> finished = sink->finish(summary);
    if (!finished && !failed_) failed_ = finished.error();
  }
  parts_.journal.sync();
  if (failed_) return tl::unexpected(*failed_);
  return summary;
}

/// One slice, from wherever the journal says it stands, to the next one.
Result<void> Sweep::run_slice(Ledger& ledger) {
  ledger = Ledger(parts_.journal.ledger_words(), slice_size());
  reporter_.enter_slice(ledger, slice_begin());
  if (parts_.journal.phase() == JournalPhase::clearing) {
    ledger.clear();
    JournalState& state = parts_.journal.state();
    state.listed = state.listing_to = state.slice_errors = state.pass = state.passes = 0;
    parts_.journal.set_phase(JournalPhase::probing);
  }
  if (parts_.journal.phase() == JournalPhase::probing) {
    if (Result<void> walked = run_passes(ledger); !walked || stopped()) return walked;
    parts_.journal.set_phase(JournalPhase::listing);
  }
  if (Result<void> listed = list_silent(ledger); !listed || stopped()) return listed;
  parts_.journal.finish_slice(totals_of(ledger.count()));
  return {};
}

/// From the pass that the journal names, so that a resumed sweep gives no
/// endpoint more attempts than were asked for, but for the interrupted pass. One
/// pass is run in any case: what the run before could not try, or lost, only it knew.
Result<void> Sweep::run_passes(Ledger& ledger) {
  JournalState& state = parts_.journal.state();
  state.pass = std::min<uint64_t>(state.pass, most_passes() - 1);
  for (bool ran = false; !stopped(); ran = true) {
    const bool all_answered = ledger.next_unanswered(0, ledger.steps()) == ledger.steps();
    const bool enough = state.passes >= passes_to_run() || passes_suffice(state.passes);
    if (all_answered || (ran && enough)) return {};
    if (Result<void> run = run_pass(ledger, static_cast<uint32_t>(state.pass)); !run || stopped()) return run;
    state.passes = state.pass + 1;
    if (state.pass + 1 < passes_to_run()) ++state.pass;
  }
  return {};
}

Result<void> Sweep::run_pass(Ledger& ledger, uint32_t number) {
  std::atomic<bool> settled{false};
  uint64_t answered_below = 0;
  const Pass pass{.number = number,
                  .last = number + 1 >= most_passes(),
                  .not_before = pass_ended_ + spacing_before(number),
                  .first_step = slice_begin(),
                  .settled = &settled};
  fastest_before_ = std::exchange(fastest_, 0);
  status_.pass = number + 1;
  status_.passes = passes_to_run();
  status_.pass_steps = ledger.steps();
  const uint64_t answered_before = answered_in(ledger);
  const uint64_t found_before = found_in_all();
  const uint64_t lost_before = packets_lost();
  crew_->begin(pass);
  while (crew_->working()) {
    status_.pass_dealt = crew_->dealt();
    pump(kPumpWait);
    settled = has_settled(ledger, answered_below);
    steer_rate();
  }
  pump(Nanos::zero());
  if (!failed_) reporter_.absorb(crew_->quiet_marks(), number);
  first_answers_ += answered_in(ledger) - answered_before;
  last_pass_lossy_ = packets_lost() > lost_before;
  if (last_pass_lossy_ && lossy_passes_ < kMostLossyPasses) ++lossy_passes_;
  slow_down_for(number, found_in_all() - found_before);
  pass_ended_ = parts_.clock.now();
  not_tried_ = crew_->not_tried();
  if (!failed_) failed_ = crew_->failure();
  if (failed_) return tl::unexpected(*failed_);
  return {};
}

/// Every step is answered, and each as well as it can be: better answers to a
/// RST or a rejection (a firewall's, which the host's own SYN-ACK follows) are
/// waited for as long as any. `answered_below`: up to where that is known.
bool Sweep::has_settled(const Ledger& ledger, uint64_t& answered_below) const {
  answered_below = ledger.next_unanswered(answered_below, ledger.steps());
  return answered_below == ledger.steps() && parts_.clock.now() >= improvable_ + options_.answer_wait;
}

uint64_t Sweep::found_in_all() const {
  const auto& found = parts_.journal.state().found;
  return std::accumulate(std::begin(found), std::end(found), uint64_t{0});
}

/// What a later pass finds, an earlier one missed: it went too fast for something on the way.
void Sweep::slow_down_for(uint32_t pass, uint64_t found) {
  if (pass == 0 || static_cast<double>(found) < kTooManyMissed * static_cast<double>(found_in_all())) return;
  if (found > 0 && fastest_before_ > 0)
    progress_.rate = rate_control_.advance(parts_.clock.now(), true, fastest_before_);
}

/// Takes what the workers found and reports it. When an output fails, the sweep
/// ends; what comes after is only taken, so that no worker waits for room: it
/// is not marked, and probed again on resume.
void Sweep::pump(Nanos longest) {
  findings_.take_all(taken_, longest);
  ask_and_tell();
  if (!failed_) report_taken();
}

void Sweep::report_taken() {
  if (const Result<void> reported = reporter_.report(taken_); !reported) {
    failed_ = reported.error();
    progress_.stop = true;
    return;
  }
  for (const Finding& finding : taken_) {
    const bool open = finding.seen.outcome.state == State::open;
    status_.open += open ? 1 : 0;
    if (!open) improvable_ = parts_.clock.now();
  }
  status_.settled += taken_.size();
}

void Sweep::ask_and_tell() {
  if (parts_.stop_asked && parts_.stop_asked()) progress_.stop = true;
  if (!parts_.on_status) return;
  status_.sent = progress_.sent.load(std::memory_order_relaxed);
  status_.local_failed = progress_.local_failed.load(std::memory_order_relaxed);
  status_.in_flight = progress_.in_flight.load(std::memory_order_relaxed);
  status_.concurrency = progress_.concurrency.load(std::memory_order_relaxed);
  status_.elapsed = parts_.clock.now() - started_;
  parts_.on_status(status_);
}

/// Slower while packets are lost here, up again while none are.
void Sweep::steer_rate() {
  const Instant now = parts_.clock.now();
  if (now - steered_ < kSteerInterval) return;
  const uint64_t sent = progress_.sent.load(std::memory_order_relaxed);
  const uint64_t losses = progress_.packets_lost.load(std::memory_order_relaxed);
  const double elapsed_s = std::chrono::duration<double>(now - steered_).count();
  // It falls when probes return that waited for a neighbour.
  const auto grown = static_cast<int64_t>(sent - steered_sent_);
  const double sent_rate = static_cast<double>(std::max<int64_t>(grown, 0)) / elapsed_s;
  fastest_ = std::max(fastest_, sent_rate);
  progress_.rate = rate_control_.advance(now, losses > steered_losses_, sent_rate);
  steered_ = now;
  steered_sent_ = sent;
  steered_losses_ = losses;
}

/// Answered steps of the slice, by its ledger: an independent count.
uint64_t Sweep::answered_in(const Ledger& ledger) const {
  const LedgerCounts counts = ledger.count();
  const uint64_t errors = std::min(parts_.journal.state().slice_errors, counts.rejected);
  return counts.open + counts.closed + counts.rejected - errors;
}

/// The workers' books. Probers that do not remember their probes leave open
/// which were not answered: by the ledger, all that did not fail and got no
/// first answer. (The books balance only if the answers that were counted on
/// their way are as many.)
ProbeBooks Sweep::settled_books() const {
  ProbeBooks books = crew_->books();
  books.duplicate += reporter_.not_first();
  books.answered -= std::min(books.answered, reporter_.not_first());
  if (crew_->remembers()) return books;
  books.shared = reporter_.shared();
  const uint64_t accounted = first_answers_ + books.local_failed;
  const uint64_t all = books.sent + books.shared;
  const uint64_t rest = all > accounted ? all - accounted : 0;
  books.abandoned = std::min(books.abandoned, rest);
  books.unanswered = rest - books.abandoned;
  return books;
}

Nanos Sweep::spacing_before(uint32_t pass) const {
  if (pass == 0) return Nanos::zero();
  Nanos spacing = options_.retry_wait;
  for (uint32_t i = 1; i < pass && spacing < kLongestRetryWait; ++i) spacing *= 2;
  return std::min(spacing, std::max(kLongestRetryWait, options_.retry_wait));
}

std::optional<CompletenessEstimate> Sweep::estimate(uint64_t passes) const {
  return estimate_completeness(std::span(parts_.journal.state().found).first(passes));
}

bool Sweep::passes_suffice(uint64_t done) const {
  if (!options_.completeness || not_tried_ > 0) return false;
  const std::optional<CompletenessEstimate> reached = estimate(done);
  return reached && reached->low >= *options_.completeness;
}

Result<void> Sweep::list_silent(Ledger& ledger) {
  JournalState& state = parts_.journal.state();
  while (state.listed < ledger.steps() && !stopped()) {
    const Result<uint64_t> listed =
        reporter_.list_unanswered(state.listed, static_cast<uint32_t>(state.passes));
    if (!listed) return tl::unexpected(listed.error());
    ask_and_tell();
  }
  return {};
}

JournalTotals Sweep::totals_of(const LedgerCounts& counts) const {
  const uint64_t errors = std::min(parts_.journal.state().slice_errors, counts.rejected);
  return {counts.open, counts.closed, counts.unanswered + counts.rejected - errors, errors};
}

void Sweep::fill(SummaryRecord& summary, const Ledger& ledger) const {
  const Journal& journal = parts_.journal;
  summary.engine = crew_->engine();
  summary.seed = journal.plan().seed;
  const Shard shard{journal.plan().shard_index, journal.plan().shard_count};
  if (!shard.whole()) summary.shard = shard.to_string();
  summary.targets = parts_.targets.host_count() + parts_.targets.pair_count();
  summary.endpoints = walk_.steps();
  summary.resumed = resumed_;
  summary.passes = static_cast<uint32_t>(journal.state().passes);
  summary.books = settled_books();
  summary.packets = crew_->packets();
  for (std::string& note : crew_->notes()) summary.notes.push_back(std::move(note));
  summary.proxies = reporter_.hosts().proxies();
  summary.interrupted = stopped();
  summary.elapsed_s = std::chrono::duration<double>(parts_.clock.now() - started_).count();
  fill_counts(summary, ledger);
  fill_completeness(summary);
}

void Sweep::fill_counts(SummaryRecord& summary, const Ledger& ledger) const {
  JournalTotals sum = parts_.journal.totals();
  if (parts_.journal.phase() != JournalPhase::done) {
    const LedgerCounts here = ledger.count();
    const JournalTotals slice = totals_of(here);
    // Silence is no verdict before the passes are over and it has been listed.
    const bool listing = parts_.journal.phase() == JournalPhase::listing;
    const uint64_t listed = listing ? ledger.unanswered_below(parts_.journal.state().listed) : 0;
    sum.open += slice.open;
    sum.closed += slice.closed;
    sum.filtered += slice.filtered - here.unanswered + listed;
    sum.errors += slice.errors;
  }
  summary.open = sum.open;
  summary.closed = sum.closed;
  summary.filtered = sum.filtered;
  summary.errors = sum.errors;
  summary.unreported = summary.endpoints - sum.open - sum.closed - sum.filtered - sum.errors;
}

void Sweep::fill_completeness(SummaryRecord& summary) const {
  if (summary.errors > 0) return;  // of what could not be tried, no passes tell
  // Hosts that answer no ARP have not been found: they may have been missed.
  const bool all_answered = found_in_all() == walk_.steps();
  std::optional<CompletenessEstimate> reached = estimate(parts_.journal.state().passes);
  if (all_answered) reached = CompletenessEstimate{1, 1};
  if (!reached) return;
  summary.completeness = reached->share;
  summary.completeness_low = reached->low;
}

SweepFacts Sweep::facts(const SummaryRecord& summary) const {
  SweepFacts facts;
  facts.completeness_goal = options_.completeness;
  if (parts_.explain_drops && summary.books.sent > 0) facts.drops = parts_.explain_drops(summary.packets);
  facts.last_pass_lossy = last_pass_lossy_;
  facts.hosts_left_out = reporter_.hosts().is_full();
  facts.errors_left_out = reporter_.too_many_failed();
  if (neighbour_pacer_.limits())
    facts.neighbour_limits = {options_.most_neighbours_v4, options_.most_neighbours_v6};
  facts.step_downs = progress_.step_downs.load();
  return facts;
}

uint64_t Sweep::packets_lost() const {
  const std::optional<PacketBooks> packets = crew_->packets();
  return packets ? packets->rx_dropped : 0;
}

}  // namespace sonde
