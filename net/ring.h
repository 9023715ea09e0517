#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "net/base/clock.h"
#include "net/base/result.h"

struct io_uring_sqe;

namespace sonde {

/// The end of one ring operation: the tag it was begun with, and the result as
/// the kernel gives it (−errno on failure).
struct Completion {
  uint64_t tag = 0;
  int result = 0;
};

/// An io_uring with a table of direct descriptors ("files"): a thin, typed wrap
/// of liburing, and the only door to it. Operations issued in one batch start
/// in the order given. Not thread-safe; made, used and destroyed by one thread
/// (IORING_SETUP_SINGLE_ISSUER).
///
/// See io_uring_setup(2), io_uring_register(2), io_uring_enter(2).
class Ring {
 public:
  /// A ring for `files` direct descriptors. The error says why there is none:
  /// not permitted (containers), too old a kernel, or a limit.
  static Result<Ring> create(uint32_t files);
  Ring(Ring&&) noexcept;
  Ring& operator=(Ring&&) noexcept;
  ~Ring();

  /// Puts a descriptor into the table, replacing what stood there; the caller
  /// keeps its own. Returns 0 or an errno.
  int set_file(uint32_t file, int descriptor);
  /// Takes a descriptor out of the table. Returns 0 or an errno.
  int clear_file(uint32_t file);

  /// Each begins an operation on a file; memory that is passed must live until
  /// the completion.
  void connect(uint32_t file, const sockaddr* address, socklen_t size, uint64_t tag);
  /// Dissolves the file's connection at once, with a RST where one is due
  /// (connect to AF_UNSPEC): the socket can connect anew. No completion unless
  /// it fails.
  void disconnect(uint32_t file, uint64_t tag);
  void receive_message(uint32_t file, msghdr* message, int flags, uint64_t tag);
  void receive(uint32_t file, std::span<std::byte> buffer, uint64_t tag);
  void send(uint32_t file, std::span<const std::byte> bytes, uint64_t tag);
  /// Makes an ordinary descriptor of the file (IORING_OP_FIXED_FD_INSTALL,
  /// Linux 6.8); the result is the descriptor, which the caller owns.
  void install_descriptor(uint32_t file, uint64_t tag);
  bool can_install_descriptor() const;
  /// Cancels the operation that has `target` as its tag. No completion of its
  /// own unless there is nothing to cancel.
  void cancel(uint64_t target, uint64_t tag);

  /// Hands over what was begun, now.
  void submit();
  /// Hands over what was begun, and sleeps until `enough` completions are
  /// there, at most `longest`.
  void submit_and_wait(uint32_t enough, Nanos longest);
  /// Appends all completions that are there.
  void collect(std::vector<Completion>& completions);

 private:
  struct State;
  explicit Ring(std::unique_ptr<State> state);
  io_uring_sqe* next_entry();
  std::unique_ptr<State> state_;
};

}  // namespace sonde
