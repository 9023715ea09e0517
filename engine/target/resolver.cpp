#include "engine/target/resolver.h"

#include <ares.h>
#include <netdb.h>
#include <poll.h>

#include <algorithm>
#include <map>

#include "net/base/check.h"
#include "net/packet/wire.h"

namespace sonde {
namespace {

using Addresses = Resolver::Addresses;

std::string cause_of(int status) {
  switch (status) {
    case ARES_ENOTFOUND: return "there is no such name (NXDOMAIN)";
    case ARES_ENODATA: return "the name has no address (no A and no AAAA record)";
    case ARES_ETIMEOUT: return "no DNS server answered in time";
    case ARES_ECONNREFUSED:  // also what c-ares says when each server has answered SERVFAIL or REFUSED
      return "no DNS server can be reached, or every one failed (SERVFAIL, REFUSED)";
    default: return ares_strerror(status);
  }
}

tl::unexpected<Error> unresolved(const std::string& name, int status) {
  return usage_error("host name \"" + name + "\": " + cause_of(status));
}

IpAddress address_of(const sockaddr& address) {
  if (address.sa_family == AF_INET)
    return IpAddress::v4(ntohl(reinterpret_cast<const sockaddr_in&>(address).sin_addr.s_addr));
  const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
  return load_ipv6(std::as_bytes(std::span(v6.sin6_addr.s6_addr)), 0);
}

Addresses addresses_of(const ares_addrinfo& found) {
  Addresses addresses;
  for (const auto* node = found.nodes; node != nullptr; node = node->ai_next)
    if (node->ai_family == AF_INET || node->ai_family == AF_INET6)
      addresses.push_back(address_of(*node->ai_addr));
  std::sort(addresses.begin(), addresses.end());
  addresses.erase(std::unique(addresses.begin(), addresses.end()), addresses.end());
  return addresses;
}

/// The questions of one resolve_all(): starts them, a bounded number at a
/// time, and waits for their sockets.
class Batch {
 public:
  Batch(const ResolverOptions& options, std::span<const std::string> names)
      : names_(names), most_in_flight_(std::max<size_t>(options.most_in_flight, 1)) {
    answers_.resize(names.size());
    questions_.reserve(names.size());
    status_ = open(options);
  }
  ~Batch() {
    if (status_ == ARES_SUCCESS) ares_destroy(channel_);
    ares_library_cleanup();
  }
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  std::vector<Result<Addresses>> run() {
    if (status_ != ARES_SUCCESS) return std::vector<Result<Addresses>>(names_.size(), refused());
    while (started_ < names_.size() || in_flight_ > 0) {
      start_questions();
      if (in_flight_ > 0) wait();
    }
    return std::move(answers_);
  }

 private:
  struct Question {
    Batch* batch;
    size_t place;
  };

  int open(const ResolverOptions& options) {
    ares_library_init(ARES_LIB_INIT_ALL);
    ares_options settings{};
    char files_then_dns[] = "fb";
    settings.timeout = options.timeout_ms;
    settings.tries = options.tries;
    settings.lookups = files_then_dns;
    settings.sock_state_cb = &Batch::on_socket;
    settings.sock_state_cb_data = this;
    const int given = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB;
    const int opened = ares_init_options(&channel_, &settings, given);
    if (opened != ARES_SUCCESS || options.servers.empty()) return opened;
    const int set = ares_set_servers_ports_csv(channel_, options.servers.c_str());
    if (set != ARES_SUCCESS) ares_destroy(channel_);
    return set;
  }

  tl::unexpected<Error> refused() const {
    return usage_error(std::string("host names cannot be resolved: ") + ares_strerror(status_));
  }

  void start_questions() {
    ares_addrinfo_hints hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_flags = ARES_AI_NOSORT;  // sorting by RFC 6724 would open a socket for each address
    while (in_flight_ < most_in_flight_ && started_ < names_.size()) {
      questions_.push_back({this, started_});
      ++in_flight_;  // the answer may come within the call
      ares_getaddrinfo(channel_, names_[started_++].c_str(), nullptr, &hints, &Batch::on_answer,
                       &questions_.back());
    }
  }

  void wait() {
    std::vector<pollfd> sockets;
    for (const auto& [descriptor, events] : sockets_) sockets.push_back({descriptor, events, 0});
    timeval longest{60, 0};
    timeval until{};
    const timeval* const due = ares_timeout(channel_, &longest, &until);
    const auto wait_ms = static_cast<int>(due->tv_sec * 1000 + (due->tv_usec + 999) / 1000);
    ::poll(sockets.data(), sockets.size(), wait_ms);
    ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);  // time-outs
    for (const pollfd& socket : sockets) process(socket);
  }

  void process(const pollfd& socket) {
    const bool readable = (socket.revents & (POLLIN | POLLERR | POLLHUP)) != 0;
    const bool writable = (socket.revents & POLLOUT) != 0;
    if (!readable && !writable) return;
    ares_process_fd(channel_, readable ? socket.fd : ARES_SOCKET_BAD, writable ? socket.fd : ARES_SOCKET_BAD);
  }

  static void on_socket(void* data, ares_socket_t descriptor, int readable, int writable) {
    auto& sockets = static_cast<Batch*>(data)->sockets_;
    const auto events = static_cast<short>((readable != 0 ? POLLIN : 0) | (writable != 0 ? POLLOUT : 0));
    if (events == 0) {
      sockets.erase(descriptor);
    } else {
      sockets[descriptor] = events;
    }
  }

  static void on_answer(void* data, int status, int /*timeouts*/, ares_addrinfo* found) {
    const auto& question = *static_cast<Question*>(data);
    question.batch->take_answer(question.place, status, found);
  }

  void take_answer(size_t place, int status, ares_addrinfo* found) {
    --in_flight_;
    if (status == ARES_SUCCESS && found != nullptr) answers_[place] = addresses_of(*found);
    if (found != nullptr) ares_freeaddrinfo(found);
    const bool nothing = status == ARES_SUCCESS && answers_[place]->empty();
    if (status != ARES_SUCCESS || nothing)
      answers_[place] = unresolved(names_[place], nothing ? ARES_ENODATA : status);
  }

  std::span<const std::string> names_;
  size_t most_in_flight_;
  std::vector<Result<Addresses>> answers_;
  std::vector<Question> questions_;  ///< reserved for all names: c-ares keeps pointers into it
  std::map<ares_socket_t, short> sockets_;
  ares_channel channel_ = nullptr;
  int status_ = ARES_SUCCESS;
  size_t started_ = 0;
  size_t in_flight_ = 0;
};

}  // namespace

std::vector<Result<Addresses>> DnsResolver::resolve_all(std::span<const std::string> names) {
  if (names.empty()) return {};
  return Batch(options_, names).run();
}

}  // namespace sonde
