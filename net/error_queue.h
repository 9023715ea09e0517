#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <optional>

#include "net/address.h"

namespace sonde {

/// An ICMP or ICMPv6 error that the kernel kept on a socket's error queue:
/// type and code as in the packet, `sender` whoever sent it.
struct IcmpError {
  uint8_t type = 0;
  uint8_t code = 0;
  IpAddress sender;
};

/// The buffers of one recvmsg(…, MSG_ERRQUEUE), and what they say afterwards.
///
/// With IP_RECVERR / IPV6_RECVERR set before connect(), Linux keeps the ICMP
/// error that ended a TCP connect on the error queue (ip_icmp_error() in
/// net/ipv4/tcp_ipv4.c; ip(7) still denies it for TCP). A RST leaves the queue
/// empty, which is how the two kinds of ECONNREFUSED are told apart.
class ErrorQueueRead {
 public:
  /// The message header to pass to recvmsg; points into this object, which must
  /// stay where it is until the call has completed. Resets earlier contents.
  msghdr* prepare();

  /// What arrived: the ICMP error, if the message holds one and it quotes a
  /// packet to `expected` (a socket is used for one connect after another, and
  /// an error of an earlier one may come late). Call after recvmsg succeeded.
  std::optional<IcmpError> parse(const Endpoint& expected) const;

 private:
  msghdr message_{};
  sockaddr_in6 destination_{};
  alignas(cmsghdr) std::array<char, 96> control_{};
};

/// Reads the error queue of `descriptor` until it is empty or holds an error
/// about `expected`; never blocks.
std::optional<IcmpError> read_error_queue(int descriptor, const Endpoint& expected);

}  // namespace sonde
