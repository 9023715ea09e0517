#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/probe/outcome.h"
#include "net/base/clock.h"

namespace sonde {

/// Stands for the step of an observation whose prober remembers no probes: its
/// endpoint says which steps it is about.
inline constexpr uint64_t kStepByEndpoint = ~uint64_t{0};

/// One attempt to make.
struct Probe {
  uint64_t step = 0;  ///< the endpoint's place in the walk: its key in ledger and journal
  Endpoint endpoint;
};

/// What one attempt saw.
struct Observation {
  uint64_t step = 0;  ///< or kStepByEndpoint
  Endpoint endpoint;
  Outcome outcome;
  bool unanswered = false;  ///< the time-out passed without any answer
  bool transient = false;   ///< with State::error: worth another try
  bool late = false;        ///< answered after the time-out
  bool followed = false;    ///< a follow-up is part of it
  Instant at;               ///< when it was decided
  std::optional<Nanos> rtt;
  RttClock rtt_clock = RttClock::app;
  std::optional<IcmpEvidence> icmp;
  std::optional<SegmentEvidence> segment;  ///< of the SYN-ACK or RST, where packets are seen
  bool neighbour_unresolved = false;
  int local_errno = 0;
  AfterAccept after_accept = AfterAccept::nothing;
  std::string banner;
  std::optional<Reason> follow_up;  ///< why the follow-up did not connect, although a SYN was accepted
};

}  // namespace sonde
