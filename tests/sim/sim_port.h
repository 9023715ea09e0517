#pragma once

#include <algorithm>
#include <cerrno>
#include <functional>
#include <map>
#include <mutex>
#include <queue>
#include <random>
#include <vector>

#include "engine/probe/syn_batch.h"
#include "net/packet/packet_port.h"
#include "net/packet/packet_reader.h"
#include "tests/net/packet/packet_builder.h"
#include "tests/sim/virtual_clock.h"

namespace sonde {

/// One packet of an answer, and how long after the SYN it comes.
struct SimPacket {
  packets::Bytes bytes;
  Nanos delay = std::chrono::milliseconds(1);
};

/// A SYN as it arrived at the simulated network.
struct SimSyn {
  Endpoint from;
  Endpoint to;
  uint32_t sequence = 0;
  uint32_t timestamp = 0;
  Nanos delay = std::chrono::milliseconds(1);  ///< of the answers made of it

  /// "10.0.0.2" of an endpoint.
  static std::string text(const Endpoint& endpoint) { return endpoint.address.to_string(); }
  SimPacket syn_ack() const {
    return packet({.from = to.port,
                   .to = from.port,
                   .acknowledgement = sequence + 1,
                   .flags = kTcpSyn | kTcpAck,
                   .options = packets::linux_options(1, timestamp)});
  }
  SimPacket reset() const {
    return packet({.from = to.port,
                   .to = from.port,
                   .acknowledgement = sequence + 1,
                   .flags = kTcpRst | kTcpAck,
                   .window = 0});
  }
  SimPacket packet(const packets::Tcp& segment) const {
    return {packets::ipv4({.from = text(to), .to = text(from), .ttl = 60}, packets::tcp(segment)), delay};
  }
  /// An ICMP error that quotes 8 bytes of the SYN's TCP header.
  SimPacket rejected(uint8_t type, uint8_t code) const {
    const packets::Bytes quoted = packets::ipv4(
        {.from = text(from), .to = text(to)},
        packets::tcp({.from = from.port, .to = to.port, .sequence = sequence, .flags = kTcpSyn}));
    return {packets::ipv4({.from = "10.255.0.2", .to = text(from)},
                          packets::icmp({type, code}, packets::first(quoted, 28))),
            delay};
  }
};

/// What the simulated network does with a SYN: any number of packets.
using SimReply = std::function<std::vector<SimPacket>(const SimSyn&)>;

/// A packet on its way to a port.
struct SimDue {
  Instant at;
  uint64_t order;
  packets::Bytes bytes;
  bool operator>(const SimDue& other) const {
    return std::pair(at, order) > std::pair(other.at, other.order);
  }
};
using SimRing = std::priority_queue<SimDue, std::vector<SimDue>, std::greater<>>;

/// A network of packets, for SYN probers: answers by a function, loses a
/// seeded share in each direction, has a ring of so many packets. Answers come
/// to the port that their flow belongs to, which need not be the asking one's.
struct SimPacketNetwork {
  SimReply reply;
  double loss = 0;  ///< of SYNs, and of the packets that answer them
  uint64_t seed = 1;
  size_t ring = SIZE_MAX;                ///< packets that wait to be received; further ones are dropped
  uint32_t busy_every = 0;               ///< every n-th call of send() finds the device busy; 0: none
  std::optional<Nanos> neighbour_delay;  ///< everyone answers ARP after so long; unset: nobody does
  std::vector<std::pair<Instant, Endpoint>> arrivals;  ///< of SYNs
  std::map<Endpoint, int> syns;                        ///< how often each endpoint was asked
  size_t questions = 0;                                ///< ARP requests that were sent
  std::mutex mutex;                                    ///< of all that follows, arrivals and syns
  std::vector<SimRing> rings;                          ///< one a port
  uint64_t order = 0;
};

/// A PacketPort over it; sleeping advances the virtual clock.
class SimPacketPort final : public PacketPort {
 public:
  SimPacketPort(SimPacketNetwork& network, VirtualClock& clock)
      : network_(network), clock_(clock), random_(network.seed) {
    const std::lock_guard lock(network_.mutex);
    ring_ = network_.rings.size();
    network_.rings.emplace_back();
  }

