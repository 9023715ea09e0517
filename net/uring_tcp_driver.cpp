#include "net/uring_tcp_driver.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include "net/base/check.h"
#include "net/ring.h"
#include "net/socket_address.h"

namespace sonde {
namespace {

enum class Operation : uint8_t { connect, read_errors, install, receive, send, disconnect, cancel };

uint64_t tag_of(uint32_t slot, Operation operation) {
  return (uint64_t{slot} << 8) | static_cast<uint8_t>(operation);
}
uint32_t slot_of(uint64_t tag) { return static_cast<uint32_t>(tag >> 8); }
Operation operation_of(uint64_t tag) { return static_cast<Operation>(tag & 0xff); }

struct Slot {
  int family = AF_UNSPEC;  // of the socket that stands in the table; AF_UNSPEC: none
  std::optional<Operation> under_way;
  uint8_t awaited = 0;  // completions that a connect still waits for, after its own
  bool stale_error = false;
  bool used_once = false;  // the socket in the table is bound to a port, for one connection
  int connect_error = 0;
  std::optional<IcmpError> icmp;
  std::optional<TcpFacts> facts;
  Endpoint to;
  SocketAddress address;
  ErrorQueueRead errors;
};

class UringTcpDriver final : public TcpDriver {
 public:
  UringTcpDriver(Ring ring, uint32_t slots, SourceOptions source)
      : ring_(std::move(ring)), source_(std::move(source)), slots_(slots) {}
  ~UringTcpDriver() override { ring_.submit(); }  // the last connections end as they should, too
  UringTcpDriver(const UringTcpDriver&) = delete;
  UringTcpDriver& operator=(const UringTcpDriver&) = delete;

  uint32_t capacity() const override { return static_cast<uint32_t>(slots_.size()); }
  std::string_view name() const override { return "io_uring"; }

  void connect(uint32_t slot, const Endpoint& to) override;
  void receive(uint32_t slot, std::span<std::byte> buffer) override;
  void send(uint32_t slot, std::span<const std::byte> bytes) override;
  void cancel(uint32_t slot) override;
  void close(uint32_t slot, CloseMode mode) override;
  void wait(Nanos longest) override;
  std::span<const TcpEvent> events() override { return events_; }

 private:
  int provide_socket(uint32_t index);
  void discard_socket(uint32_t index);
  void on_completion(const Completion& completion);
  void on_connected(uint32_t index, int result);
  void on_errors_read(uint32_t index, int result);
  void on_installed(uint32_t index, int result);
  void read_errors(uint32_t index);
  void on_follow_up(uint32_t index);
  void finish_connect(uint32_t index);
  void finish_transfer(uint32_t index, TcpEvent::Kind kind, int result);

