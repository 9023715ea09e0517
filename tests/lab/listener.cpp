#include "tests/lab/listener.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace sonde {
namespace {

constexpr int kBacklog = 1 << 20;
constexpr int kDeferSeconds = 120;

bool set(int socket, int level, int option, int value) {
  return setsockopt(socket, level, option, &value, sizeof value) == 0;
}

int bind_loopback(int socket, int family, uint16_t port) {
  if (family == AF_INET) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  }
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(port);
  address.sin6_addr = in6addr_loopback;
  return bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

bool make_transparent(int socket, int family) {
  return family == AF_INET
             ? set(socket, SOL_IP, IP_TRANSPARENT, 1)
             : set(socket, SOL_IPV6, IPV6_TRANSPARENT, 1) && set(socket, SOL_IPV6, IPV6_V6ONLY, 1);
}

bool prepare(int socket, const Service& service, int family) {
  if (!set(socket, SOL_SOCKET, SO_REUSEADDR, 1) || !make_transparent(socket, family)) return false;
  // A silent connection to an open port then stays a request in the kernel: a
  // scanner that connects and resets costs no accept and fills no queue.
  if (service.manner == Manner::open && !set(socket, SOL_TCP, TCP_DEFER_ACCEPT, kDeferSeconds)) return false;
  return bind_loopback(socket, family, service.port) == 0 && listen(socket, kBacklog) == 0;
}

}  // namespace

Result<int> open_listener(const Service& service, int family) {
  const int socket = ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (socket >= 0 && prepare(socket, service, family)) return socket;
  const int error = errno;
  if (socket >= 0) close(socket);
  return impossible_error("port " + std::to_string(service.port) + ": " + std::strerror(error));
}

}  // namespace sonde
