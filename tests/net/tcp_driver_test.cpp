// Both drivers keep the same promises, watched on real sockets in a network
// namespace of the test's own.
#include "net/tcp_driver.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "net/epoll_tcp_driver.h"
#include "net/socket_address.h"
#include "net/uring_tcp_driver.h"
#include "tests/net/own_namespace.h"

namespace sonde {
namespace {

/// A listening socket on the loopback.
class Listener {
 public:
  explicit Listener(const char* address) {
    const Endpoint any{*IpAddress::parse(address), 0};
    const SocketAddress local(any);
    descriptor_ = socket(local.family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(bind(descriptor_, local.data(), local.size()), 0) << std::strerror(errno);
    EXPECT_EQ(listen(descriptor_, 1024), 0);
    sockaddr_in6 bound{};
    socklen_t size = sizeof bound;
    getsockname(descriptor_, reinterpret_cast<sockaddr*>(&bound), &size);
    endpoint_ = endpoint_of(bound).value_or(any);
  }
  ~Listener() { close(descriptor_); }
  const Endpoint& endpoint() const { return endpoint_; }
  int accept_one() const { return accept4(descriptor_, nullptr, nullptr, SOCK_CLOEXEC); }

 private:
  int descriptor_;
  Endpoint endpoint_;
};

void end_with_reset(int descriptor) {
  const linger at_once{1, 0};
  setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close(descriptor);
}

class TcpDriverTest : public OwnNamespace, public testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override {
    OwnNamespace::SetUp();
    if (IsSkipped()) return;
    SourceOptions source;
    source.own_addresses = {*IpAddress::parse("::1")};
    make(8, source);
  }
  void TearDown() override {
    driver_.reset();
    OwnNamespace::TearDown();
  }

  void make(uint32_t slots, const SourceOptions& source = {}) {
    auto driver = std::string(GetParam()) == "epoll" ? make_epoll_tcp_driver(slots, source)
                                                     : make_uring_tcp_driver(slots, source);
    if (!driver) GTEST_SKIP() << driver.error().text;
    driver_ = std::move(*driver);
  }

  /// The next event; bounded by a time that only a broken driver needs.
  TcpEvent next() {
    for (int round = 0; round < 1000; ++round) {
      if (!queued_.empty()) {
        const TcpEvent event = queued_.front();
        queued_.erase(queued_.begin());
        return event;
      }
      driver_->wait(std::chrono::milliseconds(10));
      queued_.assign(driver_->events().begin(), driver_->events().end());
    }
    ADD_FAILURE() << "no event came";
    return {};
  }

  TcpEvent connect(uint32_t slot, const Endpoint& to) {
    driver_->connect(slot, to);
    return next();
  }

  static Endpoint closed_port() {
    const Listener gone("127.0.0.1");
    return gone.endpoint();
  }

