#include "net/error_queue.h"

#include <linux/errqueue.h>

#include <cstring>

#include "net/socket_address.h"

namespace sonde {
namespace {

bool holds_extended_error(const cmsghdr& header) {
  const bool v4 = header.cmsg_level == IPPROTO_IP && header.cmsg_type == IP_RECVERR;
  const bool v6 = header.cmsg_level == IPPROTO_IPV6 && header.cmsg_type == IPV6_RECVERR;
  return (v4 || v6) && header.cmsg_len >= CMSG_LEN(sizeof(sock_extended_err) + sizeof(sockaddr_in));
}

IpAddress sender_of(const cmsghdr& header) {
  sockaddr_in6 offender{};
  const size_t available = header.cmsg_len - CMSG_LEN(sizeof(sock_extended_err));
  std::memcpy(&offender, CMSG_DATA(&header) + sizeof(sock_extended_err),
              std::min(available, sizeof offender));
  const std::optional<Endpoint> endpoint = endpoint_of(offender);
  return endpoint ? endpoint->address : IpAddress();
}

}  // namespace

msghdr* ErrorQueueRead::prepare() {
  destination_ = {};
  message_ = {};
  message_.msg_name = &destination_;
  message_.msg_namelen = sizeof destination_;
  message_.msg_control = control_.data();
  message_.msg_controllen = control_.size();
  return &message_;
}

std::optional<IcmpError> ErrorQueueRead::parse(const Endpoint& expected) const {
  const std::optional<Endpoint> destination = endpoint_of(destination_);
  if (!destination || destination->address != expected.address || destination->port != expected.port)
    return std::nullopt;
  msghdr message = message_;
  for (const cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, const_cast<cmsghdr*>(header))) {
    if (!holds_extended_error(*header)) continue;
    sock_extended_err error;
    std::memcpy(&error, CMSG_DATA(header), sizeof error);
    if (error.ee_origin != SO_EE_ORIGIN_ICMP && error.ee_origin != SO_EE_ORIGIN_ICMP6) continue;
    return IcmpError{error.ee_type, error.ee_code, sender_of(*header)};
  }
  return std::nullopt;
}

std::optional<IcmpError> read_error_queue(int descriptor, const Endpoint& expected) {
  ErrorQueueRead read;
  while (recvmsg(descriptor, read.prepare(), MSG_ERRQUEUE | MSG_DONTWAIT) >= 0) {
    if (std::optional<IcmpError> error = read.parse(expected)) return error;
  }
  return std::nullopt;
}

}  // namespace sonde
