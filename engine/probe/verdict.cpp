#include "engine/probe/verdict.h"

#include <cerrno>

namespace sonde {
namespace {

struct IcmpRow {
  bool ipv6;
  uint8_t type;
  int code;  // -1: any
  Reason reason;
};

// RFC 792, RFC 1812 §5.2.7.1, RFC 4443 §3.1; the first row that fits decides.
constexpr IcmpRow kIcmpRows[] = {
    {false, 3, 0, Reason::net_unreach},       {false, 3, 1, Reason::host_unreach},
    {false, 3, 2, Reason::proto_unreach},     {false, 3, 3, Reason::port_unreach},
    {false, 3, 9, Reason::admin_prohibited},  {false, 3, 10, Reason::admin_prohibited},
    {false, 3, 13, Reason::admin_prohibited}, {false, 3, -1, Reason::dest_unreach},
    {false, 11, -1, Reason::time_exceeded},   {false, 12, -1, Reason::param_problem},
    {true, 1, 0, Reason::net_unreach},        {true, 1, 1, Reason::admin_prohibited},
    {true, 1, 3, Reason::host_unreach},       {true, 1, 4, Reason::port_unreach},
    {true, 1, 5, Reason::admin_prohibited},   {true, 1, 6, Reason::admin_prohibited},
    {true, 1, -1, Reason::dest_unreach},      {true, 3, -1, Reason::time_exceeded},
    {true, 4, -1, Reason::param_problem},
};

struct ErrnoRow {
  int error;
  ConnectVerdict verdict;
};

constexpr ConnectVerdict local(Reason reason, bool transient) {
  return {.outcome = {State::error, reason}, .transient = transient};
}

constexpr ConnectVerdict kSilence{.outcome = {State::filtered, Reason::no_response}, .unanswered = true};

// A connect's errno when no ICMP error explains it.
constexpr ErrnoRow kErrnoRows[] = {
    {0, {.outcome = {State::open, Reason::syn_ack}}},
    {ECONNREFUSED, {.outcome = {State::closed, Reason::conn_refused}}},
    // tcp_reset(): a RST that comes after the handshake gives ECONNRESET, after the peer's FIN EPIPE.
    {ECONNRESET, {.outcome = {State::open, Reason::syn_ack}, .after_accept = AfterAccept::reset}},
    {EPIPE, {.outcome = {State::open, Reason::syn_ack}, .after_accept = AfterAccept::closed}},
    {ECANCELED, kSilence},
    {ETIMEDOUT, kSilence},  // the kernel's own patience ended before ours
    {EMFILE, local(Reason::local_no_descriptors, true)},
    {ENFILE, local(Reason::local_no_descriptors, true)},
    {ENOBUFS, local(Reason::local_no_memory, true)},
    {ENOMEM, local(Reason::local_no_memory, true)},
    {EADDRNOTAVAIL, local(Reason::local_no_ports, true)},
    {EADDRINUSE, local(Reason::local_no_ports, true)},
    {EACCES, local(Reason::local_denied, false)},
    {EPERM, local(Reason::local_denied, false)},
    {ENETUNREACH, local(Reason::local_no_route, false)},
    {EHOSTUNREACH, local(Reason::local_no_route, false)},
    {ENETDOWN, local(Reason::local_link_down, true)},
    {ENODEV, local(Reason::local_no_route, false)},
    {ESTALE, local(Reason::local_failure, true)},  // the driver could not tell this connect from the last one
    {EAGAIN, local(Reason::local_failure, true)},
    {EINTR, local(Reason::local_failure, true)},
};

ConnectVerdict judge_errno(int error) {
  for (const ErrnoRow& row : kErrnoRows) {
    if (row.error == error) return row.verdict;
  }
  return local(Reason::local_failure, false);
}

/// This machine told itself: when the next hop does not answer ARP or NDP, the
/// kernel sends itself host unreachable (ipv4_link_failure()). When that is the
/// target, it says something about the target; when it is a gateway, nothing.
/// Anything else is the rejection of a firewall on our way out.
ConnectVerdict judge_own_icmp(Reason reason, bool through_gateway) {
  if (reason != Reason::host_unreach) return local(Reason::local_firewall, false);
  if (through_gateway) return local(Reason::local_no_gateway, false);
  return {.outcome = {State::filtered, Reason::host_unreach}, .neighbour_unresolved = true};
}

}  // namespace

Reason reason_of_icmp(const IcmpEvidence& icmp, bool ipv6) {
  for (const IcmpRow& row : kIcmpRows) {
    if (row.ipv6 == ipv6 && row.type == icmp.type && (row.code < 0 || row.code == icmp.code))
      return row.reason;
  }
  return Reason::dest_unreach;
}

ConnectVerdict judge_connect(const ConnectResult& result) {
  // What TCP itself said beats what ICMP says: these come only from segments of the peer.
  if (result.error == ECONNRESET || result.error == EPIPE || !result.icmp) return judge_errno(result.error);
  const Reason reason = reason_of_icmp(*result.icmp, result.ipv6);
  // Only port unreachable ends a connect with this errno; beside another ICMP
  // error it was a RST, which is the better evidence.
  if (result.error == ECONNREFUSED && reason != Reason::port_unreach) return judge_errno(ECONNREFUSED);
  if (result.sent_by_us) return judge_own_icmp(reason, result.through_gateway);
  return {.outcome = {State::filtered, reason}};
}

}  // namespace sonde
