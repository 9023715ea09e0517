#pragma once

#include <cerrno>
#include <functional>
#include <optional>
#include <queue>
#include <random>
#include <vector>

#include "net/tcp_driver.h"
#include "tests/sim/virtual_clock.h"

namespace sonde {

/// What an endpoint of the simulated network does with a SYN.
struct SimAnswer {
  int error = 0;  ///< of the connect; 0: SYN-ACK
  std::optional<IcmpError> icmp;
  bool silent = false;
  Nanos delay = std::chrono::milliseconds(1);

  static SimAnswer open() { return {}; }
  static SimAnswer closed() { return {.error = ECONNREFUSED, .icmp = {}}; }
  static SimAnswer silence() { return {.icmp = {}, .silent = true}; }
  static SimAnswer rejected(uint8_t type, uint8_t code) {
    return {.error = EHOSTUNREACH, .icmp = IcmpError{type, code, IpAddress::v4(0x0aff0002)}};
  }
};

/// A network without packets: answers by a function, loses a seeded share of
/// attempts, and can run short of descriptors.
struct SimNetwork {
  std::function<SimAnswer(const Endpoint&)> answer;
  double loss = 0;  ///< chance that an attempt gets no answer
  uint64_t seed = 1;
  uint32_t descriptors = UINT32_MAX;  ///< connects beyond so many in flight fail with EMFILE
  int always_fails_with = 0;          ///< every connect fails here, with this errno
  std::function<void(const Endpoint&, Instant)> on_connect;  ///< for counting
};

/// A TcpDriver over a SimNetwork; sleeping advances the virtual clock.
class SimTcpDriver final : public TcpDriver {
 public:
  SimTcpDriver(const SimNetwork& network, VirtualClock& clock, uint32_t slots)
      : network_(network), clock_(clock), random_(network.seed), slots_(slots) {}

  uint32_t capacity() const override { return static_cast<uint32_t>(slots_.size()); }
  std::string_view name() const override { return "simulated"; }

  void connect(uint32_t slot, const Endpoint& to) override {
    if (network_.on_connect) network_.on_connect(to, clock_.now());
    Slot& state = slots_[slot];
    ++state.generation;
    state.busy = true;
    ++in_flight_;
    const SimAnswer answer = network_.answer(to);
    const bool lost = std::uniform_real_distribution<>(0, 1)(random_) < network_.loss;
    TcpEvent event{.slot = slot, .kind = TcpEvent::Kind::connected, .icmp = {}, .rtt = {}};
    if (network_.always_fails_with != 0 || in_flight_ > network_.descriptors) {
      event.error = network_.always_fails_with != 0 ? network_.always_fails_with : EMFILE;
      schedule(event, Nanos::zero());
    } else if (!answer.silent && !lost) {
      event.error = answer.error;
      event.icmp = answer.icmp;
      schedule(event, answer.delay);
    }
  }

  void receive(uint32_t slot, std::span<std::byte>) override {
    slots_[slot].busy = true;
    ++in_flight_;
    schedule({.slot = slot, .kind = TcpEvent::Kind::received, .icmp = {}, .rtt = {}},
             std::chrono::milliseconds(1));
  }
  void send(uint32_t slot, std::span<const std::byte> bytes) override {
    slots_[slot].busy = true;
    ++in_flight_;
    schedule({.slot = slot,
              .kind = TcpEvent::Kind::sent,
              .bytes = static_cast<uint32_t>(bytes.size()),
              .icmp = {},
              .rtt = {}},
             Nanos::zero());
  }
  void cancel(uint32_t slot) override {
    if (!slots_[slot].busy) return;
    ++slots_[slot].generation;
    schedule({.slot = slot, .kind = TcpEvent::Kind::connected, .error = ECANCELED, .icmp = {}, .rtt = {}},
             Nanos::zero());
  }
  void close(uint32_t, CloseMode) override {}

  void wait(Nanos longest) override {
    events_.clear();
    const Instant until = clock_.now() + longest;
    clock_.advance_to(due_.empty() ? until : std::min(until, due_.top().at));
    while (!due_.empty() && due_.top().at <= clock_.now()) deliver();
  }
  std::span<const TcpEvent> events() override { return events_; }

 private:
  struct Slot {
    bool busy = false;
    uint64_t generation = 0;
  };
  struct Due {
    Instant at;
    uint64_t order;
    uint64_t generation;
    TcpEvent event;
    bool operator>(const Due& other) const { return std::pair(at, order) > std::pair(other.at, other.order); }
  };

  void schedule(const TcpEvent& event, Nanos delay) {
    due_.push({clock_.now() + delay, order_++, slots_[event.slot].generation, event});
  }
  void deliver() {
    const Due due = due_.top();
    due_.pop();
    Slot& slot = slots_[due.event.slot];
    if (!slot.busy || slot.generation != due.generation) return;
    slot.busy = false;
    --in_flight_;
    events_.push_back(due.event);
  }

  const SimNetwork& network_;
  VirtualClock& clock_;
  std::mt19937_64 random_;
  std::vector<Slot> slots_;
  uint32_t in_flight_ = 0;
  uint64_t order_ = 0;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;
  std::vector<TcpEvent> events_;
};

}  // namespace sonde
