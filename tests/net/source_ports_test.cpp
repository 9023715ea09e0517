#include "net/source_ports.h"

#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/resource.h>

#include <optional>
#include <set>

#include "net/limits.h"
#include "net/socket_address.h"
#include "tests/net/packet/packet_builder.h"
#include "tests/net/packet/packet_wire.h"

namespace sonde {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// Sockets of other programs, closed at the end.
class Others {
 public:
  ~Others() {
    for (const int descriptor : open_) close(descriptor);
  }
  /// 0 or an errno.
  int bind_to(const char* address, uint16_t port, bool reuse = false) {
    const SocketAddress local(Endpoint{IpAddress::parse(address).value(), port});
    const int descriptor = new_socket(local.family());
    const int on = reuse ? 1 : 0;
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    return bind(descriptor, local.data(), local.size()) == 0 ? 0 : errno;
  }
  void listen_on(uint16_t port) {
    ASSERT_EQ(bind_to("127.0.0.1", port), 0);
    ASSERT_EQ(listen(open_.back(), 64), 0);
  }
  /// The source port that the kernel picked; nullopt when it had none left.
  std::optional<uint16_t> connect_to(uint16_t port) {
    const SocketAddress to(Endpoint{IpAddress::v4(0x7f000001), port});
    const int descriptor = new_socket(AF_INET);
    if (connect(descriptor, to.data(), to.size()) != 0) return std::nullopt;
    sockaddr_in6 local{};
    socklen_t size = sizeof local;
    getsockname(descriptor, reinterpret_cast<sockaddr*>(&local), &size);
    return endpoint_of(local)->port;
  }

