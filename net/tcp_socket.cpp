#include "net/tcp_socket.h"

#include <net/if.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "net/socket_address.h"

namespace sonde {
namespace {

// linux/in.h of Debian 12 is older than the option (Linux 6.3).
constexpr int kIpLocalPortRange = 51;

struct Step {
  const char* what;
  int error;
};

int set_int(int descriptor, int level, int option, uint32_t value) {
  return setsockopt(descriptor, level, option, &value, sizeof value) == 0 ? 0 : errno;
}

int keep_icmp_errors(int descriptor, int family) {
  return family == AF_INET6 ? set_int(descriptor, IPPROTO_IPV6, IPV6_RECVERR, 1)
                            : set_int(descriptor, IPPROTO_IP, IP_RECVERR, 1);
}

int bind_interface(int descriptor, const std::string& name) {
  if (name.empty()) return 0;
  return setsockopt(descriptor, SOL_SOCKET, SO_BINDTODEVICE, name.c_str(),
                    static_cast<socklen_t>(name.size())) == 0
             ? 0
             : errno;
}

int bind_ports(int descriptor, const SourceOptions& source) {
  if (source.first_port == 0) return 0;
  const uint32_t range = source.first_port | (uint32_t{source.last_port} << 16);
  return set_int(descriptor, IPPROTO_IP, kIpLocalPortRange, range);
}

int bind_address(int descriptor, int family, const SourceOptions& source) {
  const std::optional<IpAddress>& address = family == AF_INET6 ? source.source_v6 : source.source_v4;
  if (!address) return 0;
  if (const int error = set_int(descriptor, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)) return error;
  Endpoint local{*address, 0};
  if (address->is_link_local_v6()) local.scope = if_nametoindex(source.interface.c_str());
  const SocketAddress socket_address(local);
  return bind(descriptor, socket_address.data(), socket_address.size()) == 0 ? 0 : errno;
}

/// Sets everything on a fresh socket; names the step that failed.
Step configure(int descriptor, int family, const SourceOptions& source) {
  if (const int error = keep_icmp_errors(descriptor, family)) return {"IP_RECVERR", error};
  if (const int error = bind_interface(descriptor, source.interface)) return {"--interface", error};
  if (const int error = bind_ports(descriptor, source)) return {"--source-port", error};
  if (const int error = bind_address(descriptor, family, source)) return {"--source", error};
  return {"", 0};
}

std::string remedy_of(std::string_view option) {
  if (option == "--interface") return "; `ip link` lists the interfaces";
  if (option == "--source") return "; `ip address` lists the addresses of this machine";
  if (option == "--source-port") return "; a range of source ports needs Linux 6.3";
  return "";
}

uint16_t local_port(int descriptor) {
  sockaddr_in6 local{};
  socklen_t size = sizeof local;
  if (getsockname(descriptor, reinterpret_cast<sockaddr*>(&local), &size) != 0) return 0;
  const std::optional<Endpoint> endpoint = endpoint_of(local);
  return endpoint ? endpoint->port : 0;
}

/// A socket whose source port is fixed already, not only at connect time.
tl::expected<int, int> open_bound(int family, const SourceOptions& source) {
  SourceOptions by_route = source;
  std::optional<IpAddress>& address = family == AF_INET6 ? by_route.source_v6 : by_route.source_v4;
  const Endpoint local{address.value_or(family == AF_INET6 ? IpAddress() : IpAddress::v4(0)), 0};
  address.reset();
  const tl::expected<int, int> descriptor = open_tcp_socket(family, by_route);
  if (!descriptor) return descriptor;
  const SocketAddress socket_address(local);
  if (bind(*descriptor, socket_address.data(), socket_address.size()) == 0) return descriptor;
  const int error = errno;
  close(*descriptor);
  return tl::unexpected(error);
}

}  // namespace

tl::expected<int, int> open_tcp_socket(int family, const SourceOptions& source) {
  const int descriptor = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
  if (descriptor < 0) return tl::unexpected(errno);
  const Step step = configure(descriptor, family, source);
  if (step.error == 0) return descriptor;
  close(descriptor);
  return tl::unexpected(step.error);
}

bool SourceOptions::is_own(const IpAddress& address) const {
  constexpr uint32_t kLoopbackNet = 127;
  if (address.is_v4() && address.v4_number() >> 24 == kLoopbackNet) return true;
  return std::binary_search(own_addresses.begin(), own_addresses.end(), address);
}

tl::expected<int, int> open_tcp_socket_to_self(const Endpoint& to, const SourceOptions& source) {
  const int family = to.address.is_v4() ? AF_INET : AF_INET6;
  const tl::expected<int, int> first = open_bound(family, source);
  if (!first || local_port(*first) != to.port) return first;
  const tl::expected<int, int> second = open_bound(family, source);  // while the first one holds the port
  close(*first);
  return second;
}

Result<void> check_source_options(const SourceOptions& source) {
  for (const int family : {AF_INET, AF_INET6}) {
    if (family == AF_INET6 && !source.source_v6) continue;
    const int descriptor = socket(family, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);
    if (descriptor < 0)
      return impossible_error(std::string("no TCP socket can be opened: ") + std::strerror(errno));
    const Step step = configure(descriptor, family, source);
    close(descriptor);
    if (step.error != 0) {
      return usage_error(std::string(step.what) + " is refused by the kernel: " + std::strerror(step.error) +
                         remedy_of(step.what));
    }
  }
  return {};
}

std::optional<TcpFacts> tcp_facts(int descriptor) {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return std::nullopt;
  TcpFacts facts;
  facts.handshake_done = info.tcpi_state != TCP_SYN_SENT && info.tcpi_state != TCP_CLOSE;
  if (facts.handshake_done && info.tcpi_total_retrans == 0 && info.tcpi_rtt > 0) {
    facts.rtt = std::chrono::microseconds(info.tcpi_rtt);
  }
  return facts;
}

}  // namespace sonde
