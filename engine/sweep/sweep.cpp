#include "engine/sweep/sweep.h"

#include <algorithm>

#include "engine/sweep/completeness.h"

namespace sonde {
namespace {

constexpr size_t kMostFindings = 1 << 16;
constexpr Nanos kPumpWait = std::chrono::milliseconds(100);

TargetWalk walk_of(const TargetSet& targets, const JournalPlan& plan) {
  return TargetWalk(targets, plan.seed, Shard{plan.shard_index, plan.shard_count});
}

}  // namespace

Sweep::Sweep(SweepOptions options, Parts parts)
    : options_(std::move(options)),
      parts_(std::move(parts)),
      walk_(walk_of(parts_.targets, parts_.journal.plan())),
      host_pacer_(options_.host_rate),
      findings_(kMostFindings),
      reporter_({walk_, parts_.clock, parts_.journal, parts_.sinks, options_.show}),
      found_(most_passes()),
      started_(parts_.clock.now()),
      pass_ended_(started_) {
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
      Crew::start(options_.threads, options_.rate, parts_.prober_factory,
                  {walk_, ledger, parts_.clock, host_pacer_, findings_, progress_});
  if (!crew) return tl::unexpected(crew.error());
  crew_ = std::move(*crew);
  Result<void> done;
  while (done && !stopped() && parts_.journal.phase() != JournalPhase::done) done = run_slice(ledger);
  fill(summary, ledger.count());
  judge(summary);
  crew_.reset();
  if (!done) return tl::unexpected(done.error());
  for (const std::unique_ptr<Sink>& sink : parts_.sinks) {
    if (Result<void> finished = sink->finish(summary); !finished) return tl::unexpected(finished.error());
  }
  parts_.journal.sync();
  return summary;
}

/// One slice, from wherever the journal says it stands, to the next one.
Result<void> Sweep::run_slice(Ledger& ledger) {
  ledger = Ledger(parts_.journal.ledger_words(), slice_size());
  reporter_.enter_slice(ledger, slice_begin());
  passes_done_ = 0;
  if (parts_.journal.phase() == JournalPhase::clearing) {
    ledger.clear();
    JournalState& state = parts_.journal.state();
    state.listed = state.listing_to = state.slice_errors = state.passes = 0;
    parts_.journal.set_phase(JournalPhase::probing);
  }
  if (parts_.journal.phase() == JournalPhase::probing) {
    if (Result<void> walked = run_passes(ledger); !walked || stopped()) return walked;
    parts_.journal.state().passes = passes_done_;
    parts_.journal.set_phase(JournalPhase::listing);
  }
  if (Result<void> listed = list_silent(ledger); !listed || stopped()) return listed;
  parts_.journal.finish_slice(totals_of(ledger.count()));
  return {};
}

Result<void> Sweep::run_passes(Ledger& ledger) {
  for (uint32_t pass = 0; pass < most_passes() && !stopped(); ++pass) {
    if (ledger.next_unanswered(0, ledger.steps()) == ledger.steps() || passes_suffice(pass)) return {};
    if (Result<void> run = run_pass(ledger, pass); !run) return run;
  }
  return {};
}

Result<void> Sweep::run_pass(Ledger& ledger, uint32_t number) {
  PassBlocks blocks(ledger.steps(), options_.threads);
  const Pass pass{.number = number,
                  .last = number + 1 == most_passes(),
                  .not_before = pass_ended_ + spacing_before(number),
                  .first_step = slice_begin(),
                  .blocks = &blocks};
  status_.pass = number + 1;
  status_.pass_steps = ledger.steps();
  crew_->begin(pass);
  Result<void> pumped;
  while (crew_->working()) {
    status_.pass_dealt = blocks.dealt();
    const Result<void> moved = pump(kPumpWait);
    if (pumped && !moved) pumped = moved;  // go on taking, so that no worker waits for room for ever
  }
  const Result<void> last = pump(Nanos::zero());
  pass_ended_ = parts_.clock.now();
  passes_done_ = number + 1;
  found_[number] += crew_->result().answered;
  not_tried_ = crew_->result().not_tried;
  return pumped ? last : pumped;
}

/// Takes what the workers found and reports it. When an output fails, the
/// sweep ends: what was not reported is not marked, and is probed again on resume.
Result<void> Sweep::pump(Nanos longest) {
  findings_.take_all(taken_, longest);
  ask_and_tell();
  Result<void> reported = reporter_.report(taken_);
  if (!reported) {
    progress_.stop = true;
    return reported;
  }
  for (const Finding& finding : taken_) status_.open += finding.seen.outcome.state == State::open ? 1 : 0;
  status_.settled += taken_.size();
  return {};
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

Nanos Sweep::spacing_before(uint32_t pass) const {
  if (pass == 0) return Nanos::zero();
  Nanos spacing = options_.retry_wait;
  for (uint32_t i = 1; i < pass && spacing < kLongestRetryWait; ++i) spacing *= 2;
  return std::min(spacing, std::max(kLongestRetryWait, options_.retry_wait));
}

bool Sweep::passes_suffice(uint32_t done) const {
  if (!options_.completeness || not_tried_ > 0) return false;
  const auto estimate = estimate_completeness(std::span(found_).first(done));
  return estimate && estimate->low >= *options_.completeness;
}

Result<void> Sweep::list_silent(Ledger& ledger) {
  JournalState& state = parts_.journal.state();
  while (state.listed < ledger.steps() && !stopped()) {
    const Result<uint64_t> listed = reporter_.list_unanswered(state.listed, static_cast<uint32_t>(state.passes));
    if (!listed) return tl::unexpected(listed.error());
    ask_and_tell();
  }
  return {};
}

JournalTotals Sweep::totals_of(const LedgerCounts& counts) const {
  const uint64_t errors = std::min(parts_.journal.state().slice_errors, counts.rejected);
  return {counts.open, counts.closed, counts.unanswered + counts.rejected - errors, errors};
}

void Sweep::fill(SummaryRecord& summary, const LedgerCounts& here) const {
  const Journal& journal = parts_.journal;
  summary.engine = crew_->prober_name();
  summary.seed = journal.plan().seed;
  const Shard shard{journal.plan().shard_index, journal.plan().shard_count};
  if (!shard.whole()) summary.shard = shard.to_string();
  summary.targets = parts_.targets.host_count() + parts_.targets.pair_count();
  summary.endpoints = walk_.steps();
  summary.resumed = resumed_;
  summary.passes = passes_done_;
  summary.books = crew_->books();
  summary.interrupted = stopped();
  summary.elapsed_s = std::chrono::duration<double>(parts_.clock.now() - started_).count();
  fill_counts(summary, here);
  fill_completeness(summary, here);
}

void Sweep::fill_counts(SummaryRecord& summary, const LedgerCounts& here) const {
  JournalTotals sum = parts_.journal.totals();
  if (parts_.journal.phase() != JournalPhase::done) {
    const JournalTotals slice = totals_of(here);
    sum.open += slice.open;
    sum.closed += slice.closed;
    sum.filtered += slice.filtered - here.unanswered;  // silence is no verdict before the passes are over
    sum.errors += slice.errors;
  }
  summary.open = sum.open;
  summary.closed = sum.closed;
  summary.filtered = sum.filtered;
  summary.errors = sum.errors;
  summary.unreported = summary.endpoints - sum.open - sum.closed - sum.filtered - sum.errors;
}

void Sweep::fill_completeness(SummaryRecord& summary, const LedgerCounts& here) const {
  const bool all_answered = here.unanswered == 0 && walk_.steps() <= parts_.journal.plan().slice_steps;
  std::optional<CompletenessEstimate> estimate = estimate_completeness(std::span(found_).first(passes_done_));
  if (all_answered) estimate = CompletenessEstimate{1, 1};
  if (!estimate) return;
  summary.completeness = estimate->share;
  summary.completeness_low = estimate->low;
}

void Sweep::judge(SummaryRecord& summary) const {
  const auto degrade = [&summary](std::string why) {
    summary.degraded = true;
    summary.notes.push_back(std::move(why));
  };
  if (!summary.books.balanced()) degrade("the books do not balance: probes were lost inside sonde; please report it");
  if (summary.errors > 0) {
    degrade(std::to_string(summary.errors) + " endpoints could not be tried, for reasons of this machine (state error)");
  }
  if (options_.completeness && !summary.interrupted &&
      summary.completeness_low.value_or(summary.endpoints == summary.filtered ? 1 : 0) < *options_.completeness) {
    degrade("the completeness asked for was not reached: raise --retries, or lower --rate");
  }
  if (const uint32_t downs = progress_.step_downs.load(); downs > 0) {
    summary.notes.push_back("concurrency was lowered " + std::to_string(downs) +
                            " times because this machine ran short of descriptors, source ports or memory");
  }
}

}  // namespace sonde
