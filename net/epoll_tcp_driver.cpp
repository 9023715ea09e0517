#include "net/epoll_tcp_driver.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "net/base/check.h"
#include "net/socket_address.h"

namespace sonde {
namespace {

struct Slot {
  int descriptor = -1;
  int family = AF_UNSPEC;
  bool used_once = false;  // the socket is bound to a port, for one connection
  std::optional<TcpEvent::Kind> under_way;
  Endpoint to;
  std::span<std::byte> buffer;
  std::span<const std::byte> bytes;
};

class EpollTcpDriver final : public TcpDriver {
 public:
  EpollTcpDriver(int poller, uint32_t slots, SourceOptions source)
      : poller_(poller), source_(std::move(source)), slots_(slots) {}
  ~EpollTcpDriver() override;
  EpollTcpDriver(const EpollTcpDriver&) = delete;
  EpollTcpDriver& operator=(const EpollTcpDriver&) = delete;

  uint32_t capacity() const override { return static_cast<uint32_t>(slots_.size()); }
  std::string_view name() const override { return "epoll"; }

  void connect(uint32_t slot, const Endpoint& to) override;
  void receive(uint32_t slot, std::span<std::byte> buffer) override;
  void send(uint32_t slot, std::span<const std::byte> bytes) override;
  void cancel(uint32_t slot) override;
  void close(uint32_t slot, CloseMode mode) override;
  void wait(Nanos longest) override;
  int descriptor() const override { return poller_; }
  std::span<const TcpEvent> events() override { return events_; }

 private:
  int provide_socket(uint32_t index, int family);
  void wait_ready(Nanos longest);
  void discard_socket(Slot& slot);
  void advance(uint32_t index, std::vector<TcpEvent>& events);
  void advance_connect(uint32_t index, std::vector<TcpEvent>& events);
  void advance_transfer(uint32_t index, std::vector<TcpEvent>& events);

