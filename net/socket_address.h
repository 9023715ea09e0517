#pragma once

#include <netinet/in.h>

#include "net/address.h"

namespace sonde {

/// An Endpoint in the form that the socket calls take: sockaddr_in for IPv4,
/// sockaddr_in6 for IPv6.
struct SocketAddress {
  explicit SocketAddress(const Endpoint& endpoint);
  SocketAddress() = default;

  const sockaddr* data() const { return reinterpret_cast<const sockaddr*>(&v6); }
  socklen_t size() const { return v6.sin6_family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in); }
  int family() const { return v6.sin6_family; }

  /// sockaddr_in is shorter and begins with the same family field.
  union {
    sockaddr_in6 v6{};
    sockaddr_in v4;
  };
};

/// The endpoint in a socket address; nullopt for families other than IPv4 and
/// IPv6. `address` must point at sizeof(sockaddr_in6) readable bytes.
std::optional<Endpoint> endpoint_of(const sockaddr_in6& address);

}  // namespace sonde
