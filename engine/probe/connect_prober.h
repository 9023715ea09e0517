#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/probe/prober.h"
#include "engine/probe/record.h"
#include "engine/probe/verdict.h"
#include "net/base/timer_wheel.h"
#include "net/tcp_driver.h"

namespace sonde {

struct ConnectProberOptions {
  Nanos timeout =
      std::chrono::seconds(1);  ///< from connect to verdict; with banner, again for the first bytes
  bool banner = false;          ///< read the first bytes of what talks first, or after one line
  CloseMode close_mode = CloseMode::reset;
  std::vector<IpAddress> own_addresses;  ///< of this machine, to recognise ICMP errors that it sent to itself
  /// Whether packets to an address go to it directly, without a gateway; asked
  /// when this machine told itself that a host cannot be reached. Empty: all are.
  std::function<bool(const IpAddress&)> is_neighbour;
};

/// Probes by the kernel's own TCP handshake: connect, judge, close. With
/// `banner`, an open endpoint is listened to (or asked one line), and what it
/// does right after accepting is told.
class ConnectProber final : public Prober {
 public:
  ConnectProber(std::unique_ptr<TcpDriver> driver, ConnectProberOptions options, Instant now);

  std::string_view name() const override { return name_; }
  uint32_t capacity() const override { return driver_->capacity(); }
  uint32_t in_flight() const override { return in_flight_; }
  uint32_t room() const override { return in_flight() < limit_ ? limit_ - in_flight() : 0; }
  void limit(uint32_t most) override;
  void start(const Probe& probe, Instant now) override;
  void wait(Instant now, Nanos longest) override;
  std::span<const Observation> collect(Instant now) override;
  std::span<const Observation> abandon() override;

  // For an owner that sleeps elsewhere: it calls wait(now, zero) first, sleeps
  // only when there is nothing to collect, until next_deadline() at the latest
  // or until the descriptor is readable, and calls wait(now, zero) again.
  /// As TcpDriver::descriptor().
  int descriptor() const { return driver_->descriptor(); }
  /// Whether the last wait() brought something.
  bool has_events() const { return !driver_->events().empty(); }
  /// When the next time-out comes; Instant::max() when nothing is under way.
  Instant next_deadline() const { return deadlines_.next_wake(); }

 private:
  enum class Phase : uint8_t { idle, connecting, sending, receiving };
  struct Slot {
    Phase phase = Phase::idle;
    bool timed_out = false;
    bool asked = false;  // we have sent a line
    Instant started;
    Observation seen;
  };
  using Buffer = std::array<std::byte, kLongestBanner>;

  void on_event(const TcpEvent& event, Instant now);
  void on_connected(const TcpEvent& event, Instant now);
  void on_sent(const TcpEvent& event, Instant now);
  void on_received(const TcpEvent& event, Instant now);
  void judge(Slot& slot, const TcpEvent& event, Instant now) const;
  void take_rtt(Slot& slot, const TcpEvent& event, Instant now) const;
  void ask_for_banner(uint32_t index, Instant now);
  void listen(uint32_t index);
  void finish(uint32_t index, Instant now);
  bool is_ours(const IpAddress& address) const;
  uint32_t take_slot(const IpAddress& address);

  std::vector<Buffer> buffers_;  // one a slot, only with banner; outlives the driver that fills it
  std::unique_ptr<TcpDriver> driver_;
  ConnectProberOptions options_;
  std::string name_;
  uint32_t limit_;
  TimerWheel deadlines_;
  std::vector<Slot> slots_;
  uint32_t in_flight_ = 0;
  std::vector<uint32_t> free_v4_;  // by the family they served last: their sockets are of that family
  std::vector<uint32_t> free_v6_;
  std::vector<uint32_t> expired_;
  std::vector<Observation> observations_;
};

}  // namespace sonde