  int poller_;
  SourceOptions source_;
  std::vector<Slot> slots_;
  std::vector<TcpEvent> events_;
  std::vector<TcpEvent> early_;  // ended without waiting
  std::array<epoll_event, 512> ready_{};
  int ready_count_ = 0;
  bool precise_ = true;  // epoll_pwait2 is to be had
};

EpollTcpDriver::~EpollTcpDriver() {
  for (Slot& slot : slots_) discard_socket(slot);
  ::close(poller_);
}

void EpollTcpDriver::discard_socket(Slot& slot) {
  if (slot.descriptor >= 0) ::close(slot.descriptor);
  slot.descriptor = -1;
  slot.family = AF_UNSPEC;
}

int EpollTcpDriver::provide_socket(uint32_t index, int family) {
  Slot& slot = slots_[index];
  const bool to_self = source_.is_own(slot.to.address);
  if (slot.family == family && !to_self) return 0;
  discard_socket(slot);
  const tl::expected<int, int> descriptor =
      to_self ? open_tcp_socket_to_self(slot.to, source_) : open_tcp_socket(family, source_);
  if (!descriptor) return descriptor.error();
  epoll_event interest{};
  interest.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  interest.data.u32 = index;
  if (epoll_ctl(poller_, EPOLL_CTL_ADD, *descriptor, &interest) != 0) {
    const int error = errno;
    ::close(*descriptor);
    return error;
  }
  slot.descriptor = *descriptor;
  slot.family = family;
  slot.used_once = to_self;
  return 0;
}

void EpollTcpDriver::connect(uint32_t index, const Endpoint& to) {
  Slot& slot = slots_[index];
  CHECK(!slot.under_way);
  slot.to = to;
  const SocketAddress address(to);
  int error = provide_socket(index, address.family());
  if (error == 0 && ::connect(slot.descriptor, address.data(), address.size()) != 0) error = errno;
  if (error == EINPROGRESS || error == 0) {
    slot.under_way = TcpEvent::Kind::connected;
    if (error == EINPROGRESS) return;
    return advance_connect(index, early_);
  }
  std::optional<IcmpError> icmp;
  if (slot.descriptor >= 0) icmp = read_error_queue(slot.descriptor, to);
  early_.push_back(
      {.slot = index, .kind = TcpEvent::Kind::connected, .error = error, .icmp = icmp, .rtt = {}});
}

void EpollTcpDriver::receive(uint32_t index, std::span<std::byte> buffer) {
  Slot& slot = slots_[index];
  CHECK(!slot.under_way);
  slot.under_way = TcpEvent::Kind::received;
  slot.buffer = buffer;
  advance_transfer(index, early_);  // with edge triggering, what is there already brings no event
}

void EpollTcpDriver::send(uint32_t index, std::span<const std::byte> bytes) {
  Slot& slot = slots_[index];
  CHECK(!slot.under_way);
  slot.under_way = TcpEvent::Kind::sent;
  slot.bytes = bytes;
  advance_transfer(index, early_);
}

void EpollTcpDriver::cancel(uint32_t index) {
  Slot& slot = slots_[index];
  if (!slot.under_way) return;
  const size_t before = early_.size();
  advance(index, early_);
  if (early_.size() > before) return;  // it had ended, unseen until now
  early_.push_back({.slot = index, .kind = *slot.under_way, .error = ECANCELED, .icmp = {}, .rtt = {}});
  slot.under_way.reset();
}

void EpollTcpDriver::close(uint32_t index, CloseMode mode) {
  Slot& slot = slots_[index];
  CHECK(!slot.under_way);
  if (slot.descriptor < 0) return;
  const sockaddr nothing{AF_UNSPEC, {}};
  const bool dissolved =
      mode == CloseMode::reset && ::connect(slot.descriptor, &nothing, sizeof nothing) == 0;
  if (!dissolved || slot.used_once) discard_socket(slot);
}

void EpollTcpDriver::wait(Nanos longest) {
  events_.clear();
  events_.swap(early_);
  wait_ready(events_.empty() ? std::max(longest, Nanos::zero()) : Nanos::zero());
  for (int i = 0; i < ready_count_; ++i) {
    const uint32_t index = ready_[static_cast<size_t>(i)].data.u32;
    if (slots_[index].under_way) advance(index, events_);
  }
}

/// epoll_pwait2(2) sleeps to the nanosecond, but old kernels (before 5.11) and
/// sandboxes may not have it.
void EpollTcpDriver::wait_ready(Nanos longest) {
  const int most = static_cast<int>(ready_.size());
  if (precise_) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(longest);
    const timespec timeout{seconds.count(), (longest - seconds).count()};
    ready_count_ = epoll_pwait2(poller_, ready_.data(), most, &timeout, nullptr);
    if (ready_count_ >= 0 || errno == EINTR) return;
    precise_ = false;
  }
  const auto whole = std::chrono::ceil<std::chrono::milliseconds>(longest);
  ready_count_ = epoll_wait(poller_, ready_.data(), most, static_cast<int>(whole.count()));
}

void EpollTcpDriver::advance(uint32_t index, std::vector<TcpEvent>& events) {
  if (slots_[index].under_way == TcpEvent::Kind::connected) return advance_connect(index, events);
  advance_transfer(index, events);
}

/// Readiness is only a hint (it may belong to the slot's last connection): the
/// socket's own word decides whether the connect has ended.
void EpollTcpDriver::advance_connect(uint32_t index, std::vector<TcpEvent>& events) {
  Slot& slot = slots_[index];
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(slot.descriptor, SOL_SOCKET, SO_ERROR, &error, &size);
  const std::optional<TcpFacts> facts = tcp_facts(slot.descriptor);
  const bool done = facts && facts->handshake_done;
  const std::optional<IcmpError> icmp = read_error_queue(slot.descriptor, slot.to);
  if (error == 0 && !done && !icmp) return;
  slot.under_way.reset();
  events.push_back({.slot = index,
                    .kind = TcpEvent::Kind::connected,
                    .error = error,
                    .icmp = done && error == 0 ? std::nullopt : icmp,
                    .rtt = facts ? facts->rtt : std::nullopt});
}

void EpollTcpDriver::advance_transfer(uint32_t index, std::vector<TcpEvent>& events) {
  Slot& slot = slots_[index];
  const TcpEvent::Kind kind = *slot.under_way;
  const ssize_t moved =
      kind == TcpEvent::Kind::received
          ? ::recv(slot.descriptor, slot.buffer.data(), slot.buffer.size(), MSG_DONTWAIT)
          : ::send(slot.descriptor, slot.bytes.data(), slot.bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (moved < 0 && (errno == EAGAIN || errno == EINTR)) return;
  const int error = moved < 0 ? errno : 0;
  slot.under_way.reset();
  events.push_back({.slot = index,
                    .kind = kind,
                    .error = error,
                    .bytes = moved > 0 ? static_cast<uint32_t>(moved) : 0,
                    .icmp = {},
                    .rtt = {}});
}

}  // namespace

Result<std::unique_ptr<TcpDriver>> make_epoll_tcp_driver(uint32_t slots, const SourceOptions& source) {
  const int poller = epoll_create1(EPOLL_CLOEXEC);
  if (poller < 0) return impossible_error(std::string("epoll cannot be used: ") + std::strerror(errno));
  return std::make_unique<EpollTcpDriver>(poller, slots, source);
}

}  // namespace sonde
