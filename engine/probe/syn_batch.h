#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "engine/probe/probe.h"
#include "engine/probe/refused_devices.h"
#include "engine/probe/syn_verdict.h"
#include "net/next_hops.h"
#include "net/packet/packet_port.h"
#include "net/packet/syn_packet.h"

namespace sonde {

/// SYNs on their way to a port: gathered, then handed over in one call. Uses
/// the reserved source ports in turn, so that the same endpoint, tried again,
/// is a new flow to whatever stands in between.
class SynBatch {
 public:
  /// Frames that one call hands over: with more, a SYN would leave noticeably
  /// later than its timestamp says; with fewer, the call costs more.
  static constexpr size_t kAtOnce = 16;
  /// Frames that can wait when the device is busy.
  static constexpr size_t kCapacity = 64;
  /// How many of them may wait for one device: it must not hold up the others.
  static constexpr size_t kMostOfRefusing = 16;

  /// A probe that the device does not take, with its errno; `for_good` when it
  /// has taken nothing for RefusedDevices::kPatience.
  using OnFailure = std::function<void(const Probe&, int error, bool for_good)>;

  /// The port and the clock must outlive the batch.
  SynBatch(PacketPort& port, const Clock& clock, const SynScope& scope, OnFailure on_failure);

  size_t free() const { return kCapacity - size_; }
  size_t waiting() const { return size_; }
  bool empty() const { return size_ == 0; }
  /// Adds a probe. Precondition: free() > 0.
  void add(const Probe& probe, const NextHop& hop, const LinkAddress& station);
  /// Whether it is time for a flush().
  bool is_due() const { return size_ >= due_at_; }
  /// Hands over what the devices take, and returns how much that was. The rest
  /// stays, and is stamped anew; a busy device does not hold up the others.
  uint32_t flush(Instant now);
  /// Forgets what was not handed over; returns how many.
  uint32_t clear();

 private:
  struct Frame {
    Probe probe;
    size_t builder = 0;  // which one writes it
    uint16_t source_port = 0;
    uint32_t interface_index = 0;
    LinkAddress station;
    std::array<std::byte, kLargestSyn> bytes{};
  };

  void build(std::span<Frame> frames, uint32_t timestamp);
  size_t builder_for(const IpAddress& source);
  uint16_t next_source_port();
  void take_front(size_t count);
  bool has_its_share(uint32_t interface_index) const;
  void on_refusal(int error, Instant now);
  size_t set_aside(uint32_t interface_index);
  void fail_all_of(uint32_t interface_index, int error);

  PacketPort& port_;
  const Clock& clock_;
  SynScope scope_;
  OnFailure on_failure_;
  std::vector<SynBuilder> builders_;     // one a source address; few
  std::vector<Frame> frames_;            // kCapacity; the first size_ are waiting
  std::vector<SynOrder> orders_;         // of a flush, for one builder
  std::vector<OutgoingPacket> packets_;  // of a flush
  size_t size_ = 0;
  size_t willing_ = 0;  // in a flush: frames whose device is not known to be busy, in front
  size_t due_at_ = kAtOnce;
  uint16_t next_port_;
  RefusedDevices refused_;
};

/// The 32 bits of a SYN's time that travel as TSval: microseconds.
uint32_t timestamp_of(Instant time);

}  // namespace sonde
