#pragma once

#include <memory>

#include "net/tcp_driver.h"
#include "net/tcp_socket.h"

namespace sonde {

/// The most slots of one driver: three completions of each fit the kernel's
/// largest completion queue (65,536).
inline constexpr uint32_t kMostUringSlots = 20000;

/// A TcpDriver on io_uring. Sockets live in the ring's table of direct
/// descriptors, so they do not count against the descriptor limit one by one;
/// the table's size is bounded by that limit, per ring. A socket is used for
/// one connection after another (connect to AF_UNSPEC between them), which
/// saves its making and closing: about 40 % of a probe's cost.
///
/// Error: io_uring is not permitted or too old here, or `slots` is over a
/// limit; the text says which.
Result<std::unique_ptr<TcpDriver>> make_uring_tcp_driver(uint32_t slots, const SourceOptions& source);

}  // namespace sonde
