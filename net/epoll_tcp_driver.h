#pragma once

#include <memory>

#include "net/tcp_driver.h"
#include "net/tcp_socket.h"

namespace sonde {

/// A TcpDriver on epoll, for where io_uring is not permitted (containers block
/// it by default). Each slot in use holds an ordinary descriptor: when they run
/// out, connect() ends with EMFILE. Sockets are used again as on io_uring.
///
/// Error: no epoll descriptor can be had.
Result<std::unique_ptr<TcpDriver>> make_epoll_tcp_driver(uint32_t slots, const SourceOptions& source);

}  // namespace sonde