 private:
  int new_socket(int family) {
    open_.push_back(socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    return open_.back();
  }
  std::vector<int> open_;
};

class ReservedPorts : public OwnNamespace {
 protected:
  static void set_local_ports(const char* range) {
    ASSERT_TRUE(run(std::string("echo ") + range + " > /proc/sys/net/ipv4/ip_local_port_range"));
  }
};

TEST_F(ReservedPorts, AreNeverPickedByConnect) {
  set_local_ports("40000 40009");
  const auto ports = SourcePorts::reserve(40002, 40005);
  ASSERT_TRUE(ports) << ports.error().text;
  Others others;
  others.listen_on(50000);
  std::set<uint16_t> picked;
  while (const auto port = others.connect_to(50000)) picked.insert(*port);
  EXPECT_THAT(picked, ElementsAre(40000, 40001, 40006, 40007, 40008, 40009));
}

TEST_F(ReservedPorts, AreTakenForEveryoneElse) {
  const auto ports = SourcePorts::reserve(61000, 61001);
  ASSERT_TRUE(ports) << ports.error().text;
  for (const bool reuse : {false, true}) {
    Others others;
    EXPECT_EQ(others.bind_to("0.0.0.0", 61000, reuse), EADDRINUSE);
    EXPECT_EQ(others.bind_to("127.0.0.1", 61001, reuse), EADDRINUSE);
    EXPECT_EQ(others.bind_to("::", 61000, reuse), EADDRINUSE);
    EXPECT_EQ(others.bind_to("::1", 61001, reuse), EADDRINUSE);
    EXPECT_EQ(others.bind_to("127.0.0.1", 61002, reuse), 0);
  }
}

TEST_F(ReservedPorts, ATakenPortIsNamedAndNothingIsKept) {
  for (const char* address : {"127.0.0.1", "0.0.0.0", "::1", "::"}) {
    {
      Others others;
      ASSERT_EQ(others.bind_to(address, 61003), 0);
      const auto ports = SourcePorts::reserve(61000, 61010);
      ASSERT_FALSE(ports) << address;
      EXPECT_EQ(ports.error().kind, ErrorKind::impossible);
      EXPECT_THAT(ports.error().text, HasSubstr("source port 61003 is taken"));
    }
    EXPECT_TRUE(SourcePorts::reserve(61000, 61010)) << "nothing was kept, nobody has them any more";
  }
}

TEST_F(ReservedPorts, LieOutsideOfWhatConnectPicksFromIfPossible) {
  struct Row {
    const char* range;
    uint16_t count;
    uint32_t lowest;
    uint32_t highest;
  };
  for (const Row& row : std::vector<Row>{
           {"32768 60999", 16, 61000, 65535},  // above
           {"32768 65530", 16, 1024, 32767},   // below: above are too few
           {"2000 65535", 1000, 2000, 65535},  // within: below are too few
           {"1024 65535", 1024, 1024, 65535},  // within
           {"32768 60999", 1, 61000, 65535},
       }) {
    set_local_ports(row.range);
    const auto ports = SourcePorts::reserve(row.count);
    ASSERT_TRUE(ports) << row.range << ": " << ports.error().text;
    EXPECT_GE(ports->first(), row.lowest) << row.range;
    EXPECT_LE(ports->last(), row.highest) << row.range;
    EXPECT_EQ(ports->last() - ports->first() + 1, row.count);
  }
}

TEST_F(ReservedPorts, TwoRunsAtOnceHaveDifferentOnes) {
  std::vector<SourcePorts> runs;
  std::set<uint16_t> all;
  for (int i = 0; i < 50; ++i) {
    auto ports = SourcePorts::reserve(8);
    ASSERT_TRUE(ports) << ports.error().text;
    for (uint32_t port = ports->first(); port <= ports->last(); ++port)
      all.insert(static_cast<uint16_t>(port));
    runs.push_back(std::move(*ports));
  }
  EXPECT_EQ(all.size(), 400U);
}

TEST_F(ReservedPorts, AreFreeAgainAfterwards) {
  auto ports = SourcePorts::reserve(61000, 61003);
  ASSERT_TRUE(ports);
  *ports = std::move(SourcePorts::reserve(62000, 62001).value());
  EXPECT_EQ(ports->first(), 62000);
  EXPECT_EQ(ports->last(), 62001);
  EXPECT_TRUE(SourcePorts::reserve(61000, 61003));
  EXPECT_FALSE(SourcePorts::reserve(62001, 62001));
}

TEST_F(ReservedPorts, AlsoWhereIpv6IsDisabled) {
  ASSERT_TRUE(run("echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6"));
  ASSERT_TRUE(run("echo 1 > /proc/sys/net/ipv6/bindv6only"));
  const auto ports = SourcePorts::reserve(61000, 61000);
  ASSERT_TRUE(ports) << ports.error().text;
  EXPECT_EQ(Others().bind_to("127.0.0.1", 61000), EADDRINUSE);
}

TEST_F(ReservedPorts, ASynAckToOneOfThemIsReset) {
  const int device = open_tun("tun7");
  if (device < 0) GTEST_SKIP() << "no /dev/net/tun here";
  const TestLink tunnel(device);
  ASSERT_TRUE(
      run("echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6 && ip link set tun7 up && "
          "ip address add 10.9.0.1/24 dev tun7"));
  const auto ports = SourcePorts::reserve(61000, 61003);
  ASSERT_TRUE(ports);
  tunnel.write(packets::ipv4(
      {.from = "10.9.0.2", .to = "10.9.0.1"},
      packets::tcp(
          {.from = 443, .to = 61002, .sequence = 1000, .acknowledgement = 0x01020304, .flags = 0x12})));
  const packets::Bytes reset = tunnel.read();
  ASSERT_EQ(reset.size(), 40U);
  const packets::Bytes expected = packets::ipv4(
      {.from = "10.9.0.1", .to = "10.9.0.2"},
      packets::tcp({.from = 61002, .to = 443, .sequence = 0x01020304, .flags = 0x04, .window = 0}));
  EXPECT_TRUE(std::equal(reset.begin() + 12, reset.end(), expected.begin() + 12)) << "addresses and segment";
}

TEST_F(ReservedPorts, WithoutDescriptorsTheErrorSaysSo) {
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  const rlimit few{32, before.rlim_max};
  setrlimit(RLIMIT_NOFILE, &few);
  const auto exact = SourcePorts::reserve(61000, 61500), anywhere = SourcePorts::reserve(500);
  setrlimit(RLIMIT_NOFILE, &before);
  ASSERT_FALSE(exact);
  EXPECT_THAT(exact.error().text, HasSubstr("no descriptors left"));
  ASSERT_FALSE(anywhere);
  EXPECT_THAT(anywhere.error().text, HasSubstr("no descriptors left"));
}

TEST(SourcePorts, WhatIsNoRunOfPortsIsRefused) {
  for (const auto& [first, last] : {std::pair{0, 10}, std::pair{61001, 61000}, std::pair{1024, 2048}})
    EXPECT_FALSE(SourcePorts::reserve(static_cast<uint16_t>(first), static_cast<uint16_t>(last)));
  EXPECT_FALSE(SourcePorts::reserve(0));
  EXPECT_FALSE(SourcePorts::reserve(1025));
}

}  // namespace
}  // namespace sonde
