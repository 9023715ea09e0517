#include "engine/probe/syn_prober.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "engine/probe/verdict.h"
#include "net/base/check.h"
#include "net/neighbour_survey.h"

namespace sonde {
namespace {

// While a device is busy, or a neighbour was resolved at another thread's port.
constexpr Nanos kBusyPause = std::chrono::microseconds(200);
constexpr Nanos kParkedLook = std::chrono::milliseconds(20);
constexpr size_t kQuestionsAtOnce = 64;
constexpr uint8_t kEthernetStation = 6;
// Calls of receive() in one turn: a flood must not keep the sender from its work.
constexpr int kMostReceives = 8;
// An echoed time further back than that is no time of ours.
constexpr Nanos kLongestRtt = std::chrono::minutes(1);

/// The errno of a connect() to a destination of this kind.
int errno_of(RouteKind kind) {
  switch (kind) {
    case RouteKind::prohibit: return EACCES;
    case RouteKind::blackhole: return EINVAL;
    case RouteKind::unreachable: return EHOSTUNREACH;
    default: return ENETUNREACH;
  }
}

/// How long after its SYN a packet came; nullopt when the echo makes no sense:
/// some stacks send zero.
std::optional<Nanos> rtt_of(uint32_t echoed, Instant received) {
  if (echoed == 0) return std::nullopt;
  const Nanos rtt = std::chrono::microseconds(timestamp_of(received) - echoed);
  return rtt <= kLongestRtt ? std::optional(rtt) : std::nullopt;
}

}  // namespace

SynProber::SynProber(Parts parts, SynProberOptions options)
    : port_(std::move(parts.port)),
      next_hop_(std::move(parts.next_hop)),
      why_no_hop_(std::move(parts.why_no_hop)),
      resolver_(parts.resolver),
      connects_(std::move(parts.connects)),
      clock_(parts.clock),
      options_(options),
      batch_(*port_, clock_, options.scope,
             [this](const Probe& probe, int error, bool for_good) { fail(probe, error, for_good); }),
      window_(options.timeout, clock_.now()),
      looked_(clock_.now()) {}

/// With what has been seen and not yet collected: until then it is not done.
uint32_t SynProber::in_flight() const {
  const size_t waiting =
      batch_.waiting() + parked_.size() + unparked_.size() + to_connect_.size() + coming_.size();
  return window_.count() + static_cast<uint32_t>(waiting) + connects_->in_flight();
}

uint32_t SynProber::room() const {
  if (in_flight() >= limit_) return 0;
  const size_t waiting = std::max(parked_.size(), to_connect_.size());
  const size_t room = std::min(batch_.free(), waiting < kMostWaiting ? kMostWaiting - waiting : 0);
  return std::min(limit_ - in_flight(), static_cast<uint32_t>(room));
}

void SynProber::limit(uint32_t most) { limit_ = std::clamp(most, 1u, kMostInFlight); }

void SynProber::start(const Probe& probe, Instant now) {
  CHECK(batch_.free() > 0);
  dispatch(probe, now);
}

void SynProber::dispatch(const Probe& probe, Instant now) {
  const NextHop& hop = next_hop_(probe.endpoint.address, probe.endpoint.scope);
  if (hop.kind == RouteKind::local) {
    ++books_.not_sent;
    to_connect_.push_back(probe);
  } else if (hop.kind != RouteKind::unicast) {
    fail(probe, errno_of(hop.kind), false);
  } else if (hop.needs_station) {
    dispatch_to_neighbour(probe, hop, now);
  } else {
    send(probe, hop, hop.own_station, now);
  }
}

void SynProber::dispatch_to_neighbour(const Probe& probe, const NextHop& hop, Instant now) {
  // Who asks from no address gets no answer (RFC 4861 §7.1.1): our fault, not its.
  if (hop.own_address == IpAddress()) return fail(probe, EADDRNOTAVAIL, true);
  const Neighbour neighbour{hop.interface_index, hop.neighbour};
  const NeighbourResolver::Answer answer =
      resolver_.look_up(neighbour, {hop.own_address, hop.own_station}, now);
  switch (answer.status) {
    case NeighbourResolver::Status::resolved: return send(probe, hop, answer.station, now);
    case NeighbourResolver::Status::asking: return parked_.park(neighbour, probe);
    case NeighbourResolver::Status::failed: return fail_unresolved(probe, hop, now);
  }
}

void SynProber::send(const Probe& probe, const NextHop& hop, const LinkAddress& station, Instant now) {
  batch_.add(probe, hop, station);
  if (batch_.is_due()) flush(now);
}

/// A probe's time-out runs from its leaving.
void SynProber::flush(Instant now) { window_.add(batch_.flush(now), now); }

/// Our own side could not send it. The one table of errno values says what that means.
void SynProber::fail(const Probe& probe, int error, bool for_good) {
  const ConnectVerdict verdict =
      judge_connect({.error = error, .icmp = {}, .ipv6 = !probe.endpoint.address.is_v4()});
  ++books_.not_sent;
  Observation seen;
  seen.step = probe.step;
  seen.endpoint = probe.endpoint;
  seen.outcome = verdict.outcome;
  seen.transient = verdict.transient && !for_good;
  seen.local_errno = error;
  seen.at = clock_.now();
  coming_.push_back(std::move(seen));
}

/// A host that answers no ARP is not there; a gateway that does not is our
/// affair, and has been asked often enough for this pass.
void SynProber::fail_unresolved(const Probe& probe, const NextHop& hop, Instant now) {
  Observation seen;
  seen.step = probe.step;
  seen.endpoint = probe.endpoint;
  seen.at = now;
  seen.neighbour_unresolved = true;
  seen.outcome = hop.through_gateway ? Outcome{State::error, Reason::local_no_gateway}
                                     : Outcome{State::filtered, Reason::host_unreach};
  ++books_.not_sent;
  coming_.push_back(std::move(seen));
}

void SynProber::wait(Instant now, Nanos longest) {
  ask_neighbours(now);
  flush(now);
  start_connects(now);
  connects_->wait(now, Nanos::zero());
  const Nanos sleep_for = longest_sleep(now, longest);
  if (sleep_for <= Nanos::zero()) return;
  port_->wait(sleep_for, connects_->descriptor());  // the only place where the thread sleeps
  connects_->wait(clock_.now(), Nanos::zero());
}

Nanos SynProber::longest_sleep(Instant now, Nanos longest) const {
  if (connects_->has_events() || !coming_.empty() || !unparked_.empty()) return Nanos::zero();
  if (!batch_.empty()) longest = std::min(longest, kBusyPause);
  if (parked_.size() > 0) longest = std::min(longest, kParkedLook);
  for (const Instant event : {resolver_.next_event(), connects_->next_deadline(), window_.next_change()}) {
    if (event != Instant::max()) longest = std::min(longest, event - now);
  }
  return longest;
}

std::span<const Observation> SynProber::collect(Instant now) {
  receive();
  look_at_parked(now);
  collect_connects(now);
  window_.advance(now);
  observations_.clear();
  observations_.swap(coming_);
  return observations_;
}

/// Until nothing is left, or it has been enough for one turn: the last, empty
/// call gives the ring's blocks back to the kernel.
void SynProber::receive() {
  for (int round = 0; round < kMostReceives; ++round) {
    const std::span<const IncomingPacket> packets = port_->receive();
    if (packets.empty()) return;
    const Moment moment{clock_.now(), clock_.system_time()};
    for (const IncomingPacket& packet : packets) take(packet, moment);
  }
}

void SynProber::take(const IncomingPacket& packet, const Moment& now) {
  const PacketContent content = read_packet(packet.ether_type, packet.bytes);
  if (const auto* answer = std::get_if<NeighbourAnswer>(&content)) {
    return take_neighbour({packet.interface_index, answer->address}, answer->station, now.instant);
  }
  const SynVerdict verdict = judge_packet(content, options_.scope);
  switch (verdict.relation) {
    case Relation::unrelated: ++books_.unrelated; return;
    case Relation::invalid: ++books_.invalid; return;
    case Relation::answer: return take_answer(verdict, packet, now);
  }
}

/// How long ago a packet came is a short difference of civil times: only when the
/// system's clock is set within it does that show in an RTT.
void SynProber::take_answer(const SynVerdict& verdict, const IncomingPacket& packet, const Moment& now) {
  ++books_.answers;
  Observation seen;
  seen.step = kStepByEndpoint;
  seen.endpoint = verdict.endpoint;
  if (seen.endpoint.address.is_link_local_v6()) seen.endpoint.scope = packet.interface_index;
  seen.outcome = verdict.outcome;
  seen.segment = verdict.segment;
  seen.icmp = verdict.icmp;
  seen.at = now.instant;
  const Nanos age = std::max(Nanos::zero(), now.civil - packet.received);
  if (verdict.echoed) seen.rtt = rtt_of(*verdict.echoed, now.instant - age);
  seen.late = seen.rtt && *seen.rtt > options_.timeout;
  coming_.push_back(std::move(seen));
}

void SynProber::take_neighbour(const Neighbour& neighbour, const LinkAddress& station, Instant now) {
  ++books_.neighbours;
  resolver_.take(neighbour, station, now);
  unpark(neighbour, NeighbourResolver::Status::resolved, now);
}

/// Neighbours are also resolved at other threads' ports, and fail by time.
void SynProber::look_at_parked(Instant now) {
  if (parked_.size() == 0 || now - looked_ < kParkedLook || resolver_.generation() == generation_) return;
  looked_ = now;
  generation_ = resolver_.generation();
  for (const Neighbour& neighbour : parked_.neighbours()) {
    const std::optional<NeighbourResolver::Answer> known = resolver_.known(neighbour);
    const auto status = known ? known->status : NeighbourResolver::Status::resolved;
    if (status != NeighbourResolver::Status::asking) unpark(neighbour, status, now);
  }
}

/// Resolved, or forgotten: their turn comes again. Failed: that is their verdict.
void SynProber::unpark(const Neighbour& neighbour, NeighbourResolver::Status status, Instant now) {
  for (const Probe& probe : parked_.take(neighbour)) {
    if (status == NeighbourResolver::Status::failed)
      fail_unresolved(probe, next_hop_(probe.endpoint.address, probe.endpoint.scope), now);
    else
      unparked_.push_back(probe);
  }
}

std::span<const Probe> SynProber::returned() {
  returned_.clear();
  returned_.swap(unparked_);
  return returned_;
}

/// Any prober may send any question: whoever comes first does.
void SynProber::ask_neighbours(Instant now) {
  due_.clear();
  resolver_.due_questions(now, kQuestionsAtOnce, due_);
  for (const NeighbourResolver::Question& due : due_) {
    if (due.asker.station.size != kEthernetStation) continue;  // no question is known for such a link
    const SendResult sent = send_question(*port_, due);
    books_.questions += sent.taken;
    if (sent.taken == 0)
      on_unsent(due.neighbour, sent.error, now);
    else
      unasked_.forget(due.neighbour.interface_index);
  }
}

/// Our device refused a question: that says nothing about the neighbour. It is
/// asked later; when the device takes none for long, its probes have failed here.
void SynProber::on_unsent(const Neighbour& neighbour, int error, Instant now) {
  resolver_.not_sent(neighbour, now);
  if (error == 0) error = ENOBUFS;
  if (!unasked_.note(neighbour.interface_index, error, now)) return;
  for (const Probe& probe : parked_.take(neighbour)) fail(probe, error, true);
}

void SynProber::start_connects(Instant now) {
  for (; !to_connect_.empty() && connects_->room() > 0; to_connect_.pop_front()) {
    connects_->start(to_connect_.front(), now);
  }
}

void SynProber::collect_connects(Instant now) {
  for (const Observation& seen : connects_->collect(now)) {
    if (seen.step == kStepByEndpoint)
      merge_follow_up(seen);
    else
      coming_.push_back(seen);
  }
}

bool SynProber::follow_up(const Observation& seen, Instant) {
  if (!options_.follow_up || seen.followed || seen.step != kStepByEndpoint) return false;
  if (to_connect_.size() >= kMostWaiting) return false;
  if (followed_.try_emplace(seen.endpoint, seen).second)
    to_connect_.push_back({kStepByEndpoint, seen.endpoint});
  return true;
}

/// The SYN-ACK decided; the connect adds what it saw.
void SynProber::merge_follow_up(const Observation& connected) {
  auto found = followed_.extract(connected.endpoint);
  if (found.empty()) return;
  Observation seen = std::move(found.mapped());
  seen.followed = true;
  seen.at = connected.at;
  seen.banner = connected.banner;
  seen.after_accept = connected.after_accept;
  if (connected.outcome.state != State::open) seen.follow_up = connected.outcome.reason;
  coming_.push_back(std::move(seen));
}

bool SynProber::owes() const {
  return !followed_.empty() || !to_connect_.empty() || connects_->in_flight() > 0 || !coming_.empty();
}

std::vector<std::string> SynProber::notes() const {
  std::vector<std::string> met;
  if (const std::string why = why_no_hop_ ? why_no_hop_() : ""; !why.empty())
    met.push_back("a lookup of routes failed: " + why);
  if (resolver_.turned_away() > 0) {
    met.push_back(
        "more than " + std::to_string(NeighbourResolver::kMostNeighbours) +
        " neighbours were asked for at once, and some had to wait: sweep fewer attached hosts at a time");
  }
  return met;
}

PacketBooks SynProber::packets() {
  const PacketCounters counters = port_->counters();
  PacketBooks books = books_;
  books.sent = counters.sent - books.questions;
  books.refused = counters.refused;
  books.received = counters.received;  // by the port: an independent count
  books.rx_dropped = counters.rx_dropped;
  return books;
}

/// An endpoint that a SYN-ACK proved open is open, whatever its banner would have been.
std::span<const Observation> SynProber::abandon() {
  for (auto& [endpoint, seen] : followed_) {
    seen.followed = true;
    coming_.push_back(std::move(seen));
  }
  followed_.clear();
  batch_.clear();
  parked_.clear();
  unparked_.clear();
  to_connect_.clear();
  for (const Observation& seen : connects_->abandon()) {
    if (seen.step != kStepByEndpoint) coming_.push_back(seen);
  }
  window_.clear();
  observations_.clear();
  observations_.swap(coming_);
  return observations_;
}

}  // namespace sonde