  std::unique_ptr<TcpDriver> driver_;
  std::vector<TcpEvent> queued_;
};

TEST_P(TcpDriverTest, AnOpenPortConnectsAndTheKernelTellsTheRtt) {
  for (const char* address : {"127.0.0.1", "::1"}) {
    const Listener listener(address);
    const TcpEvent event = connect(0, listener.endpoint());
    EXPECT_EQ(event.error, 0) << address;
    EXPECT_FALSE(event.icmp);
    EXPECT_TRUE(event.rtt) << "this kernel can tell it";
    driver_->close(0, CloseMode::reset);
  }
}

TEST_P(TcpDriverTest, AClosedPortIsRefusedWithoutIcmp) {
  const TcpEvent event = connect(0, closed_port());
  EXPECT_EQ(event.error, ECONNREFUSED);
  EXPECT_FALSE(event.icmp);
}

TEST_P(TcpDriverTest, ASlotServesOneConnectionAfterAnotherOfEitherFamily) {
  const Listener v4("127.0.0.1"), v6("::1");
  const Endpoint closed = closed_port();
  for (int round = 0; round < 50; ++round) {
    EXPECT_EQ(connect(3, v4.endpoint()).error, 0);
    driver_->close(3, round % 2 == 0 ? CloseMode::reset : CloseMode::polite);
    EXPECT_EQ(connect(3, closed).error, ECONNREFUSED);
    driver_->close(3, CloseMode::reset);
    EXPECT_EQ(connect(3, v6.endpoint()).error, 0);
    driver_->close(3, CloseMode::reset);
  }
}

TEST_P(TcpDriverTest, ClosingWithResetLeavesNoTimeWaitAndThePeerSeesReset) {
  const Listener listener("127.0.0.1");
  ASSERT_EQ(connect(0, listener.endpoint()).error, 0);
  const int accepted = listener.accept_one();
  driver_->close(0, CloseMode::reset);
  driver_->wait(Nanos::zero());
  char byte = 0;
  EXPECT_EQ(recv(accepted, &byte, 1, 0), -1);
  EXPECT_EQ(errno, ECONNRESET);
  close(accepted);
}

TEST_P(TcpDriverTest, ClosingPolitelySendsFin) {
  const Listener listener("127.0.0.1");
  ASSERT_EQ(connect(0, listener.endpoint()).error, 0);
  const int accepted = listener.accept_one();
  driver_->close(0, CloseMode::polite);
  char byte = 0;
  EXPECT_EQ(recv(accepted, &byte, 1, 0), 0);
  close(accepted);
}

TEST_P(TcpDriverTest, SendsAndReceives) {
  const Listener listener("127.0.0.1");
  ASSERT_EQ(connect(0, listener.endpoint()).error, 0);
  const int accepted = listener.accept_one();
  const std::string_view ping = "PING\r\n";
  driver_->send(0, std::as_bytes(std::span(ping)));
  const TcpEvent sent = next();
  EXPECT_EQ(sent.kind, TcpEvent::Kind::sent);
  EXPECT_EQ(sent.bytes, ping.size());
  ASSERT_EQ(send(accepted, "+PONG\r\n", 7, 0), 7);
  std::array<std::byte, 64> buffer{};
  driver_->receive(0, buffer);
  const TcpEvent received = next();
  EXPECT_EQ(received.kind, TcpEvent::Kind::received);
  EXPECT_EQ(std::string_view(reinterpret_cast<const char*>(buffer.data()), received.bytes), "+PONG\r\n");
  driver_->receive(0, buffer);
  end_with_reset(accepted);
  EXPECT_EQ(next().error, ECONNRESET);
}

TEST_P(TcpDriverTest, ThePeersFinIsReceivedAsNothing) {
  const Listener listener("127.0.0.1");
  ASSERT_EQ(connect(0, listener.endpoint()).error, 0);
  close(listener.accept_one());
  std::array<std::byte, 64> buffer{};
  driver_->receive(0, buffer);
  const TcpEvent received = next();
  EXPECT_EQ(received.error, 0);
  EXPECT_EQ(received.bytes, 0u);
}

TEST_P(TcpDriverTest, ACancelledReceiveEndsAtOnceAndTheSlotStaysOfUse) {
  const Listener listener("127.0.0.1");
  ASSERT_EQ(connect(0, listener.endpoint()).error, 0);
  std::array<std::byte, 64> buffer{};
  driver_->receive(0, buffer);
  driver_->wait(Nanos::zero());
  driver_->cancel(0);
  EXPECT_EQ(next().error, ECANCELED);
  driver_->close(0, CloseMode::reset);
  EXPECT_EQ(connect(0, listener.endpoint()).error, 0);
}

TEST_P(TcpDriverTest, ASilentPortCanBeCancelledAndTheSlotStaysOfUse) {
  ASSERT_TRUE(
      run("nft 'add table inet t; add chain inet t c { type filter hook input priority 0; }; add rule inet t "
          "c tcp dport 9 drop'"));
  const Listener listener("127.0.0.1");
  for (int round = 0; round < 20; ++round) {
    driver_->connect(0, {IpAddress::v4(0x7f000001), 9});
    driver_->wait(Nanos::zero());
    driver_->cancel(0);
    const TcpEvent event = next();
    EXPECT_EQ(event.error, ECANCELED);
    EXPECT_FALSE(event.icmp);
    driver_->close(0, CloseMode::reset);
    EXPECT_EQ(connect(0, listener.endpoint()).error, 0);
    driver_->close(0, CloseMode::reset);
  }
}

TEST_P(TcpDriverTest, AClosedPortOfThisMachineNeverConnectsToItself) {
  ASSERT_TRUE(run("sysctl -qw net.ipv4.ip_local_port_range='40000 40003'"));  // every fourth attempt would
  for (int round = 0; round < 100; ++round) {
    for (const char* address : {"127.0.0.1", "::1"}) {
      const Endpoint closed{*IpAddress::parse(address), static_cast<uint16_t>(40000 + round % 4)};
      EXPECT_EQ(connect(0, closed).error, ECONNREFUSED) << closed.to_string();
      driver_->close(0, CloseMode::reset);
    }
  }
}

/// States of the other ends, as the kernel lists them: those of sockets that
/// were ended by FIN and not by RST.
TEST_P(TcpDriverTest, EveryConnectionEndsWithResetAlsoAcrossFamiliesAndAtTheEnd) {
  const Listener v4("127.0.0.1"), v6("::1");
  for (int round = 0; round < 40; ++round) {
    EXPECT_EQ(connect(0, round % 2 == 0 ? v4.endpoint() : v6.endpoint()).error, 0);
    driver_->close(0, CloseMode::reset);
  }
  EXPECT_EQ(connect(1, v4.endpoint()).error, 0);
  driver_->close(1, CloseMode::reset);
  driver_.reset();
  EXPECT_TRUE(
      run("test -z \"$(ss -tanH state fin-wait-1 state fin-wait-2 state time-wait state close-wait state "
          "last-ack)\""));
}

struct RejectionRow {
  const char* statement;
  const char* target;
  uint8_t type;
  uint8_t code;
};

TEST_P(TcpDriverTest, IcmpErrorsAreToldWithTypeCodeAndSender) {
  const RejectionRow rows[] = {
      {"reject with icmp type port-unreachable", "127.0.0.2", 3, 3},
      {"reject with icmp type host-unreachable", "127.0.0.2", 3, 1},
      {"reject with icmp type net-unreachable", "127.0.0.2", 3, 0},
      {"reject with icmp type prot-unreachable", "127.0.0.2", 3, 2},
      {"reject with icmp type admin-prohibited", "127.0.0.2", 3, 13},
      {"reject with icmpv6 type port-unreachable", "::1", 1, 4},
      {"reject with icmpv6 type admin-prohibited", "::1", 1, 1},
      {"reject with icmpv6 type addr-unreachable", "::1", 1, 3},
  };
  ASSERT_TRUE(run("sysctl -qw net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0"));
  for (const RejectionRow& row : rows) {
    const std::string rule = std::string(
                                 "nft 'add table inet t; flush table inet t; add chain inet t c { type "
                                 "filter hook input priority 0; }; add rule inet t c tcp dport 9 ") +
                             row.statement + "'";
    ASSERT_TRUE(run(rule));
    const Endpoint target{*IpAddress::parse(row.target), 9};
    const TcpEvent event = connect(0, target);
    ASSERT_TRUE(event.icmp) << row.statement << ": error " << event.error;
    EXPECT_EQ(event.icmp->type, row.type) << row.statement;
    EXPECT_EQ(event.icmp->code, row.code) << row.statement;
    EXPECT_EQ(event.icmp->sender, target.address) << row.statement;
    driver_->close(0, CloseMode::reset);
    // An error of the last connection must not stick to the next one.
    const Listener listener(row.target);
    const TcpEvent after = connect(0, listener.endpoint());
    EXPECT_EQ(after.error, 0);
    EXPECT_FALSE(after.icmp);
    driver_->close(0, CloseMode::reset);
  }
}

TEST_P(TcpDriverTest, SourcePortsComeFromTheRangeAndRunOut) {
  SourceOptions source;
  source.first_port = 40000;
  source.last_port = 40003;
  make(8, source);
  if (driver_ == nullptr) return;
  const Listener listener("127.0.0.1");
  int connected = 0, out_of_ports = 0;
  for (uint32_t slot = 0; slot < 8; ++slot) {
    const TcpEvent event = connect(slot, listener.endpoint());
    connected += event.error == 0 ? 1 : 0;
    out_of_ports += event.error == EADDRNOTAVAIL || event.error == EADDRINUSE ? 1 : 0;
  }
  EXPECT_EQ(connected, 4);
  EXPECT_EQ(out_of_ports, 4);
}

TEST_P(TcpDriverTest, NoDescriptorIsSaidAndNothingElseSuffers) {
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  const Listener listener("127.0.0.1");
  ASSERT_EQ(connect(0, listener.endpoint()).error, 0);
  const int highest = dup(0);
  close(highest);
  const rlimit tight{static_cast<rlim_t>(highest), before.rlim_max};
  setrlimit(RLIMIT_NOFILE, &tight);
  EXPECT_EQ(connect(1, listener.endpoint()).error, EMFILE);
  setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_EQ(connect(1, listener.endpoint()).error, 0);
}

INSTANTIATE_TEST_SUITE_P(Drivers, TcpDriverTest, testing::Values("io_uring", "epoll"),
                         [](const auto& driver) { return std::string(driver.param); });

/// In a process of its own, since a hard limit can only be lowered.
[[noreturn]] void ask_for_too_large_a_table() {
  const rlimit low{64, 64};
  setrlimit(RLIMIT_NOFILE, &low);
  const auto driver = make_uring_tcp_driver(1000, {});
  std::fputs(driver ? "it was granted" : driver.error().text.c_str(), stderr);
  std::exit(driver ? 0 : 1);
}

TEST(UringTcpDriverDeathTest, ATableOverTheDescriptorLimitIsRefusedWithTheRemedy) {
  if (!make_uring_tcp_driver(1, {})) GTEST_SKIP() << "io_uring is not to be had here";
  EXPECT_EXIT(ask_for_too_large_a_table(), testing::ExitedWithCode(1), "descriptor limit.*ulimit -n");
}

TEST(SourceOptionsCheck, NamesTheOptionThatTheKernelRefuses) {
  SourceOptions no_such_interface;
  no_such_interface.interface = "sonde-none0";
  const Result<void> refused = check_source_options(no_such_interface);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().text.find("--interface"), std::string::npos);
  SourceOptions foreign;
  foreign.source_v4 = IpAddress::v4(0xc0000201);
  ASSERT_FALSE(check_source_options(foreign));
  EXPECT_NE(check_source_options(foreign).error().text.find("--source"), std::string::npos);
}

}  // namespace
}  // namespace sonde
