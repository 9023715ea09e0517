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
constexpr size_t kAttributeHeader = NLA_HDRLEN;

constexpr size_t aligned(size_t size) { return (size + NLA_ALIGNTO - 1) & ~size_t{NLA_ALIGNTO - 1}; }

template <typename T>
std::optional<T> load(std::span<const std::byte> bytes) {
  if (bytes.size() < sizeof(T)) return std::nullopt;
  T value;
  std::memcpy(&value, bytes.data(), sizeof(T));
  return value;
}

U128 load_big_endian(std::span<const std::byte> bytes) {
  U128 number = 0;
  for (std::byte byte : bytes) number = (number << 8) | static_cast<uint8_t>(byte);
  return number;
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

void NetlinkRequest::append(std::span<const std::byte> bytes) {
  body_.insert(body_.end(), bytes.begin(), bytes.end());
  body_.resize(aligned(body_.size()));
}

void NetlinkRequest::attribute(uint16_t type, std::span<const std::byte> payload) {
  const nlattr header{static_cast<uint16_t>(kAttributeHeader + payload.size()), type};
  append(std::as_bytes(std::span(&header, 1)));
  append(payload);
}

void NetlinkRequest::attribute(uint16_t type, uint32_t number) {
  attribute(type, std::as_bytes(std::span(&number, 1)));
}

void NetlinkRequest::attribute(uint16_t type, uint8_t number) {
  attribute(type, std::as_bytes(std::span(&number, 1)));
}

void NetlinkRequest::attribute(uint16_t type, const IpAddress& address) {
  std::byte bytes[16];
  for (size_t i = 0; i < 16; ++i) bytes[i] = static_cast<std::byte>(address.number() >> (8 * (15 - i)));
  attribute(type,
            address.is_v4() ? std::span<const std::byte>(bytes).last(4) : std::span<const std::byte>(bytes));
}

std::vector<std::byte> NetlinkRequest::finished(uint32_t sequence) const {
  nlmsghdr header{};
  header.nlmsg_len = static_cast<uint32_t>(sizeof(header) + body_.size());
  header.nlmsg_type = type_;
  header.nlmsg_flags = static_cast<uint16_t>(NLM_F_REQUEST | (dump_ ? NLM_F_DUMP : 0));
  header.nlmsg_seq = sequence;
  std::vector<std::byte> message(header.nlmsg_len);
  std::memcpy(message.data(), &header, sizeof(header));
  std::copy(body_.begin(), body_.end(), message.begin() + sizeof(header));
  return message;
}

std::optional<std::span<const std::byte>> NetlinkAttributes::find(uint16_t type) const {
  std::span<const std::byte> rest = bytes_;
  while (const auto header = load<nlattr>(rest)) {
    if (header->nla_len < kAttributeHeader || header->nla_len > rest.size()) return std::nullopt;
    if ((header->nla_type & NLA_TYPE_MASK) == type)
      return rest.first(header->nla_len).subspan(kAttributeHeader);
    rest = rest.subspan(std::min(aligned(header->nla_len), rest.size()));
  }
  return std::nullopt;
}

std::optional<uint32_t> NetlinkAttributes::number(uint16_t type) const {
  const auto payload = find(type);
  return payload ? load<uint32_t>(*payload) : std::nullopt;
}

std::optional<uint32_t> NetlinkAttributes::big_endian_number(uint16_t type) const {
  const auto payload = find(type);
  if (!payload || payload->size() != sizeof(uint32_t)) return std::nullopt;
  return static_cast<uint32_t>(load_big_endian(*payload));
}

std::optional<IpAddress> NetlinkAttributes::address(uint16_t type) const {
  const auto payload = find(type);
  if (!payload) return std::nullopt;
  if (payload->size() == 4) return IpAddress::v4(static_cast<uint32_t>(load_big_endian(*payload)));
  if (payload->size() == 16) return IpAddress::from_number(load_big_endian(*payload));
  return std::nullopt;
}

std::string NetlinkAttributes::text(uint16_t type) const {
  const auto payload = find(type);
  if (!payload) return {};
  const char* begin = reinterpret_cast<const char*>(payload->data());
  return std::string(begin, strnlen(begin, payload->size()));
}

NetlinkAttributes NetlinkAttributes::nested(uint16_t type) const {
  return NetlinkAttributes(find(type).value_or(std::span<const std::byte>{}));
}

NetlinkAttributes NetlinkMessage::attributes_after(size_t header_size) const {
  return NetlinkAttributes(body_.subspan(std::min(aligned(header_size), body_.size())));
}

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
