#include "engine/probe/verdict.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace sonde {
namespace {

struct Row {
  const char* what;
  ConnectResult result;
  Outcome outcome;
};

ConnectResult plain(int error) { return {.error = error, .icmp = {}}; }
ConnectResult icmp(int error, uint8_t type, uint8_t code, bool ipv6 = false, bool ours = false) {
  return {
      .error = error, .icmp = IcmpEvidence{type, code, IpAddress::v4(1)}, .sent_by_us = ours, .ipv6 = ipv6};
}

TEST(ConnectVerdict, Table) {
  const Row rows[] = {
      {"SYN-ACK", plain(0), {State::open, Reason::syn_ack}},
      {"RST", plain(ECONNREFUSED), {State::closed, Reason::conn_refused}},
      {"RST right after the handshake", plain(ECONNRESET), {State::open, Reason::syn_ack}},
      {"our time-out", plain(ECANCELED), {State::filtered, Reason::no_response}},
      {"the kernel's time-out", plain(ETIMEDOUT), {State::filtered, Reason::no_response}},
      {"port unreachable has the errno of a RST",
       icmp(ECONNREFUSED, 3, 3),
       {State::filtered, Reason::port_unreach}},
      {"code 13 has the errno of code 1",
       icmp(EHOSTUNREACH, 3, 13),
       {State::filtered, Reason::admin_prohibited}},
      {"host unreachable", icmp(EHOSTUNREACH, 3, 1), {State::filtered, Reason::host_unreach}},
      {"net unreachable", icmp(ENETUNREACH, 3, 0), {State::filtered, Reason::net_unreach}},
      {"protocol unreachable", icmp(ENOPROTOOPT, 3, 2), {State::filtered, Reason::proto_unreach}},
      {"net prohibited", icmp(ENETUNREACH, 3, 9), {State::filtered, Reason::admin_prohibited}},
      {"host prohibited", icmp(EHOSTUNREACH, 3, 10), {State::filtered, Reason::admin_prohibited}},
      {"another code", icmp(ENETUNREACH, 3, 6), {State::filtered, Reason::dest_unreach}},
      {"time exceeded", icmp(EHOSTUNREACH, 11, 0), {State::filtered, Reason::time_exceeded}},
      {"v6 no route", icmp(ENETUNREACH, 1, 0, true), {State::filtered, Reason::net_unreach}},
      {"v6 prohibited", icmp(EACCES, 1, 1, true), {State::filtered, Reason::admin_prohibited}},
      {"v6 address unreachable", icmp(EHOSTUNREACH, 1, 3, true), {State::filtered, Reason::host_unreach}},
      {"v6 port unreachable", icmp(ECONNREFUSED, 1, 4, true), {State::filtered, Reason::port_unreach}},
      {"v6 source policy", icmp(EACCES, 1, 5, true), {State::filtered, Reason::admin_prohibited}},
      {"ICMP on the queue though the connect was called a success",
       icmp(0, 3, 3),
       {State::filtered, Reason::port_unreach}},
      {"ICMP that came before the time-out",
       icmp(ECANCELED, 3, 13),
       {State::filtered, Reason::admin_prohibited}},
      {"nobody answers ARP", icmp(EHOSTUNREACH, 3, 1, false, true), {State::filtered, Reason::host_unreach}},
      {"nobody answers neighbour solicitations",
       icmp(EHOSTUNREACH, 1, 3, true, true),
       {State::filtered, Reason::host_unreach}},
      {"the gateway does not answer ARP",
       {.error = EHOSTUNREACH,
        .icmp = IcmpEvidence{3, 1, IpAddress::v4(1)},
        .sent_by_us = true,
        .through_gateway = true},
       {State::error, Reason::local_no_gateway}},
      {"a RST after an ICMP error that did not end the connect",
       icmp(ECONNREFUSED, 3, 13),
       {State::closed, Reason::conn_refused}},
      {"our own firewall rejects",
       icmp(ECONNREFUSED, 3, 3, false, true),
       {State::error, Reason::local_firewall}},
      {"our own firewall prohibits",
       icmp(EHOSTUNREACH, 3, 13, false, true),
       {State::error, Reason::local_firewall}},
      {"no descriptors", plain(EMFILE), {State::error, Reason::local_no_descriptors}},
      {"no descriptors in the system", plain(ENFILE), {State::error, Reason::local_no_descriptors}},
      {"no buffers", plain(ENOBUFS), {State::error, Reason::local_no_memory}},
      {"no memory", plain(ENOMEM), {State::error, Reason::local_no_memory}},
      {"no source ports", plain(EADDRNOTAVAIL), {State::error, Reason::local_no_ports}},
      {"forbidden here", plain(EACCES), {State::error, Reason::local_denied}},
      {"forbidden here", plain(EPERM), {State::error, Reason::local_denied}},
      {"no route here, no ICMP from anyone", plain(ENETUNREACH), {State::error, Reason::local_no_route}},
      {"no route here, no ICMP from anyone", plain(EHOSTUNREACH), {State::error, Reason::local_no_route}},
      {"anything else", plain(EPROTO), {State::error, Reason::local_failure}},
  };
  for (const Row& row : rows) EXPECT_EQ(judge_connect(row.result).outcome, row.outcome) << row.what;
}

TEST(ConnectVerdict, NoErrnoOfOursIsEverTheTargetsState) {
  for (int error = 1; error < 134; ++error) {
    const Outcome outcome = judge_connect(plain(error)).outcome;
    const bool targets = error == ECONNREFUSED || error == ECONNRESET || error == EPIPE ||
                         error == ECANCELED || error == ETIMEDOUT;
    EXPECT_EQ(outcome.state == State::error, !targets) << error;
  }
}

TEST(ConnectVerdict, OnlySilenceAndShortagesAreWorthAnotherTry) {
  EXPECT_TRUE(judge_connect(plain(ECANCELED)).unanswered);
  EXPECT_FALSE(judge_connect(icmp(ECANCELED, 3, 3)).unanswered);
  EXPECT_TRUE(judge_connect(plain(EMFILE)).transient);
  EXPECT_FALSE(judge_connect(plain(ENETUNREACH)).transient);
  EXPECT_TRUE(judge_connect(icmp(EHOSTUNREACH, 3, 1, false, true)).neighbour_unresolved);
  EXPECT_EQ(judge_connect(plain(ECONNRESET)).after_accept, AfterAccept::reset);
}

}  // namespace
}  // namespace sonde
