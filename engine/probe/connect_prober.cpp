#include "engine/probe/connect_prober.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "engine/probe/exchange.h"
#include "net/base/check.h"

namespace sonde {
namespace {

constexpr Nanos kTick = std::chrono::milliseconds(1);
constexpr int kMostDrainRounds = 200;
constexpr Nanos kDrainWait = std::chrono::milliseconds(10);

// The kernel repeats a SYN after one second (RFC 6298 §2.1): an answer later
// than that belongs to either of two SYNs, so our clock can tell no RTT.
constexpr Nanos kInitialRto = std::chrono::seconds(1);

}  // namespace

ConnectProber::ConnectProber(std::unique_ptr<TcpDriver> driver, ConnectProberOptions options, Instant now)
    : buffers_(options.banner ? driver->capacity() : 0),
      driver_(std::move(driver)),
      options_(std::move(options)),
      name_("connect (" + std::string(driver_->name()) + ")"),
      limit_(driver_->capacity()),
      deadlines_(driver_->capacity(), kTick, now),
      slots_(driver_->capacity()) {
  std::sort(options_.own_addresses.begin(), options_.own_addresses.end());
  free_v4_.reserve(capacity());
  for (uint32_t index = capacity(); index-- > 0;) free_v4_.push_back(index);
}

void ConnectProber::limit(uint32_t most) { limit_ = std::clamp(most, 1u, capacity()); }

void ConnectProber::start(const Probe& probe, Instant now) {
  CHECK(room() > 0);
  const uint32_t index = take_slot(probe.endpoint.address);
  Slot& slot = slots_[index];
  slot.phase = Phase::connecting;
  slot.timed_out = false;
  slot.asked = false;
  slot.started = now;
  slot.seen = {};
  slot.seen.step = probe.step;
  slot.seen.endpoint = probe.endpoint;
  deadlines_.arm(index, now + options_.timeout);
  driver_->connect(index, probe.endpoint);
}

uint32_t ConnectProber::take_slot(const IpAddress& address) {
  std::vector<uint32_t>& same_family = address.is_v4() ? free_v4_ : free_v6_;
  std::vector<uint32_t>& from = !same_family.empty() ? same_family : address.is_v4() ? free_v6_ : free_v4_;
  const uint32_t index = from.back();
  from.pop_back();
  ++in_flight_;
  return index;
}

void ConnectProber::wait(Instant now, Nanos longest) {
  const Instant wake = deadlines_.next_wake();
  const Nanos until_deadline = wake == Instant::max() ? longest : std::max(wake - now, Nanos::zero());
  driver_->wait(std::min(longest, until_deadline));
}

std::span<const Observation> ConnectProber::collect(Instant now) {
  observations_.clear();
  // Answers first: one that is there when its time runs out counts.
  for (const TcpEvent& event : driver_->events()) on_event(event, now);
  expired_.clear();
  deadlines_.advance(now, expired_);
  for (const uint32_t index : expired_) {
    slots_[index].timed_out = true;
    driver_->cancel(index);
  }
  return observations_;
}

void ConnectProber::on_event(const TcpEvent& event, Instant now) {
  switch (event.kind) {
    case TcpEvent::Kind::connected: return on_connected(event, now);
    case TcpEvent::Kind::sent: return on_sent(event, now);
    case TcpEvent::Kind::received: return on_received(event, now);
  }
}

void ConnectProber::on_connected(const TcpEvent& event, Instant now) {
  Slot& slot = slots_[event.slot];
  judge(slot, event, now);
  const bool connected = slot.seen.outcome.state == State::open && event.error == 0;
  if (options_.banner && connected) return ask_for_banner(event.slot, now);
  finish(event.slot, now);
}

void ConnectProber::judge(Slot& slot, const TcpEvent& event, Instant now) const {
  ConnectResult result{.error = event.error, .icmp = {}, .ipv6 = !slot.seen.endpoint.address.is_v4()};
  if (event.icmp) {
    result.icmp = IcmpEvidence{event.icmp->type, event.icmp->code, event.icmp->sender};
    result.sent_by_us = is_ours(event.icmp->sender) && event.icmp->sender != slot.seen.endpoint.address;
    result.through_gateway =
        result.sent_by_us && options_.is_neighbour && !options_.is_neighbour(slot.seen.endpoint.address);
  }
  const ConnectVerdict verdict = judge_connect(result);
  slot.seen.outcome = verdict.outcome;
  slot.seen.unanswered = verdict.unanswered;
  slot.seen.transient = verdict.transient;
  slot.seen.neighbour_unresolved = verdict.neighbour_unresolved;
  slot.seen.after_accept = verdict.after_accept;
  slot.seen.late = slot.timed_out && !verdict.unanswered;
  if (verdict.outcome.state == State::error) slot.seen.local_errno = event.error;
  if (result.icmp && verdict.outcome.state != State::open) slot.seen.icmp = result.icmp;
  take_rtt(slot, event, now);
}

void ConnectProber::take_rtt(Slot& slot, const TcpEvent& event, Instant now) const {
  if (event.rtt && slot.seen.outcome.state == State::open) {
    slot.seen.rtt = event.rtt;
    slot.seen.rtt_clock = RttClock::kernel;
    return;
  }
  const Nanos elapsed = now - slot.started;
  const bool answered =
      slot.seen.outcome.state != State::error && !slot.seen.unanswered && !slot.seen.neighbour_unresolved;
  if (answered && !slot.timed_out && elapsed < kInitialRto) slot.seen.rtt = elapsed;
}

bool ConnectProber::is_ours(const IpAddress& address) const {
  return std::binary_search(options_.own_addresses.begin(), options_.own_addresses.end(), address);
}

void ConnectProber::ask_for_banner(uint32_t index, Instant now) {
  Slot& slot = slots_[index];
  slot.timed_out = false;
  deadlines_.arm(index, now + options_.timeout);
  const std::string_view line = opening_line(slot.seen.endpoint.port);
  if (line.empty()) return listen(index);
  slot.phase = Phase::sending;
  slot.asked = true;
  driver_->send(index, std::as_bytes(std::span(line)));
}

void ConnectProber::listen(uint32_t index) {
  slots_[index].phase = Phase::receiving;
  driver_->receive(index, buffers_[index]);
}

void ConnectProber::on_sent(const TcpEvent& event, Instant now) {
  // A peer that is gone says so on receiving, with what it sent before.
  if (slots_[event.slot].timed_out) return finish(event.slot, now);
  listen(event.slot);
}

void ConnectProber::on_received(const TcpEvent& event, Instant now) {
  Slot& slot = slots_[event.slot];
  if (event.bytes > 0) {
    slot.seen.banner.assign(reinterpret_cast<const char*>(buffers_[event.slot].data()), event.bytes);
  } else if (event.error == 0) {
    slot.seen.after_accept = slot.asked ? AfterAccept::hung_up : AfterAccept::closed;
  } else if (event.error == ECONNRESET || event.error == EPIPE) {
    slot.seen.after_accept = slot.asked ? AfterAccept::hung_up : AfterAccept::reset;
  }
  finish(event.slot, now);
}

void ConnectProber::finish(uint32_t index, Instant now) {
  Slot& slot = slots_[index];
  deadlines_.disarm(index);
  driver_->close(index, options_.close_mode);
  slot.phase = Phase::idle;
  slot.seen.at = now;
  (slot.seen.endpoint.address.is_v4() ? free_v4_ : free_v6_).push_back(index);
  --in_flight_;
  observations_.push_back(std::move(slot.seen));
}

std::span<const Observation> ConnectProber::abandon() {
  observations_.clear();
  options_.banner = false;  // a connect that ends now is not followed up
  for (uint32_t index = 0; index < capacity(); ++index) {
    if (slots_[index].phase == Phase::idle) continue;
    slots_[index].timed_out = true;
    driver_->cancel(index);
  }
  // Cancelled operations end at once; the bound is for a kernel that does not keep that.
  for (int round = 0; round < kMostDrainRounds && in_flight() > 0; ++round) {
    driver_->wait(kDrainWait);
    for (const TcpEvent& event : driver_->events()) on_event(event, slots_[event.slot].started);
  }
  std::erase_if(observations_, [](const Observation& seen) { return seen.outcome.state != State::open; });
  return observations_;
}

}  // namespace sonde
