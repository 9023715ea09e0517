#include "net/socket_address.h"

#include <arpa/inet.h>

#include <cstring>

#include "net/packet/wire.h"

namespace sonde {

SocketAddress::SocketAddress(const Endpoint& endpoint) {
  if (endpoint.address.is_v4()) {
    v4 = {};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(endpoint.port);
    v4.sin_addr.s_addr = htonl(endpoint.address.v4_number());
    return;
  }
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(endpoint.port);
  v6.sin6_scope_id = endpoint.scope;
  store_address(std::as_writable_bytes(std::span(v6.sin6_addr.s6_addr)), 0, endpoint.address);
}

std::optional<Endpoint> endpoint_of(const sockaddr_in6& address) {
  if (address.sin6_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, &address, sizeof v4);
    return Endpoint{IpAddress::v4(ntohl(v4.sin_addr.s_addr)), ntohs(v4.sin_port)};
  }
  if (address.sin6_family != AF_INET6) return std::nullopt;
  return Endpoint{load_ipv6(std::as_bytes(std::span(address.sin6_addr.s6_addr)), 0), ntohs(address.sin6_port),
                  address.sin6_scope_id};
}

}  // namespace sonde
