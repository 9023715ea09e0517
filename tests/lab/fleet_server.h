#pragma once

#include <cstdint>
#include <list>
#include <string>
#include <vector>

#include "net/base/result.h"
#include "tests/lab/service.h"

namespace sonde {

/// All the services of a fleet in one thread: listeners on 127.0.0.1 and ::1
/// to which the fleet's packet rules redirect connections for any address
/// (tproxy, so the listeners are transparent). Holds a bounded number of
/// connections; past that the oldest is closed, which it says once on stderr.
class FleetServer {
 public:
  /// Opens all listeners. An error names the port and the cause.
  static Result<FleetServer> open(std::vector<Service> services);

  FleetServer(FleetServer&&) noexcept;
  FleetServer& operator=(FleetServer&&) = delete;
  ~FleetServer();

  /// Serves until a SIGTERM or SIGINT.
  void serve();

 private:
  struct Seat;
  explicit FleetServer(std::vector<Service> services);

  Result<void> listen_on(size_t service, int family);
  void accept_some(int listener);
  void greet(int socket, size_t service);
  void hold(int socket, size_t service);
  void hear(int socket);
  bool answer(int socket);
  void release(int socket);

  std::vector<Service> services_;
  std::vector<Seat> seats_;  ///< by descriptor
  std::list<int> held_;      ///< connections, the oldest first
  int epoll_ = -1;
  bool crowded_ = false;  ///< whether the limit was hit before
};

}  // namespace sonde
