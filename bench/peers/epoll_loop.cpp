// The bare epoll connect loop: what connects cost when nothing is done but
// making them. One thread, one fresh socket a connect, no deadlines, no
// records, no retries. Whole scanners are held against it.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace sonde {
namespace {

constexpr int kPatience_ms = 10'000;
constexpr const char* kUsage =
    "epoll_loop PREFIX PORT [IN_FLIGHT]\n"
    "Connects once to PORT of every address of an IPv4 PREFIX (10.71.0.0/16), with at most IN_FLIGHT\n"
    "connects under way [1024], and prints one JSON object: connects, opened, refused, failed, in_flight,\n"
    "seconds, user_s, system_s. Every address must answer: ten seconds without any answer end it (exit code "
    "1).\n";

struct Order {
  uint32_t first_address = 0;
  uint64_t addresses = 0;
  uint16_t port = 0;
  uint32_t in_flight = 1024;
};

struct Tally {
  uint64_t connects = 0, opened = 0, refused = 0, failed = 0;
  uint64_t ended() const { return opened + refused + failed; }
};

template <typename Number>
std::optional<Number> number_in(std::string_view text, Number least, Number most) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number < least || number > most) return {};
  return number;
}

bool read_prefix(std::string_view text, Order& order) {
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos) return false;
  const auto length = number_in<uint32_t>(text.substr(slash + 1), 8, 32);
  in_addr address{};
  if (!length || inet_pton(AF_INET, std::string(text.substr(0, slash)).c_str(), &address) != 1) return false;
  order.addresses = uint64_t{1} << (32 - *length);
  order.first_address = ntohl(address.s_addr) & ~static_cast<uint32_t>(order.addresses - 1);
  return true;
}

std::optional<Order> read_order(int argc, char** argv) {
  Order order;
  if (argc < 3 || argc > 4 || !read_prefix(argv[1], order)) return {};
  const auto port = number_in<uint16_t>(argv[2], 1, 65535);
  const auto in_flight = number_in<uint32_t>(argc > 3 ? argv[3] : "1024", 1, 1'000'000);
  if (!port || !in_flight) return {};
  order.port = *port;
  order.in_flight = *in_flight;
  return order;
}

class EpollLoop {
 public:
  explicit EpollLoop(const Order& order) : order_(order), poller_(epoll_create1(EPOLL_CLOEXEC)) {}
  ~EpollLoop() { close(poller_); }
  EpollLoop(const EpollLoop&) = delete;
  EpollLoop& operator=(const EpollLoop&) = delete;

  /// False when the answers stayed away.
  bool run();
  const Tally& tally() const { return tally_; }

 private:
  void start();
  void finish(int descriptor);
  void count(int error);

  const Order order_;
  const int poller_;
  Tally tally_;
};

bool EpollLoop::run() {
  std::array<epoll_event, 512> ready{};
  while (tally_.ended() < order_.addresses) {
    while (tally_.connects < order_.addresses && tally_.connects - tally_.ended() < order_.in_flight) start();
    if (tally_.ended() == order_.addresses) return true;  // the last ones failed at once
    const int events = epoll_wait(poller_, ready.data(), static_cast<int>(ready.size()), kPatience_ms);
    if (events == 0) return false;
    for (int i = 0; i < events; ++i) finish(ready[static_cast<size_t>(i)].data.fd);
  }
  return true;
}

void EpollLoop::start() {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(order_.port);
  to.sin_addr.s_addr = htonl(order_.first_address + static_cast<uint32_t>(tally_.connects++));
  const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return count(errno);
  const linger reset{1, 0};  // close() sends a RST: no TIME_WAIT on either side
  setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  epoll_event interest{};
  interest.events = EPOLLOUT;
  interest.data.fd = descriptor;
  const bool under_way =
      connect(descriptor, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0 && errno == EINPROGRESS;
  if (under_way && epoll_ctl(poller_, EPOLL_CTL_ADD, descriptor, &interest) == 0) return;
  finish(descriptor);
}

void EpollLoop::finish(int descriptor) {
  int error = 0;
  socklen_t size = sizeof error;
  if (getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
  close(descriptor);
  count(error);
}

void EpollLoop::count(int error) {
  if (error == 0) {
    ++tally_.opened;
  } else if (error == ECONNREFUSED) {
    ++tally_.refused;
  } else {
    ++tally_.failed;
  }
}

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

void print(const Order& order, const Tally& tally, double seconds) {
  rusage use{};
  getrusage(RUSAGE_SELF, &use);
  std::printf(R"({"connects":%llu,"opened":%llu,"refused":%llu,"failed":%llu,"in_flight":%u,)",
              static_cast<unsigned long long>(tally.connects), static_cast<unsigned long long>(tally.opened),
              static_cast<unsigned long long>(tally.refused), static_cast<unsigned long long>(tally.failed),
              order.in_flight);
  std::printf("\"seconds\":%.6f,\"user_s\":%.6f,\"system_s\":%.6f}\n", seconds, seconds_of(use.ru_utime),
              seconds_of(use.ru_stime));
}

int run(int argc, char** argv) {
  if (argc == 2 && std::string_view(argv[1]) == "--help") return std::fputs(kUsage, stdout), 0;
  const std::optional<Order> order = read_order(argc, argv);
  if (!order) return std::fputs(kUsage, stderr), 2;
  const auto begin = std::chrono::steady_clock::now();
  EpollLoop loop(*order);
  const bool answered = loop.run();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  print(*order, loop.tally(), took.count());
  return answered && loop.tally().failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace sonde

int main(int argc, char** argv) { return sonde::run(argc, argv); }
