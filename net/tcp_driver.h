#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "net/address.h"
#include "net/base/clock.h"
#include "net/error_queue.h"

namespace sonde {

/// The end of one operation on a slot.
struct TcpEvent {
  enum class Kind : uint8_t { connected, received, sent };
  uint32_t slot = 0;
  Kind kind = Kind::connected;
  int error = 0;                  ///< errno as the kernel gave it; 0 when it succeeded
  uint32_t bytes = 0;             ///< received or sent; received with 0 bytes and no error is the peer's FIN
  std::optional<IcmpError> icmp;  ///< with connected: the ICMP error that the kernel kept
  std::optional<Nanos> rtt;       ///< with connected: by the kernel's clock, when it can be had
};

enum class CloseMode : uint8_t {
  reset,   ///< RST: nothing stays behind, neither here (TIME_WAIT) nor there
  polite,  ///< FIN: what a well-behaved client does
};

/// TCP client connections, many at a time, each in a numbered slot, over one
/// waiting place. One operation is under way per slot at a time: connect,
/// receive or send; each ends with exactly one event. Errors are raw errno
/// values: what they mean for a verdict is not decided here.
///
/// One driver belongs to one thread, from creation to destruction.
class TcpDriver {
 public:
  virtual ~TcpDriver() = default;

  /// Slots are 0 … capacity()−1.
  virtual uint32_t capacity() const = 0;
  /// "io_uring" or "epoll", for people to read.
  virtual std::string_view name() const = 0;

  /// Begins a connect. The slot must be idle (never used, or closed).
  virtual void connect(uint32_t slot, const Endpoint& to) = 0;
  /// Receives what comes, at most buffer.size() bytes. The buffer must live
  /// until the event. The slot must be connected.
  virtual void receive(uint32_t slot, std::span<std::byte> buffer) = 0;
  /// Sends the bytes, which must live until the event.
  virtual void send(uint32_t slot, std::span<const std::byte> bytes) = 0;
  /// Ends the operation under way early: its event comes with ECANCELED, or
  /// with its true result when that was faster. A cancelled connect still
  /// brings the ICMP error that had arrived by then.
  virtual void cancel(uint32_t slot) = 0;
  /// Ends the connection, or what is left of a failed one; brings no event. No
  /// operation may be under way. The slot is idle at once.
  virtual void close(uint32_t slot, CloseMode mode) = 0;

  /// Sleeps until an event is there, at most `longest`; with zero it only
  /// looks. Also hands over what was begun since the last call.
  virtual void wait(Nanos longest) = 0;
  /// Becomes readable (poll(2)) when something happens, for a thread that sleeps
  /// elsewhere and then calls wait(zero); -1 when the driver has none. What was
  /// begun since the last wait() is handed over, and may end at once, only in
  /// the next one: it comes before the sleep.
  virtual int descriptor() const { return -1; }
  /// The events since the last call, valid until the next call of wait().
  virtual std::span<const TcpEvent> events() = 0;
};

}  // namespace sonde
