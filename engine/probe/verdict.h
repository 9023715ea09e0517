#pragma once

#include <optional>

#include "engine/probe/outcome.h"

namespace sonde {

/// What a finished connect(2) left behind.
struct ConnectResult {
  int error = 0;                     ///< errno; 0 is success, ECANCELED our own time-out
  std::optional<IcmpEvidence> icmp;  ///< from the socket's error queue
  bool sent_by_us = false;  ///< the ICMP error's sender is an address of this machine, and not the target's
  bool through_gateway = false;  ///< with sent_by_us: the target is not attached to this machine
  bool ipv6 = false;
};

/// The verdict on it.
struct ConnectVerdict {
  Outcome outcome;
  bool unanswered = false;            ///< silence: another attempt may find more
  bool transient = false;             ///< a fault on our side that may pass: worth trying again
  bool neighbour_unresolved = false;  ///< host-unreach because ARP or NDP got no answer
  AfterAccept after_accept = AfterAccept::nothing;
  friend bool operator==(const ConnectVerdict&, const ConnectVerdict&) = default;
};

/// Judges one connect. Pure: no I/O, no clock. The one table from errno and
/// ICMP to an outcome; sources: RFC 792, RFC 4443, and tcp_v4_err() /
/// tcp_v6_err() / tcp_reset() of Linux for which errno a connect ends with.
ConnectVerdict judge_connect(const ConnectResult& result);

/// The reason that an ICMP (or ICMPv6) type and code stand for.
Reason reason_of_icmp(const IcmpEvidence& icmp, bool ipv6);

}  // namespace sonde
