#include "engine/sweep/worker.h"

#include <algorithm>
#include <utility>

namespace sonde {
namespace {

// How soon a thread notices that the sweep is to stop.
constexpr Nanos kLongestSleep = std::chrono::milliseconds(50);
// After a local shortage: how long the same probe waits (doubled each time),
// how often concurrency may step down, and when it is tried to go up again.
constexpr Nanos kFirstLocalPause = std::chrono::milliseconds(20);
constexpr Nanos kStepDownPause = std::chrono::milliseconds(50);
constexpr Nanos kStepUpPause = std::chrono::seconds(1);
// While others still probe: short, so that a pass ends soon after the last of them.
constexpr Nanos kServeSleep = std::chrono::milliseconds(5);
// Asking the kernel what it dropped costs a system call.
constexpr Nanos kLossInterval = std::chrono::milliseconds(50);

bool is_shortage(Reason reason) {
  return reason == Reason::local_no_descriptors || reason == Reason::local_no_memory ||
         reason == Reason::local_no_ports;
}

}  // namespace

SweepWorker::SweepWorker(Prober& prober, uint32_t workers, Shared shared)
    : prober_(prober),
      shared_(shared),
      workers_(workers),
      rate_(shared.progress.rate.load(std::memory_order_relaxed)),
      pacer_(rate_ / workers, shared.clock.now()),
      losses_published_(shared.clock.now()),
      limit_(prober.capacity()),
      limit_changed_(shared.clock.now()) {
  shared_.progress.concurrency.fetch_add(limit_, std::memory_order_relaxed);
}

uint64_t SweepWorker::run_pass(const Pass& pass, PassShare& share) {
  pass_ = &pass;
  share_ = &share;
  not_tried_ = 0;
  local_tries_.clear();
  here_ = until_ = 0;
  exhausted_ = false;
  // A pass that settled may have left some, of endpoints that have answered.
  ahead_ = {};
  next_.reset();
  delayed_ = {};
  wait_until(pass.not_before);
  while (!finished()) turn(shared_.clock.now());
  serve_others();
  if (is_stopped()) abandon();
  prober_.wait(shared_.clock.now(), Nanos::zero());  // hands over the last closes
  return not_tried_;
}

void SweepWorker::turn(Instant now) {
  take_rate(now);
  start_probes(now);
  if (finished()) return;                // nothing was left to start, and nothing will come
  prober_.wait(now, longest_wait(now));  // the only place where this thread sleeps
  const Instant woken = shared_.clock.now();
  take_observations(woken);
  step_up(woken);
  publish_losses(woken);
}

/// Packets that answer another worker's probes may come in here, until all have
/// finished; then what came last.
void SweepWorker::serve_others() {
  share_->probing.fetch_sub(1, std::memory_order_acq_rel);
  if (prober_.remembers()) return;
  while (!is_stopped() && share_->probing.load(std::memory_order_acquire) > 0) {
    prober_.wait(shared_.clock.now(), kServeSleep);
    take_observations(shared_.clock.now());
  }
  prober_.wait(shared_.clock.now(), Nanos::zero());
  take_observations(shared_.clock.now());
  while (!finished()) turn(shared_.clock.now());  // a follow-up may have begun
}

void SweepWorker::take_observations(Instant now) {
  for (const Observation& seen : prober_.collect(now)) on_observation(seen, now);
  take_returned(now);
  publish();
  shared_.findings.push(outgoing_);
}

/// Probes that could not leave at their time wait for their turn again.
void SweepWorker::take_returned(Instant now) {
  for (const Probe& probe : prober_.returned()) {
    --books_.sent;
    delay(probe, now);
  }
}

void SweepWorker::wait_until(Instant begin) {
  for (Instant now = shared_.clock.now(); now < begin; now = shared_.clock.now()) {
    if (is_stopped()) return;
    prober_.wait(now, std::min(begin - now, kLongestSleep));
    take_observations(shared_.clock.now());  // answers may still come
  }
}

bool SweepWorker::finished() const {
  if (is_stopped()) return true;
  if (pass_->settled->load(std::memory_order_relaxed)) return !prober_.owes();
  return exhausted_ && here_ == until_ && ahead_.empty() && !next_ && delayed_.empty() &&
         prober_.in_flight() == 0;
}

Nanos SweepWorker::longest_wait(Instant now) {
  Nanos wait = kLongestSleep;
  if (next_ && prober_.room() > 0) wait = pacer_.until_next(now);
  if (!next_ && !delayed_.empty()) wait = delayed_.top().due - now;
  return std::clamp(wait, Nanos::zero(), kLongestSleep);
}

void SweepWorker::start_probes(Instant now) {
  uint64_t room = std::min(uint64_t{prober_.room()}, kMostStartsPerTurn);
  while (provide_next(now)) {
    if (room == 0 || pacer_.budget(now) == 0) return;
    const Probe probe = *next_;
    next_.reset();
    const Instant begin = earliest_start(probe.endpoint, now);
    if (begin > now) {
      delay(probe, begin);
      continue;
    }
    start(probe, now);
    pacer_.spend(1);
    --room;
  }
}

/// Makes `next_` the next probe that is due; false when there is none now.
bool SweepWorker::provide_next(Instant now) {
  if (next_) return true;
  if (!delayed_.empty() && delayed_.top().due <= now) {
    next_ = delayed_.top().probe;
    delayed_.pop();
    return true;
  }
  Probe probe;
  if (delayed_.size() >= kMostDelayed || !next_probe(probe)) return false;
  next_ = probe;
  return true;
}

bool SweepWorker::next_probe(Probe& probe) {
  do {
    if (ahead_.empty() && !take_steps()) return false;
    probe = ahead_.front();
    ahead_ = ahead_.subspan(1);
  } while (is_spoken_for(probe) && !is_stopped());
  return true;
}

/// Whether one probe does for all targets that share an endpoint (names of one
/// address): where answers go by the endpoint, and all its steps are here.
bool SweepWorker::shares() const {
  return !prober_.remembers() && shared_.walk.may_repeat() && !shared_.walk.is_sharded() &&
         shared_.ledger.steps() == shared_.walk.steps();
}

/// The probe is that of the first target, as long as it has no answer.
bool SweepWorker::is_spoken_for(const Probe& probe) const {
  if (!shares()) return false;
  const std::optional<uint64_t> first = shared_.walk.first_step(probe.endpoint);
  return first && *first != probe.step && is_news(*first, State::filtered);
}

void SweepWorker::delay(const Probe& probe, Instant until) { delayed_.push({until, delays_++, probe}); }

/// `now` when nothing but the rate stands against a probe; asked right before
/// it starts, so that waiting for room never adds up to a burst.
Instant SweepWorker::earliest_start(const Endpoint& endpoint, Instant now) {
  const Instant neighbour = shared_.neighbour_pacer.take(endpoint.address, now);
  return neighbour > now ? neighbour : shared_.host_pacer.take(endpoint.address, now);
}

/// The next unanswered step of the pass: of the whole shard, not of the slice.
bool SweepWorker::next_step(uint64_t& step) {
  while (!exhausted_) {
    here_ = shared_.ledger.next_unanswered(here_, until_);
    if (here_ < until_) {
      step = pass_->first_step + here_++;
      return true;
    }
    const PassBlocks::Block block = share_->blocks.claim();
    here_ = block.begin;
    until_ = block.end;
    exhausted_ = block.empty();
  }
  return false;
}

/// Takes some steps ahead, since several are looked up quicker than one: as far
/// as the block goes, so that each thread gets its part of a small sweep.
bool SweepWorker::take_steps() {
  size_t count = 0;
  while (count < taken_.size() && (count == 0 || here_ < until_) && next_step(taken_[count].step)) ++count;
  const std::span<Probe> taken = std::span(taken_).first(count);
  shared_.walk.look_up(taken);
  ahead_ = taken;
  return count > 0;
}

void SweepWorker::start(const Probe& probe, Instant now) {
  ++books_.sent;
  prober_.start(probe, now);
}

void SweepWorker::on_observation(const Observation& seen, Instant now) {
  if (seen.step == kStepByEndpoint) return on_answer(seen, now);
  if (seen.outcome.state == State::error) {
    ++books_.local_failed;
    return seen.transient ? on_local_failure(seen, now) : give_up(seen);
  }
  if (!local_tries_.empty()) local_tries_.erase(seen.step);
  if (seen.unanswered) {
    ++books_.unanswered;
    return;
  }
  if (seen.neighbour_unresolved && may_come_yet()) {
    ++books_.unanswered;
    ++not_tried_;  // no estimate of completeness knows of it
    return;
  }
  report(seen);
}

/// Questions for neighbours get lost like any packet: a host that answered none
/// is asked again in the next passes. (Connects leave that to the kernel.)
bool SweepWorker::may_come_yet() const {
  return !prober_.remembers() && !pass_->last && pass_->number + 1 < kNeighbourPasses;
}

/// An answer that says of itself whom it is about, as often as it comes. The
/// ledger knows what has been reported; what is on its way there, the reporter.
void SweepWorker::on_answer(const Observation& seen, Instant now) {
  if (!seen.followed) ++books_.packet_answers;
  find_news(seen);
  if (steps_.empty()) {
    ++books_.duplicate;
    return;
  }
  if (seen.outcome.state == State::open && !is_stopped() && prober_.follow_up(seen, now)) return;
  report(seen);
}

/// Whether such a state raises the step's mark. Steps of other slices are over, or still to come.
bool SweepWorker::is_news(uint64_t step, State state) const {
  if (step < pass_->first_step || step - pass_->first_step >= shared_.ledger.steps()) return false;
  return shared_.ledger.at(step - pass_->first_step) < mark_of(state);
}

/// This machine failed: if it ran short of something, ask for less of it; then
/// try the probe again, within this pass.
void SweepWorker::on_local_failure(const Observation& seen, Instant now) {
  if (prober_.remembers() && is_shortage(seen.outcome.reason)) step_down(now);
  const uint32_t tries = ++local_tries_[seen.step];
  if (tries >= kMostLocalTries) return give_up(seen);
  delay({seen.step, seen.endpoint}, now + kFirstLocalPause * (1 << tries));
}

/// Leaves the endpoint to the next pass (routes and limits come and go); after
/// the last one it is our fault, and said so.
void SweepWorker::give_up(const Observation& seen) {
  local_tries_.erase(seen.step);
  ++not_tried_;
  if (pass_->last) report(seen);
}

/// The steps of its endpoint of which it says something new.
void SweepWorker::find_news(const Observation& seen) {
  steps_.clear();
  shared_.walk.find(seen.endpoint, steps_);
  std::erase_if(steps_, [&](uint64_t step) { return !is_news(step, seen.outcome.state); });
}

/// A prober that does not remember sees endpoints: what it sees is true of all
/// targets that share one.
void SweepWorker::report(const Observation& seen) {
  if (prober_.remembers()) {
    steps_.assign(1, seen.step);
  } else {
    find_news(seen);
  }
  bool shared = false;
  for (const uint64_t step : steps_) {
    if (seen.outcome.state != State::error) {
      ++(seen.neighbour_unresolved ? books_.unresolved : books_.answered);
      if (seen.late) ++books_.late;
    }
    outgoing_.push_back({seen, pass_->number, std::exchange(shared, shares())});
    outgoing_.back().seen.step = step;
  }
}

void SweepWorker::step_down(Instant now) {
  if (now - limit_changed_ < kStepDownPause) return;
  shared_.progress.step_downs.fetch_add(1, std::memory_order_relaxed);
  set_limit(std::max(1u, std::min(limit_, prober_.in_flight() + 1) * 3 / 4), now);
}

void SweepWorker::step_up(Instant now) {
  if (limit_ == prober_.capacity() || now - limit_changed_ < kStepUpPause) return;
  set_limit(std::min(prober_.capacity(), limit_ + std::max(1u, limit_ / 8)), now);
}

void SweepWorker::set_limit(uint32_t limit, Instant now) {
  shared_.progress.concurrency.fetch_add(limit - limit_, std::memory_order_relaxed);
  limit_ = limit;
  limit_changed_ = now;
  prober_.limit(limit);
}

void SweepWorker::publish() {
  // Differences, since several workers add to the same numbers.
  const auto add = [](std::atomic<uint64_t>& total, uint64_t now, uint64_t& before) {
    total.fetch_add(now - before, std::memory_order_relaxed);
    before = now;
  };
  add(shared_.progress.sent, books_.sent, published_.sent);
  add(shared_.progress.answered, books_.answered, published_.answered);
  add(shared_.progress.local_failed, books_.local_failed, published_.local_failed);
  const uint32_t in_flight = prober_.in_flight();
  shared_.progress.in_flight.fetch_add(in_flight - published_in_flight_, std::memory_order_relaxed);
  published_in_flight_ = in_flight;
}

/// The rate may change while the sweep runs.
void SweepWorker::take_rate(Instant now) {
  const double rate = shared_.progress.rate.load(std::memory_order_relaxed);
  if (rate == rate_) return;
  rate_ = rate;
  pacer_ = Pacer(rate / workers_, now);
}

void SweepWorker::publish_losses(Instant now) {
  if (now - losses_published_ < kLossInterval) return;
  losses_published_ = now;
  const uint64_t lost = prober_.packets().rx_dropped;
  shared_.progress.packets_lost.fetch_add(lost - published_losses_, std::memory_order_relaxed);
  published_losses_ = lost;
}

void SweepWorker::abandon() {
  const uint64_t under_way = prober_.in_flight();
  const Instant now = shared_.clock.now();
  uint64_t known = 0;
  for (const Observation& seen : prober_.abandon()) {
    on_observation(seen, now);
    ++known;
  }
  books_.abandoned += under_way - std::min(under_way, known);
  ahead_ = {};
  next_.reset();
  delayed_ = {};
  local_tries_.clear();
  publish();
  shared_.findings.push(outgoing_);
}

}  // namespace sonde
