#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "engine/probe/connect_prober.h"
#include "engine/probe/parked_probes.h"
#include "engine/probe/prober.h"
#include "engine/probe/send_window.h"
#include "engine/probe/syn_batch.h"
#include "engine/probe/syn_verdict.h"
#include "net/neighbour_resolver.h"
#include "net/next_hops.h"
#include "net/packet/packet_port.h"

namespace sonde {

/// Says how packets to an address (and scope) leave; valid until the next call:
/// NextHops::to() of the prober's own thread.
using NextHopQuestion = std::function<const NextHop&(const IpAddress&, uint32_t scope)>;

struct SynProberOptions {
  SynScope scope;                           ///< the same for all probers of a run
  Nanos timeout = std::chrono::seconds(1);  ///< how long an answer is waited for
  bool follow_up = false;                   ///< look further at open endpoints, by a connect
};

/// Probes half-open: sends a SYN, and judges what comes back by the packet. It
/// remembers no probe: an answer proves itself by the sequence number it
/// acknowledges or quotes, and brings the send time back in its timestamp.
/// What it keeps is bounded: probes whose next hop is being resolved, and
/// connects to this machine itself (whose packets leave no interface) or after
/// an open answer, which the connect prober carries out.
///
/// The kernel answers each SYN-ACK with a RST, since the source ports are
/// reserved and nobody listens there: no half-open connection stays behind.
class SynProber final : public Prober {
 public:
  /// The most probes that may still be answered: a bound, not a goal.
  static constexpr uint32_t kMostInFlight = 1 << 24;
  /// The most probes that wait for a neighbour, and those that wait for a connect.
  static constexpr size_t kMostWaiting = 1 << 16;

  struct Parts {
    std::unique_ptr<PacketPort> port;
    NextHopQuestion next_hop;
    std::function<std::string()> why_no_hop;  ///< NextHops::failure(); may be empty
    NeighbourResolver& resolver;              ///< shared by all probers of a run; outlives them
    std::unique_ptr<ConnectProber> connects;  ///< on a driver that has a descriptor
    const Clock& clock;                       ///< outlives the prober
  };
  SynProber(Parts parts, SynProberOptions options);

  std::string_view name() const override { return "syn"; }
  bool remembers() const override { return false; }
  uint32_t capacity() const override { return kMostInFlight; }
  uint32_t in_flight() const override;
  uint32_t room() const override;
  void limit(uint32_t most) override;
  void start(const Probe& probe, Instant now) override;
  void wait(Instant now, Nanos longest) override;
  std::span<const Observation> collect(Instant now) override;
  std::span<const Probe> returned() override;
  bool follow_up(const Observation& seen, Instant now) override;
  bool owes() const override;
  std::vector<std::string> notes() const override;
  PacketBooks packets() override;
  std::span<const Observation> abandon() override;

 private:
  /// The same moment on both clocks: the kernel stamps packets with civil time.
  struct Moment {
    Instant instant;
    WallTime civil;
  };

  void dispatch(const Probe& probe, Instant now);
  void dispatch_to_neighbour(const Probe& probe, const NextHop& hop, Instant now);
  void send(const Probe& probe, const NextHop& hop, const LinkAddress& station, Instant now);
  void flush(Instant now);
  void fail(const Probe& probe, int error, bool for_good);
  void fail_unresolved(const Probe& probe, const NextHop& hop, Instant now);
  void receive();
  void take(const IncomingPacket& packet, const Moment& now);
  void take_answer(const SynVerdict& verdict, const IncomingPacket& packet, const Moment& now);
  void take_neighbour(const Neighbour& neighbour, const LinkAddress& station, Instant now);
  void look_at_parked(Instant now);
  void unpark(const Neighbour& neighbour, NeighbourResolver::Status status, Instant now);
  void ask_neighbours(Instant now);
  void on_unsent(const Neighbour& neighbour, int error, Instant now);
  void start_connects(Instant now);
  void collect_connects(Instant now);
  void merge_follow_up(const Observation& connected);
  Nanos longest_sleep(Instant now, Nanos longest) const;

  std::unique_ptr<PacketPort> port_;
  NextHopQuestion next_hop_;
  std::function<std::string()> why_no_hop_;
  NeighbourResolver& resolver_;
  std::unique_ptr<ConnectProber> connects_;
  const Clock& clock_;
  SynProberOptions options_;
  uint32_t limit_ = kMostInFlight;
  SynBatch batch_;
  SendWindow window_;
  ParkedProbes parked_;
  std::vector<Probe> unparked_;  // to be handed out by the next returned()
  std::vector<Probe> returned_;  // handed out by the last one
  uint64_t generation_ = 0;      // of the resolver, when parked_ was looked through
  Instant looked_;
  std::vector<NeighbourResolver::Question> due_;
  RefusedDevices unasked_;  // interfaces that take no question
  std::deque<Probe> to_connect_;
  std::unordered_map<Endpoint, Observation, EndpointHash> followed_;  // what their SYN-ACKs showed
  PacketBooks books_;
  std::vector<Observation> observations_;  // handed out by the last collect()
  std::vector<Observation> coming_;        // for the next one
};

}  // namespace sonde
