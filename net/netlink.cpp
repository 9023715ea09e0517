#include "net/netlink.h"

#include <linux/netlink.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace sonde {
namespace {

// The kernel builds the parts of a dump as large as the buffer, up to 32 KiB.
constexpr size_t kBufferSize = size_t{64} * 1024;
constexpr int kMostDumpAttempts = 5;

constexpr size_t aligned(size_t size) { return (size + NLA_ALIGNTO - 1) & ~size_t{NLA_ALIGNTO - 1}; }

template <typename T>
std::optional<T> load(std::span<const std::byte> bytes) {
  if (bytes.size() < sizeof(T)) return std::nullopt;
  T value;
  std::memcpy(&value, bytes.data(), sizeof(T));
  return value;
}

// What one part of an answer means for the exchange as a whole.
struct PartOutcome {
  bool finished = false;
  int error = 0;
};

PartOutcome closing_code(std::span<const std::byte> body) {
  const int code = load<int>(body).value_or(0);
  return {true, code < 0 ? -code : 0};
}

PartOutcome take_message(const nlmsghdr& header, std::span<const std::byte> body,
                         const std::function<void(const NetlinkMessage&)>& on_message) {
  if (header.nlmsg_type == NLMSG_ERROR || header.nlmsg_type == NLMSG_DONE) return closing_code(body);
  if (header.nlmsg_type == NLMSG_OVERRUN) return {true, ENOBUFS};
  if (header.nlmsg_type == NLMSG_NOOP) return {};
  on_message(NetlinkMessage(header.nlmsg_type, body));
  return {(header.nlmsg_flags & NLM_F_MULTI) == 0, 0};
}

// Takes the messages of one datagram that belong to the request. `torn` is set
// when the kernel says that the list changed while it was being read.
PartOutcome take_datagram(std::span<const std::byte> datagram, uint32_t sequence, bool& torn,
                          const std::function<void(const NetlinkMessage&)>& on_message) {
  while (datagram.size() >= sizeof(nlmsghdr)) {
    const auto header = *load<nlmsghdr>(datagram);
    if (header.nlmsg_len < sizeof(nlmsghdr) || header.nlmsg_len > datagram.size()) return {true, EBADMSG};
    const auto body = datagram.first(header.nlmsg_len).subspan(sizeof(nlmsghdr));
    datagram = datagram.subspan(std::min(aligned(header.nlmsg_len), datagram.size()));
    if (header.nlmsg_seq != sequence) continue;
    torn = torn || (header.nlmsg_flags & NLM_F_DUMP_INTR) != 0;
    const PartOutcome outcome = take_message(header, body, on_message);
    if (outcome.finished) return outcome;
  }
  return {};
}

// A received datagram's size, or minus an errno. Datagrams that did not come
// from the kernel have size 0.
ssize_t receive(int descriptor, std::span<std::byte> buffer) {
  sockaddr_nl sender{};
  socklen_t sender_size = sizeof(sender);
  const ssize_t size = recvfrom(descriptor, buffer.data(), buffer.size(), MSG_TRUNC,
                                reinterpret_cast<sockaddr*>(&sender), &sender_size);
  if (size < 0) return errno == EINTR ? 0 : -errno;
  if (size == 0) return -EPIPE;
  if (static_cast<size_t>(size) > buffer.size()) return -EMSGSIZE;
  return sender.nl_pid == 0 ? size : 0;
}

}  // namespace

NetlinkSocket::NetlinkSocket(int descriptor) : descriptor_(descriptor), buffer_(kBufferSize) {}

NetlinkSocket::NetlinkSocket(NetlinkSocket&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      sequence_(other.sequence_),
      buffer_(std::move(other.buffer_)) {}

NetlinkSocket& NetlinkSocket::operator=(NetlinkSocket&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(sequence_, other.sequence_);
  std::swap(buffer_, other.buffer_);
  return *this;
}

NetlinkSocket::~NetlinkSocket() {
  if (descriptor_ >= 0) close(descriptor_);
}

Result<NetlinkSocket> NetlinkSocket::open(int family) {
  const int descriptor = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, family);
  if (descriptor >= 0) return NetlinkSocket(descriptor);
  return impossible_error("cannot open a netlink socket (" + std::string(std::strerror(errno)) +
                          "): a sandbox may forbid it; allow the address family AF_NETLINK");
}

int NetlinkSocket::exchange(const NetlinkRequest& request,
                            const std::function<void(const NetlinkMessage&)>& on_message) {
  const std::vector<std::byte> message = request.finished(++sequence_);
  if (send(descriptor_, message.data(), message.size(), 0) < 0) return errno;
  bool torn = false;
  while (true) {
    const ssize_t size = receive(descriptor_, buffer_);
    if (size < 0) return static_cast<int>(-size);
    const auto datagram = std::span<const std::byte>(buffer_).first(static_cast<size_t>(size));
    const PartOutcome outcome = take_datagram(datagram, sequence_, torn, on_message);
    if (outcome.finished) return outcome.error == 0 && torn ? EINTR : outcome.error;
  }
}

int netlink_list(NetlinkSocket& socket, const NetlinkRequest& request,
                 const std::function<void()>& start_over,
                 const std::function<void(const NetlinkMessage&)>& on_message) {
  int error = EINTR;
  for (int attempt = 0; attempt < kMostDumpAttempts && error == EINTR; ++attempt) {
    start_over();
    error = socket.exchange(request, on_message);
  }
  return error;
}

}  // namespace sonde