  Ring ring_;
  SourceOptions source_;
  std::vector<Slot> slots_;
  std::vector<Completion> completions_;
  std::vector<TcpEvent> events_;
  std::vector<TcpEvent> early_;  // failed before the ring was asked
};

/// Puts a fresh socket into the table, unless one of the family stands there.
int UringTcpDriver::provide_socket(uint32_t index) {
  Slot& slot = slots_[index];
  const int family = slot.address.family();
  const bool to_self = source_.is_own(slot.to.address);
  if (slot.family == family && !to_self) return 0;
  discard_socket(index);
  const tl::expected<int, int> descriptor =
      to_self ? open_tcp_socket_to_self(slot.to, source_) : open_tcp_socket(family, source_);
  if (!descriptor) return descriptor.error();
  const int error = ring_.set_file(index, *descriptor);
  ::close(*descriptor);  // the table holds its own reference
  if (error == 0) slot.family = family;
  slot.used_once = to_self;
  return error;
}

/// The table changes at once, operations only when they are handed over: a
/// disconnect that is still queued must reach its own socket first.
void UringTcpDriver::discard_socket(uint32_t index) {
  Slot& slot = slots_[index];
  if (slot.family == AF_UNSPEC) return;
  ring_.submit();
  ring_.clear_file(index);
  slot.family = AF_UNSPEC;
}

void UringTcpDriver::connect(uint32_t index, const Endpoint& to) {
  Slot& slot = slots_[index];
  CHECK(!slot.under_way);
  slot.to = to;
  slot.address = SocketAddress(to);
  slot.stale_error = false;
  slot.connect_error = 0;
  slot.icmp.reset();
  slot.facts.reset();
  if (const int error = provide_socket(index)) {
    early_.push_back(
        {.slot = index, .kind = TcpEvent::Kind::connected, .error = error, .icmp = {}, .rtt = {}});
    return;
  }
  slot.under_way = Operation::connect;
  ring_.connect(index, slot.address.data(), slot.address.size(), tag_of(index, Operation::connect));
}

void UringTcpDriver::receive(uint32_t index, std::span<std::byte> buffer) {
  CHECK(!slots_[index].under_way);
  slots_[index].under_way = Operation::receive;
  ring_.receive(index, buffer, tag_of(index, Operation::receive));
}

void UringTcpDriver::send(uint32_t index, std::span<const std::byte> bytes) {
  CHECK(!slots_[index].under_way);
  slots_[index].under_way = Operation::send;
  ring_.send(index, bytes, tag_of(index, Operation::send));
}

void UringTcpDriver::cancel(uint32_t index) {
  const Slot& slot = slots_[index];
  if (!slot.under_way || slot.awaited > 0) return;  // its end is on the way already
  ring_.cancel(tag_of(index, *slot.under_way), tag_of(index, Operation::cancel));
}

void UringTcpDriver::close(uint32_t index, CloseMode mode) {
  Slot& slot = slots_[index];
  CHECK(!slot.under_way);
  if (slot.family == AF_UNSPEC) return;
  if (mode == CloseMode::reset) ring_.disconnect(index, tag_of(index, Operation::disconnect));
  if (mode == CloseMode::polite || slot.used_once) discard_socket(index);
}

void UringTcpDriver::wait(Nanos longest) {
  events_.clear();
  events_.swap(early_);
  ring_.submit_and_wait(1, events_.empty() ? longest : Nanos::zero());
  completions_.clear();
  ring_.collect(completions_);
  for (const Completion& completion : completions_) on_completion(completion);
}

void UringTcpDriver::on_completion(const Completion& completion) {
  const uint32_t index = slot_of(completion.tag);
  switch (operation_of(completion.tag)) {
    case Operation::connect: return on_connected(index, completion.result);
    case Operation::read_errors: return on_errors_read(index, completion.result);
    case Operation::install: return on_installed(index, completion.result);
    case Operation::receive: return finish_transfer(index, TcpEvent::Kind::received, completion.result);
    case Operation::send: return finish_transfer(index, TcpEvent::Kind::sent, completion.result);
    case Operation::disconnect:  // it failed: the socket is of no more use
      slots_[index].family = AF_UNSPEC;
      return;
    case Operation::cancel: return;  // nothing was left to cancel
  }
}

/// A connect's result alone is no verdict. When an ICMP error arrives while the
/// socket is locked (on a fast path: always), the kernel puts it on the error
/// queue and goes on waiting; io_uring's poll then wakes, finds no hard error
/// and reports success. So the error queue is read after every connect.
void UringTcpDriver::on_connected(uint32_t index, int result) {
  Slot& slot = slots_[index];
  slot.connect_error = result < 0 ? -result : 0;
  slot.awaited = 1;
  read_errors(index);
  if (slot.connect_error != 0 || !ring_.can_install_descriptor()) return;
  ++slot.awaited;
  ring_.install_descriptor(index, tag_of(index, Operation::install));
}

void UringTcpDriver::read_errors(uint32_t index) {
  ring_.receive_message(index, slots_[index].errors.prepare(), MSG_ERRQUEUE | MSG_DONTWAIT,
                        tag_of(index, Operation::read_errors));
}

void UringTcpDriver::on_errors_read(uint32_t index, int result) {
  Slot& slot = slots_[index];
  if (result >= 0) {
    if (const std::optional<IcmpError> icmp = slot.errors.parse(slot.to)) {
      if (!slot.icmp) slot.icmp = icmp;
    } else {
      slot.stale_error = true;
    }
    return read_errors(index);  // until the queue is empty: the next connection finds it clean
  }
  on_follow_up(index);
}

void UringTcpDriver::on_installed(uint32_t index, int result) {
  if (result >= 0) {
    slots_[index].facts = tcp_facts(result);
    ::close(result);
  }
  on_follow_up(index);
}

void UringTcpDriver::on_follow_up(uint32_t index) {
  if (--slots_[index].awaited == 0) finish_connect(index);
}

void UringTcpDriver::finish_connect(uint32_t index) {
  Slot& slot = slots_[index];
  slot.under_way.reset();
  // An error that belongs to an earlier connection of this socket woke the
  // connect up: only the kernel's own word on the state would make it a success.
  const bool confirmed = slot.facts && slot.facts->handshake_done;
  if (slot.connect_error == 0 && slot.stale_error && !slot.icmp && !confirmed) slot.connect_error = ESTALE;
  // The SYN-ACK may have come after the ICMP error: it is the better evidence.
  if (slot.connect_error == 0 && confirmed) slot.icmp.reset();
  events_.push_back({.slot = index,
                     .kind = TcpEvent::Kind::connected,
                     .error = slot.connect_error,
                     .icmp = slot.icmp,
                     .rtt = slot.facts ? slot.facts->rtt : std::nullopt});
}

void UringTcpDriver::finish_transfer(uint32_t index, TcpEvent::Kind kind, int result) {
  slots_[index].under_way.reset();
  events_.push_back({.slot = index,
                     .kind = kind,
                     .error = result < 0 ? -result : 0,
                     .bytes = result > 0 ? static_cast<uint32_t>(result) : 0,
                     .icmp = {},
                     .rtt = {}});
}

}  // namespace

Result<std::unique_ptr<TcpDriver>> make_uring_tcp_driver(uint32_t slots, const SourceOptions& source) {
  Result<Ring> ring = Ring::create(std::min(slots, kMostUringSlots));
  if (!ring) return tl::unexpected(ring.error());
  return std::make_unique<UringTcpDriver>(std::move(*ring), std::min(slots, kMostUringSlots), source);
}

}  // namespace sonde
