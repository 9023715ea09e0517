#include "tests/lab/fleet_server.h"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "net/base/check.h"
#include "tests/lab/listener.h"

namespace sonde {
namespace {

constexpr size_t kMostDescriptors = 20000;
constexpr size_t kMostHeld = 8000;
constexpr size_t kLongestRequest = 64 * 1024;
constexpr int kAcceptsPerTurn = 64;

bool watch(int epoll, int socket) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = socket;
  return epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &event) == 0;
}

int open_stop_signal() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  return signalfd(-1, &signals, SFD_CLOEXEC);
}

}  // namespace

/// What a descriptor is to the server.
struct FleetServer::Seat {
  enum class Use : uint8_t { none, listener, connection };
  Use use = Use::none;
  size_t service = 0;
  std::string heard;               ///< what a Manner::reply has not yet understood
  std::list<int>::iterator place;  ///< in held_
};

FleetServer::FleetServer(std::vector<Service> services)
    : services_(std::move(services)), seats_(kMostDescriptors), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  CHECK(epoll_ >= 0);
}

FleetServer::FleetServer(FleetServer&& other) noexcept
    : services_(std::move(other.services_)),
      seats_(std::move(other.seats_)),
      held_(std::move(other.held_)),
      epoll_(std::exchange(other.epoll_, -1)),
      crowded_(other.crowded_) {
  other.seats_.clear();
}

FleetServer::~FleetServer() {
  for (size_t socket = 0; socket < seats_.size(); ++socket) {
    if (seats_[socket].use != Seat::Use::none) close(static_cast<int>(socket));
  }
  if (epoll_ >= 0) close(epoll_);
}

Result<FleetServer> FleetServer::open(std::vector<Service> services) {
  FleetServer server(std::move(services));
  for (size_t service = 0; service < server.services_.size(); ++service) {
    for (const int family : {AF_INET, AF_INET6}) {
      if (auto listening = server.listen_on(service, family); !listening) {
        return tl::unexpected(listening.error());
      }
    }
  }
  return server;
}

Result<void> FleetServer::listen_on(size_t service, int family) {
  const auto socket = open_listener(services_[service], family);
  if (!socket) return tl::unexpected(socket.error());
  if (static_cast<size_t>(*socket) >= seats_.size() || !watch(epoll_, *socket)) {
    close(*socket);
    return impossible_error(
        "there are more services than descriptors: use fewer different banners and replies");
  }
  seats_[static_cast<size_t>(*socket)].use = Seat::Use::listener;
  seats_[static_cast<size_t>(*socket)].service = service;
  return {};
}

void FleetServer::serve() {
  const int stop = open_stop_signal();
  CHECK(watch(epoll_, stop));
  std::array<epoll_event, 256> events;
  for (;;) {
    const int count = epoll_wait(epoll_, events.data(), events.size(), -1);
    for (int i = 0; i < count; ++i) {
      const int socket = events[static_cast<size_t>(i)].data.fd;
      if (socket == stop) return;
      switch (seats_[static_cast<size_t>(socket)].use) {
        case Seat::Use::listener: accept_some(socket); break;
        case Seat::Use::connection: hear(socket); break;
        case Seat::Use::none: break;  // released earlier in this turn
      }
    }
  }
}

void FleetServer::accept_some(int listener) {
  const size_t service = seats_[static_cast<size_t>(listener)].service;
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    const int socket = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (socket >= 0) {
      greet(socket, service);
    } else if (errno == ECONNABORTED) {
      continue;
    } else if (errno == EMFILE && !held_.empty()) {
      release(held_.front());
    } else {
      return;
    }
  }
}

void FleetServer::greet(int socket, size_t service) {
  const Service& wanted = services_[service];
  if (wanted.manner == Manner::reset) {
    const linger now{1, 0};
    setsockopt(socket, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(socket);
    return;
  }
  if (wanted.manner == Manner::close) shutdown(socket, SHUT_WR);
  if (wanted.manner == Manner::banner) send(socket, wanted.banner.data(), wanted.banner.size(), MSG_NOSIGNAL);
  hold(socket, service);
}

void FleetServer::hold(int socket, size_t service) {
  if (held_.size() >= kMostHeld) {
    if (!crowded_) std::fprintf(stderr, "more than %zu connections: closing the oldest\n", kMostHeld);
    crowded_ = true;
    release(held_.front());
  }
  Seat& seat = seats_[static_cast<size_t>(socket)];
  seat.use = Seat::Use::connection;
  seat.service = service;
  seat.heard.clear();
  seat.place = held_.insert(held_.end(), socket);
  hear(socket);  // most scanners have gone by now: no need to watch those
  if (seat.use == Seat::Use::connection && !watch(epoll_, socket)) release(socket);
}

void FleetServer::hear(int socket) {
  Seat& seat = seats_[static_cast<size_t>(socket)];
  std::array<char, 4096> buffer;
  const ssize_t length = recv(socket, buffer.data(), buffer.size(), 0);
  if (length < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (length <= 0) return release(socket);
  if (services_[seat.service].manner != Manner::reply) return;
  seat.heard.append(buffer.data(), static_cast<size_t>(length));
  while (answer(socket)) {
  }
  if (seat.heard.size() > kLongestRequest) release(socket);
}

bool FleetServer::answer(int socket) {
  Seat& seat = seats_[static_cast<size_t>(socket)];
  for (const auto& [request, reply] : services_[seat.service].replies) {
    if (!seat.heard.starts_with(request)) continue;
    send(socket, reply.data(), reply.size(), MSG_NOSIGNAL);
    seat.heard.erase(0, request.size());
    return true;
  }
  return false;
}

void FleetServer::release(int socket) {
  Seat& seat = seats_[static_cast<size_t>(socket)];
  held_.erase(seat.place);
  seat.use = Seat::Use::none;
  close(socket);
}

}  // namespace sonde
