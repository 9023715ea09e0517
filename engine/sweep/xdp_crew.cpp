#include "engine/sweep/xdp_crew.h"

#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "engine/probe/verdict.h"
#include "net/packet/packet_reader.h"

namespace sonde {
namespace {

// A run costs some 26 ms beside what it sends, so it is to be long; and the end
// of one is where this thread's orders are heard.
constexpr uint32_t kMostTurns = 1 << 20;
constexpr uint32_t kMostPacedTurns = 1 << 17;
constexpr uint64_t kLargestBlock = 1 << 21;
constexpr uint64_t kBlocksPerCore = 4;  // where there are several, which may differ in speed
constexpr Nanos kLook = std::chrono::milliseconds(10);
// A link may take some seconds to come back after a program was attached.
constexpr std::chrono::seconds kLongestRefusal(10);
constexpr double kQuestionsPerSecond = 20000;
constexpr Nanos kLongestRtt = std::chrono::minutes(1);

Result<void> pin_to(uint32_t core) {
  cpu_set_t only;
  CPU_ZERO(&only);
  CPU_SET(core, &only);
  if (sched_setaffinity(0, sizeof only, &only) == 0) return {};
  return impossible_error("a thread cannot be bound to core " + std::to_string(core) + " (" + std::strerror(errno) +
                          "), which sending out of XDP takes: leave it among the process's cores, or use "
                          "--engine syn");
}

PassBlocks::BlockSize block_for(uint64_t steps, size_t cores) {
  const uint64_t parts = cores > 1 ? cores * kBlocksPerCore : 1;
  return {std::clamp<uint64_t>(steps / parts + 1, 1, kLargestBlock)};
}

std::optional<Nanos> rtt_of(const sonde_event& event, const TcpOptions& options) {
  if (!options.timestamp_echo || *options.timestamp_echo == 0) return std::nullopt;
  const auto received_us = static_cast<uint32_t>(event.received_ns / 1000);
  const Nanos rtt = std::chrono::microseconds(received_us - *options.timestamp_echo);
  return rtt <= kLongestRtt ? std::optional(rtt) : std::nullopt;
}

/// The verdict of the programs, in full.
Observation observation_of(const sonde_event& event) {
  Observation seen;
  seen.endpoint = {address_of(event.address), event.port};
  if (seen.endpoint.address.is_link_local_v6()) seen.endpoint.scope = event.interface;
  seen.at = Instant(Nanos(static_cast<int64_t>(event.received_ns)));
  if (event.mark == SONDE_REJECTED) {
    seen.icmp = IcmpEvidence{event.icmp_type, event.icmp_code, address_of(event.icmp_sender)};
    seen.outcome = {State::filtered, reason_of_icmp(*seen.icmp, !seen.endpoint.address.is_v4())};
    return seen;
  }
  const auto bytes = std::as_bytes(std::span(event.options)).first(event.options_size);
  TcpOptions options = read_tcp_options(bytes);
  const bool open = event.mark == SONDE_OPEN;
  seen.outcome = open ? Outcome{State::open, Reason::syn_ack} : Outcome{State::closed, Reason::reset};
  if (open) seen.rtt = rtt_of(event, options);
  seen.segment = SegmentEvidence{event.ttl, event.window, options.mss, std::move(options.order)};
  return seen;
}

}  // namespace

XdpCrew::XdpCrew(XdpCrewParts parts, SweepWorker::Shared shared) : parts_(std::move(parts)), shared_(shared) {
  // One answer is one event, and all names of its endpoint are to hear of it.
  if (shared_.walk.may_repeat()) parts_.wanted = 1 << SONDE_REJECTED | 1 << SONDE_CLOSED | 1 << SONDE_OPEN;
  parts_.sweep->set_wanted(parts_.wanted);
}

XdpCrew::~XdpCrew() {
  if (thread_.joinable()) thread_.join();
}

void XdpCrew::begin(const Pass& pass) {
  if (thread_.joinable()) thread_.join();
  working_.store(true, std::memory_order_relaxed);
  pass_ = &pass;
  blocks_ = std::make_unique<PassBlocks>(shared_.ledger.steps(),
                                         block_for(shared_.ledger.steps(), parts_.cores.size()));
  thread_ = std::thread([this] { run(*pass_); });
}

void XdpCrew::run(const Pass& pass) {
  wait_until(pass.not_before);
  enter_slice(pass);
  parts_.sweep->set_attempt(pass.number);
  if (surveys_ < kNeighbourPasses) resolve();
  send_all();
  watch_until(shared_.clock.now() + parts_.answer_wait);
  send_resets();
  not_tried_ = 0;
  const bool may_come_yet = !pass.last && surveys_ < kNeighbourPasses;
  if (may_come_yet)
    not_tried_ = unresolved_.size();
  else if (!is_stopped())
    report_unresolved();
  close();
  shared_.findings.push(outgoing_);
  working_.store(false, std::memory_order_release);
  shared_.findings.wake();
}

/// What comes from now on belongs to no pass: books and ledger stand still while they are read.
void XdpCrew::close() {
  parts_.sweep->close_slice();
  take_events(Nanos::zero());
  publish();
}

void XdpCrew::wait_until(Instant begin) {
  if (slice_ != pass_->first_step) return;
  parts_.sweep->reopen_slice();
  watch_until(begin);
}

/// What an earlier run marked, the programs need not ask again.
void XdpCrew::enter_slice(const Pass& pass) {
  if (slice_ == pass.first_step) return;
  slice_ = pass.first_step;
  unresolved_ = parts_.on_link;
  surveys_ = 0;
  parts_.sweep->set_slice(pass.first_step, shared_.ledger.steps());
  std::ranges::copy(shared_.ledger.words(), parts_.sweep->ledger().begin());
}

void XdpCrew::resolve() {
  std::vector<NeighbourQuery> silent;
  const auto on_neighbour = [&](const NeighbourQuery& query, const LinkAddress* station) {
    if (station == nullptr) return silent.push_back(query);
    const Result<void> set =
        parts_.sweep->set_neighbour(query.neighbour.interface_index, query.neighbour.address, *station);
    if (!set) fail(set.error());
  };
  const Result<uint64_t> surveyed = survey_neighbours(
      *parts_.port, unresolved_, kQuestionsPerSecond, shared_.clock, [this] { return is_stopped(); },
      on_neighbour);
  if (!surveyed) fail(surveyed.error());
  questions_ += surveyed.value_or(0);
  if (is_stopped()) return;
  unresolved_ = std::move(silent);
  ++surveys_;
}

void XdpCrew::send_all() {
  send_on(parts_.cores, [this](uint32_t core) { send_blocks(core); });
}

/// Sends on each of the cores; what comes in meanwhile is taken, and orders are followed.
void XdpCrew::send_on(std::span<const uint32_t> cores, const std::function<void(uint32_t)>& send) {
  sending_ = static_cast<uint32_t>(cores.size());
  std::vector<std::thread> senders;
  for (const uint32_t core : cores) {
    senders.emplace_back([this, core, &send] {
      const Result<void> pinned = pin_to(core);
      if (!pinned) fail(pinned.error());
      if (pinned) send(core);
      sending_.fetch_sub(1, std::memory_order_release);
    });
  }
  while (sending_.load(std::memory_order_acquire) > 0) take_events(kLook);
  for (std::thread& sender : senders) sender.join();
}

void XdpCrew::send_blocks(uint32_t core) {
  for (PassBlocks::Block block = blocks_->claim(); !block.empty() && !is_stopped();
       block = blocks_->claim()) {
    for (uint64_t next = block.begin; next < block.end && !is_stopped();) {
      const Result<uint64_t> reached = parts_.sweep->run(core, next, block.end, turns_for(block.end - next));
      if (!reached) fail(reached.error());
      next = reached ? *reached : block.end;
    }
  }
}

/// Those that were refused when all probes had left.
void XdpCrew::send_resets() {
  if (is_stopped() || !parts_.sweep->resets_wait()) return;
  send_on({parts_.cores.data(), 1}, [this](uint32_t core) {
    const uint64_t end = shared_.ledger.steps();
    if (const Result<uint64_t> sent = parts_.sweep->run(core, end, end, 1); !sent) fail(sent.error());
  });
}

uint32_t XdpCrew::turns_for(uint64_t steps) const {
  const bool paced = shared_.progress.rate.load(std::memory_order_relaxed) > 0;
  if (paced) return kMostPacedTurns;
  return static_cast<uint32_t>(std::min<uint64_t>(kMostTurns, steps + steps / 8 + 64));
}

void XdpCrew::watch_until(Instant end) {
  while (!is_stopped() && shared_.clock.now() < end && !pass_->settled->load(std::memory_order_relaxed))
    take_events(kLook);
  take_events(Nanos::zero());
}

void XdpCrew::take_events(Nanos longest) {
  follow_orders();
  check_devices();
  const auto on_event = [this](const sonde_event& event) { take(event); };
  for (Result<size_t> taken = size_t{1}; taken && *taken > 0; longest = Nanos::zero()) {
    taken = parts_.sweep->take_events(on_event, longest);
    if (!taken) return fail(taken.error());
    shared_.findings.push(outgoing_);
    publish();
    follow_orders();
  }
}

/// The rate may change while it runs, and it may be stopped.
void XdpCrew::follow_orders() {
  if (is_stopped()) parts_.sweep->stop();
  const double rate = shared_.progress.rate.load(std::memory_order_relaxed);
  if (rate == rate_) return;
  rate_ = rate;
  parts_.sweep->set_rate(rate, static_cast<uint32_t>(parts_.cores.size()));
}

void XdpCrew::take(const sonde_event& event) {
  Observation seen = observation_of(event);
  seen.late = seen.rtt && *seen.rtt > parts_.answer_wait;
  if (seen.late) ++seen_.late;
  const uint64_t step = pass_->first_step + event.step;
  if (!shared_.walk.may_repeat()) return hand_over(std::move(seen), step, false);
  std::vector<uint64_t> steps;
  shared_.walk.find(seen.endpoint, steps);
  const Ledger marks(parts_.sweep->ledger(), shared_.ledger.steps());
  for (const uint64_t named : steps) {
    if (named < pass_->first_step || named - pass_->first_step >= marks.steps()) continue;
    // So that the others need not be asked; those that were will answer as duplicates.
    const bool raised = Ledger(marks).raise(named - pass_->first_step, static_cast<Mark>(event.mark));
    if (named != step && !raised) continue;
    if (named != step) ++seen_.answered;
    hand_over(seen, named, named != step);
  }
}

void XdpCrew::hand_over(Observation seen, uint64_t step, bool shared) {
  seen.step = step;
  outgoing_.push_back({std::move(seen), pass_->number, shared});
}

/// After the last question to them: hosts that are not there.
void XdpCrew::report_unresolved() {
  const TargetParts& parts = shared_.walk.targets().parts();
  for (const NeighbourQuery& query : std::exchange(unresolved_, {})) {
    const IpAddress& address = query.neighbour.address;
    const uint32_t scope = address.is_link_local_v6() ? query.neighbour.interface_index : 0;
    for (const uint16_t port : parts.ports.ports()) report_unresolved({address, port, scope});
    auto pair = std::lower_bound(parts.pairs.begin(), parts.pairs.end(), Pair(address, 0, 0));
    for (uint16_t last = 0; pair != parts.pairs.end() && pair->address() == address; ++pair) {
      if (pair->port != last && !parts.ports.contains(pair->port)) report_unresolved({address, pair->port, scope});
      last = pair->port;
    }
    if (is_stopped()) return;
  }
}

void XdpCrew::report_unresolved(const Endpoint& endpoint) {
  std::vector<uint64_t> steps;
  shared_.walk.find(endpoint, steps);
  for (const uint64_t step : steps) {
    if (step < pass_->first_step || step - pass_->first_step >= shared_.ledger.steps()) continue;
    if (shared_.ledger.at(step - pass_->first_step) != Mark::unanswered) continue;
    Observation seen;
    seen.endpoint = endpoint;
    seen.outcome = {State::filtered, Reason::host_unreach};
    seen.neighbour_unresolved = true;
    seen.at = shared_.clock.now();
    ++seen_.unresolved;
    ++unresolved_attempts_;
    hand_over(std::move(seen), step, false);
  }
  if (outgoing_.size() >= 4096) shared_.findings.push(outgoing_);
}

void XdpCrew::publish() {
  const XdpCounters now = parts_.sweep->counters();
  // What is refused was built before: it may look for a moment as if less had been sent.
  const uint64_t sent = std::max(published_sent_, now.sent() + unresolved_attempts_);
  shared_.progress.sent.fetch_add(sent - published_sent_, std::memory_order_relaxed);
  shared_.progress.packets_lost.fetch_add(now.ring_full - published_.ring_full, std::memory_order_relaxed);
  published_ = now;
  published_sent_ = sent;
}

/// A device that is only too slow takes some of what it is given.
void XdpCrew::check_devices() {
  const std::optional<XdpRefusal> refusal = parts_.sweep->longest_refusal();
  if (refusal && !is_stopped() && refusal->last - refusal->since > kLongestRefusal) fail(explain_refusal(*refusal));
}

/// The first error counts; the sweep is over.
void XdpCrew::fail(const Error& error) {
  const std::lock_guard lock(failure_mutex_);
  if (!failure_) failure_ = error;
  shared_.progress.stop = true;
}

QuietMarks XdpCrew::quiet_marks() { return {parts_.sweep->ledger(), parts_.wanted}; }

ProbeBooks XdpCrew::books() const {
  const XdpCounters& counted = published_;
  const uint64_t proved = counted.syn_ack + counted.reset + counted.rejected;
  const uint64_t not_entered = counted.duplicate + counted.outside + counted.ring_full + counted.revised;
  ProbeBooks books = seen_;
  books.sent = counted.sent() + counted.failed + unresolved_attempts_;
  books.answered += proved - not_entered;
  books.local_failed = counted.failed;
  books.duplicate = counted.duplicate + counted.outside + counted.revised;
  books.packet_answers = proved;
  return books;
}

std::optional<PacketBooks> XdpCrew::packets() const {
  const XdpCounters& counted = published_;
  PacketBooks packets;
  packets.sent = counted.sent();
  packets.refused = counted.refused + counted.resets_refused;
  packets.received = counted.received;
  packets.answers = counted.syn_ack + counted.reset + counted.rejected;
  packets.invalid = counted.invalid;
  packets.rx_dropped = counted.ring_full;
  packets.questions = questions_;
  packets.not_sent = counted.failed + unresolved_attempts_;
  return packets;
}

}  // namespace sonde