  SendResult send(std::span<const OutgoingPacket> packets) override {
    if (network_.busy_every != 0 && ++calls_ % network_.busy_every == 0) {
      ++counters_.refused;
      return {0, ENOBUFS};
    }
    const std::lock_guard lock(network_.mutex);
    for (const OutgoingPacket& packet : packets) take(packet);
    counters_.sent += packets.size();
    return {packets.size(), 0};
  }

  std::span<const IncomingPacket> receive() override {
    held_.clear();
    arrived_.clear();
    const std::lock_guard lock(network_.mutex);
    SimRing& due = network_.rings[ring_];
    while (!due.empty() && due.top().at <= clock_.now()) {
      if (held_.size() < network_.ring)
        held_.push_back(due.top());
      else
        ++counters_.rx_dropped;
      due.pop();
    }
    for (const SimDue& packet : held_) arrived_.push_back(incoming(packet));
    counters_.received += arrived_.size();
    return arrived_;
  }

  int descriptor() const override { return -1; }
  PacketCounters counters() override { return counters_; }

  void wait(Nanos longest, int) override {
    const Instant until = clock_.now() + longest;
    const std::lock_guard lock(network_.mutex);
    const SimRing& due = network_.rings[ring_];
    clock_.advance_to(due.empty() ? until : std::min(until, due.top().at));
  }

 private:
  void take(const OutgoingPacket& packet) {
    if (packet.ether_type == kEtherTypeArp) return take_question(packet.bytes);
    const PacketContent content = read_packet(packet.ether_type, packet.bytes);
    const TcpSegment& segment = std::get<TcpSegment>(content);
    ++network_.syns[segment.to];
    network_.arrivals.emplace_back(clock_.now(), segment.to);
    if (lost()) return;
    SimSyn syn{segment.from, segment.to, segment.sequence,
               read_tcp_options(segment.options).timestamp_value.value_or(0)};
    for (const SimPacket& answer : network_.reply(syn)) {
      if (!lost()) arrive(hash_of(segment.from) % network_.rings.size(), answer.delay, answer.bytes);
    }
  }

  void arrive(size_t ring, Nanos delay, packets::Bytes bytes) {
    network_.rings[ring].push({clock_.now() + delay, network_.order++, std::move(bytes)});
  }

  /// ARP (RFC 826): the sender's address stands at byte 14, whom it asks for at byte 24.
  void take_question(std::span<const std::byte> question) {
    ++network_.questions;
    if (!network_.neighbour_delay) return;
    const std::string asker = address_at(question, 14), asked = address_at(question, 24);
    arrive(0, *network_.neighbour_delay,
           packets::arp({.sender = asked, .sender_station = packets::station(7), .target = asker}));
  }

  static std::string address_at(std::span<const std::byte> packet, size_t offset) {
    uint32_t number = 0;
    for (const std::byte byte : packet.subspan(offset, 4))
      number = number << 8 | std::to_integer<uint32_t>(byte);
    return IpAddress::v4(number).to_string();
  }

  static uint16_t ether_type_of(const packets::Bytes& packet) {
    switch (std::to_integer<int>(packet.front()) >> 4) {
      case 4: return kEtherTypeIpv4;
      case 6: return kEtherTypeIpv6;
      default: return kEtherTypeArp;
    }
  }

  bool lost() { return std::uniform_real_distribution<>(0, 1)(random_) < network_.loss; }

  IncomingPacket incoming(const SimDue& due) const {
    IncomingPacket packet;
    packet.interface_index = 1;
    packet.ether_type = ether_type_of(due.bytes);
    packet.bytes = due.bytes;
    packet.whole_size = static_cast<uint32_t>(due.bytes.size());
    packet.received = clock_.system_time() - (clock_.now() - due.at);
    return packet;
  }

  SimPacketNetwork& network_;
  VirtualClock& clock_;
  std::mt19937_64 random_;
  size_t ring_ = 0;
  uint32_t calls_ = 0;
  PacketCounters counters_;
  std::vector<SimDue> held_;
  std::vector<IncomingPacket> arrived_;
};

}  // namespace sonde
