#pragma once

#include <cstdint>

namespace sonde {

/// What became of the packets of a run that sends and receives them itself.
struct PacketBooks {
  uint64_t sent = 0;        ///< SYNs taken by the devices
  uint64_t refused = 0;     ///< packets that a busy device refused; they went again
  uint64_t received = 0;    ///< handed to us by the kernel; each is in one of the next four
  uint64_t answers = 0;     ///< proved themselves: SYN-ACK, RST, ICMP
  uint64_t neighbours = 0;  ///< ARP replies, neighbour advertisements
  uint64_t invalid = 0;     ///< to our ports, with a wrong proof
  uint64_t unrelated = 0;   ///< none of our affair, or not to be read
  uint64_t rx_dropped = 0;  ///< lost by the kernel, because we were too slow to take them
  uint64_t questions = 0;   ///< ARP requests and neighbour solicitations sent
  uint64_t not_sent = 0;    ///< probes that became no SYN: failed here, not resolved, or a connect instead

  /// Whether each received packet is in exactly one of its parts.
  bool balanced() const { return received == answers + neighbours + invalid + unrelated; }

  PacketBooks& operator+=(const PacketBooks& other) {
    sent += other.sent;
    refused += other.refused;
    received += other.received;
    answers += other.answers;
    neighbours += other.neighbours;
    invalid += other.invalid;
    unrelated += other.unrelated;
    rx_dropped += other.rx_dropped;
    questions += other.questions;
    not_sent += other.not_sent;
    return *this;
  }
};

}  // namespace sonde
