#pragma once

#include <netinet/in.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "net/address.h"
#include "net/base/clock.h"
#include "net/base/result.h"

namespace sonde {

/// From where connections are made; all optional.
struct SourceOptions {
  std::optional<IpAddress> source_v4;  ///< bind(2) address for IPv4 targets
  std::optional<IpAddress> source_v6;  ///< bind(2) address for IPv6 targets
  std::string interface;               ///< SO_BINDTODEVICE; empty: by route
  uint16_t first_port = 0;             ///< IP_LOCAL_PORT_RANGE (Linux 6.3), 0: the system's range
  uint16_t last_port = 0;
  /// Addresses of this machine, ascending. Towards them the kernel may pick the
  /// destination's port as the source port, and TCP then connects to itself
  /// (simultaneous open, RFC 9293 §3.5): a closed port would look open.
  std::vector<IpAddress> own_addresses;

  /// True for addresses of this machine, all of 127.0.0.0/8 included.
  bool is_own(const IpAddress& address) const;
};

/// A TCP socket for non-blocking connects, or the errno that says why there is
/// none. The caller owns the descriptor. IP_RECVERR / IPV6_RECVERR are set, so
/// that ICMP errors stay readable; with a source address, the port is chosen at
/// connect time (IP_BIND_ADDRESS_NO_PORT), so that ports are shared between
/// destinations.
tl::expected<int, int> open_tcp_socket(int family, const SourceOptions& source);

/// The same, for one connect to an address of this machine: bound to a source
/// port that is not the destination's. To be used once.
tl::expected<int, int> open_tcp_socket_to_self(const Endpoint& to, const SourceOptions& source);

/// Checks once, before a run, that sockets can be opened with these options;
/// the error names the option that the kernel refuses, and why.
Result<void> check_source_options(const SourceOptions& source);

/// What the kernel knows of a connection (TCP_INFO).
struct TcpFacts {
  bool handshake_done = false;  ///< past SYN_SENT: the SYN-ACK came
  std::optional<Nanos> rtt;     ///< SYN to SYN-ACK; absent when the SYN was repeated, since the answer
                                ///< then belongs to either (Karn's algorithm)
};

/// Reads TCP_INFO; nullopt when the kernel refuses.
std::optional<TcpFacts> tcp_facts(int descriptor);

}  // namespace sonde
