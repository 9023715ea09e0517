#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "net/address.h"

namespace sonde {

/// The class of an endpoint, in nmap's words; `error` is a fault on our side
/// and says nothing about the target.
enum class State : uint8_t { open, closed, filtered, error };

/// Why an endpoint is in its state, in nmap's vocabulary; the local_* reasons
/// belong to State::error alone.
enum class Reason : uint8_t {
  syn_ack,               ///< the handshake was answered: open
  conn_refused,          ///< a RST, seen through the kernel's connect: closed
  reset,                 ///< a RST, seen as a packet: closed
  no_response,           ///< nothing after every attempt: filtered
  net_unreach,           ///< ICMP 3/0, v6 1/0
  host_unreach,          ///< ICMP 3/1, v6 1/3; also an unanswered ARP or neighbour solicitation
  proto_unreach,         ///< ICMP 3/2
  port_unreach,          ///< ICMP 3/3, v6 1/4
  admin_prohibited,      ///< ICMP 3/9, 3/10, 3/13, v6 1/1, 1/5, 1/6
  dest_unreach,          ///< any other code of destination unreachable
  time_exceeded,         ///< ICMP 11, v6 3: a routing loop or a far too long path
  param_problem,         ///< ICMP 12, v6 4
  local_no_descriptors,  ///< EMFILE, ENFILE
  local_no_memory,       ///< ENOBUFS, ENOMEM
  local_no_ports,        ///< EADDRNOTAVAIL: no source port or source address left
  local_denied,          ///< EACCES, EPERM: a policy of this machine
  local_no_route,        ///< no route from this machine, no ICMP from anyone
  local_link_down,       ///< ENETDOWN: the interface is down, or its link
  local_no_gateway,      ///< the gateway to it does not answer ARP or neighbour solicitations
  local_firewall,        ///< an ICMP rejection that this machine sent to itself
  local_failure,         ///< any other error of this machine; its errno is kept
};

/// A state with its reason: the verdict on one attempt, or on an endpoint.
struct Outcome {
  State state = State::filtered;
  Reason reason = Reason::no_response;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

/// An ICMP or ICMPv6 error, as far as it is evidence.
struct IcmpEvidence {
  uint8_t type = 0;
  uint8_t code = 0;
  IpAddress sender;  ///< who sent it: a router, a firewall, the host, or ourselves
  friend bool operator==(const IcmpEvidence&, const IcmpEvidence&) = default;
};

/// What the header of the deciding TCP segment showed: evidence of who answered.
struct SegmentEvidence {
  uint8_t ttl = 0;  ///< as received: what was left of it; IPv6: hop limit
  uint16_t window = 0;
  std::optional<uint16_t> mss;
  std::string options;  ///< nmap's letters in the segment's order: "MSTNW"
  friend bool operator==(const SegmentEvidence&, const SegmentEvidence&) = default;
};

/// Which clock an RTT was taken by: the kernel's packet times, or ours around
/// the system calls (which adds our own scheduling).
enum class RttClock : uint8_t { kernel, app };

/// What the peer did right after it had accepted.
enum class AfterAccept : uint8_t {
  nothing,  ///< it stayed connected, or we did not look
  reset,    ///< it sent a RST: TCP wrapper, full backlog, proxy without backend
  closed,   ///< it sent a FIN without a byte
  hung_up,  ///< one of the two, after we had sent a line: our own bytes may have made the FIN a RST
};

std::string_view to_string(State state);
std::string_view to_string(Reason reason);
std::string_view to_string(RttClock clock);
/// "reset", "closed" or "hung-up"; empty for `nothing`.
std::string_view to_string(AfterAccept after);

}  // namespace sonde
