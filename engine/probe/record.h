#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/probe/outcome.h"
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
  std::optional<IcmpEvidence> icmp;
  bool neighbour_unresolved = false;  ///< host-unreach because ARP or NDP got no answer
  int local_errno = 0;                ///< with State::error: the errno, 0 when there is none
  AfterAccept after_accept = AfterAccept::nothing;
  std::string banner;     ///< first bytes received, raw; at most kLongestBanner
  bool repeated = false;  ///< may already stand in an output of the interrupted run
};

inline constexpr size_t kLongestBanner = 512;

/// The books of one run: every probe that was started is in one of the parts.
struct ProbeBooks {
  uint64_t sent = 0;          ///< attempts handed to the kernel
  uint64_t answered = 0;      ///< … that something answered: SYN-ACK, RST or ICMP
  uint64_t unanswered = 0;    ///< … that ran into the time-out
  uint64_t local_failed = 0;  ///< … that this machine could not carry out
  uint64_t abandoned = 0;     ///< … that were under way when the run was interrupted
  uint64_t late = 0;          ///< of the answered: after the time-out, taken all the same
  bool balanced() const { return sent == answered + unanswered + local_failed + abandoned; }
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
  bool interrupted = false;
  bool degraded = false;
  std::vector<std::string> notes;  ///< why degraded, which limits were hit, what was stepped down
  double elapsed_s = 0;
  std::vector<std::string> args;
};

}  // namespace sonde
