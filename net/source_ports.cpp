#include "net/source_ports.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <random>
#include <utility>

#include "net/limits.h"
#include "net/socket_address.h"

namespace sonde {
namespace {

constexpr uint16_t kMostPorts = 1024;
constexpr uint16_t kFirstUnprivileged = 1024;
constexpr int kTriesPerZone = 32;
constexpr PortRange kUsualLocalPorts{32768, 60999};  // where the kernel does not tell

// A socket for both families, or for IPv4 where IPv6 is switched off.
int open_socket(bool& dual_stack) {
  const int type = SOCK_STREAM | SOCK_CLOEXEC;
  const int descriptor = socket(AF_INET6, type, IPPROTO_TCP);
  dual_stack = descriptor >= 0;
  return dual_stack || errno != EAFNOSUPPORT ? descriptor : socket(AF_INET, type, IPPROTO_TCP);
}

int bind_to(int descriptor, bool dual_stack, uint16_t port) {
  constexpr int kOff = 0;
  if (dual_stack && setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &kOff, sizeof kOff) != 0) return errno;
  const SocketAddress any(Endpoint{dual_stack ? IpAddress() : IpAddress::v4(0), port});
  return bind(descriptor, any.data(), any.size()) == 0 ? 0 : errno;
}

// Without SO_REUSEADDR, so that the port is shared with nobody.
tl::expected<int, int> hold_port(uint16_t port) {
  bool dual_stack = false;
  const int descriptor = open_socket(dual_stack);
  if (descriptor < 0) return tl::unexpected(errno);
  const int error = bind_to(descriptor, dual_stack, port);
  if (error == 0) return descriptor;
  close(descriptor);
  return tl::unexpected(error);
}

void close_all(const std::vector<int>& descriptors) {
  for (const int descriptor : descriptors) close(descriptor);
}

struct Refusal {
  uint16_t port = 0;
  int error = 0;
};

tl::expected<std::vector<int>, Refusal> hold_run(uint16_t first, uint16_t last) {
  std::vector<int> descriptors;
  for (uint32_t port = first; port <= last; ++port) {
    const auto descriptor = hold_port(static_cast<uint16_t>(port));
    if (!descriptor) {
      close_all(descriptors);
      return tl::unexpected(Refusal{static_cast<uint16_t>(port), descriptor.error()});
    }
    descriptors.push_back(*descriptor);
  }
  return descriptors;
}

// The run is moved elsewhere when a port of it is taken; other errors would
// come up elsewhere, too.
bool is_taken(int error) { return error == EADDRINUSE; }

std::string remedy_of(int error) {
  if (is_taken(error)) return "is taken: `ss -tanp` shows by whom; name others with --source-port";
  if (error == EACCES)
    return "is reserved for privileged programs: name ports from 1024 on with --source-port";
  if (error == EMFILE || error == ENFILE)
    return "cannot be reserved: no descriptors left; raise the limit with `ulimit -n`";
  return "cannot be reserved: " + std::string(std::strerror(error));
}

tl::unexpected<Error> refused(const Refusal& refusal) {
  return impossible_error("source port " + std::to_string(refusal.port) + " " + remedy_of(refusal.error));
}

// Above the range that connect() picks from, services are rarest; below, no
// connection stands in the way; within, what is free is a matter of luck.
std::array<PortRange, 3> zones() {
  const PortRange local = read_limits().source_ports.value_or(kUsualLocalPorts);
  PortRange above{}, below{};
  if (local.last < UINT16_MAX) above = {static_cast<uint16_t>(local.last + 1), UINT16_MAX};
  if (local.first > kFirstUnprivileged) below = {kFirstUnprivileged, static_cast<uint16_t>(local.first - 1)};
  return {above, below, PortRange{std::max(local.first, kFirstUnprivileged), local.last}};
}

}  // namespace

Result<SourcePorts> SourcePorts::reserve(uint16_t count) {
  if (count == 0 || count > kMostPorts)
    return usage_error("between 1 and " + std::to_string(kMostPorts) + " source ports can be reserved");
  std::random_device random;
  for (const PortRange& zone : zones()) {
    if (zone.count() < count) continue;
    std::uniform_int_distribution<uint32_t> anywhere(zone.first, zone.last - count + 1U);
    for (int attempt = 0; attempt < kTriesPerZone; ++attempt) {
      const auto first = static_cast<uint16_t>(anywhere(random));
      const auto last = static_cast<uint16_t>(first + count - 1);
      auto held = hold_run(first, last);
      if (held) return SourcePorts(std::move(*held), first, last);
      if (!is_taken(held.error().error)) return refused(held.error());
    }
  }
  return impossible_error("no " + std::to_string(count) +
                          " neighbouring source ports are free: end what holds them (`ss -tan`), or ask for "
                          "fewer with --source-port");
}

Result<SourcePorts> SourcePorts::reserve(uint16_t first, uint16_t last) {
  if (first == 0 || last < first || last - first >= kMostPorts)
    return usage_error("source ports are a range of 1 to " + std::to_string(kMostPorts) +
                       " ports, such as 61000-61015");
  auto held = hold_run(first, last);
  if (!held) return refused(held.error());
  return SourcePorts(std::move(*held), first, last);
}

SourcePorts::SourcePorts(std::vector<int> descriptors, uint16_t first, uint16_t last)
    : descriptors_(std::move(descriptors)), first_(first), last_(last) {}

SourcePorts::~SourcePorts() { close_all(descriptors_); }

SourcePorts::SourcePorts(SourcePorts&& other) noexcept
    : descriptors_(std::exchange(other.descriptors_, {})), first_(other.first_), last_(other.last_) {}

SourcePorts& SourcePorts::operator=(SourcePorts&& other) noexcept {
  std::swap(descriptors_, other.descriptors_);
  std::swap(first_, other.first_);
  std::swap(last_, other.last_);
  return *this;
}

}  // namespace sonde
