#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/probe/outcome.h"
#include "engine/probe/packet_books.h"
#include "net/base/clock.h"

namespace sonde {

/// What is told of one endpoint: the final word of a sweep about it. Facts
/// that were not seen are absent, never invented.
struct EndpointRecord {
  WallTime time;  ///< when the deciding answer came (or the last attempt was given up)
  Endpoint endpoint;
  std::string name;  ///< the host name or label of the target; empty when there is none
  std::string sni;   ///< the TLS server name of the target; empty when there is none
  Outcome outcome;
  std::optional<Nanos> rtt;            ///< SYN to answer
  RttClock rtt_clock = RttClock::app;  ///< meaningful with rtt
  uint32_t attempts = 0;               ///< how many times it was tried
  std::string service;                 ///< the service table's name for the port, or what the banner shows
  std::optional<SegmentEvidence> segment;  ///< of the SYN-ACK or RST, where packets are seen
  /// The TTL that this host's other answers had, when this one differs: a device
  /// in between may have answered in its stead.
  std::optional<uint8_t> usual_ttl;
  std::optional<Reason> follow_up;  ///< open, but the connect that followed ended so
  std::optional<IcmpEvidence> icmp;
  bool neighbour_unresolved = false;  ///< host-unreach because ARP or NDP got no answer
  int local_errno = 0;                ///< with State::error: the errno, 0 when there is none
  AfterAccept after_accept = AfterAccept::nothing;
  std::string banner;     ///< first bytes received, raw; at most kLongestBanner
  bool revised = false;   ///< an earlier record of this sweep said less: this one counts
  bool repeated = false;  ///< may already stand in an output of the interrupted run
};

inline constexpr size_t kLongestBanner = 512;

/// A host all of whose answers look like those of a SYN proxy or tarpit: every
/// port that answered did so with a SYN-ACK of window 0 and without options.
struct ProxyRecord {
  IpAddress address;
  uint32_t scope = 0;  ///< as in Endpoint
  uint64_t ports = 0;  ///< that answered so, in this run
};

/// The books of one run: every probe that was started is in one of the parts,
/// and so is every target that another one's probe decided.
struct ProbeBooks {
  uint64_t sent = 0;          ///< attempts handed to the kernel
  uint64_t answered = 0;      ///< … that something answered: SYN-ACK, RST or ICMP
  uint64_t unresolved = 0;    ///< … to a host that answered no ARP or neighbour solicitation
  uint64_t unanswered = 0;    ///< … that ran into the time-out
  uint64_t local_failed = 0;  ///< … that this machine could not carry out
  uint64_t abandoned = 0;     ///< … that were under way when the run was interrupted
  uint64_t late = 0;          ///< of the answered: after the time-out, taken all the same
  uint64_t duplicate = 0;     ///< answers that told nothing new; not in `answered`
  uint64_t shared = 0;  ///< of the answered: no attempts, but further names of an endpoint that answered
  /// Answers by packets that came to be judged: as many as PacketBooks::answers.
  uint64_t packet_answers = 0;
  bool balanced() const {
    return sent + shared == answered + unresolved + unanswered + local_failed + abandoned;
  }

  ProbeBooks& operator+=(const ProbeBooks& other) {
    sent += other.sent;
    answered += other.answered;
    unresolved += other.unresolved;
    unanswered += other.unanswered;
    local_failed += other.local_failed;
    abandoned += other.abandoned;
    late += other.late;
    duplicate += other.duplicate;
    shared += other.shared;
    packet_answers += other.packet_answers;
    return *this;
  }
};

/// What is told of the whole sweep, once, at its end.
struct SummaryRecord {
  std::string version;
  std::string engine;  ///< "connect (io_uring)", "connect (epoll)"
  uint64_t seed = 0;
  std::string shard;       ///< "2/8"; empty when the sweep is whole
  uint64_t targets = 0;    ///< distinct addresses and named hosts
  uint64_t endpoints = 0;  ///< endpoints of this sweep (of the shard, when sharded)
  uint64_t open = 0, closed = 0, filtered = 0,
           errors = 0;      ///< endpoints, earlier runs of a resumed sweep included
  uint64_t unreported = 0;  ///< endpoints without a verdict: the run was interrupted
  uint64_t resumed = 0;     ///< of these, decided by the run that this one resumes
  uint32_t passes = 0;
  std::optional<double> completeness;      ///< estimated share of the answering endpoints that were found
  std::optional<double> completeness_low;  ///< lower end of its 95 % interval
  ProbeBooks books;
  std::optional<PacketBooks> packets;  ///< of engines that send and receive packets themselves
  bool interrupted = false;
  bool degraded = false;
  std::vector<ProxyRecord> proxies;  ///< hosts whose open ports are none, or at least not theirs
  std::vector<std::string> notes;    ///< why degraded, which limits were hit, what was stepped down
  double elapsed_s = 0;
  std::vector<std::string> args;
};

}  // namespace sonde
