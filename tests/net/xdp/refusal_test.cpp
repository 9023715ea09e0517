#include <gmock/gmock.h>
#include <linux/if_packet.h>

#include <cerrno>
#include <thread>

#include "tests/net/xdp/answers.h"
#include "tests/net/xdp/xdp_wire.h"

namespace sonde {
namespace {

using testing::HasSubstr;

constexpr const char* kAllClosed =
    "span 0 closed\n"
    "block 00000000000000000000ffffc6120000 00000000000000000000ffffc612ffff 0 1\n";

/// `right` takes no frames from XDP until a fleet starts there.
class Refusal : public XdpWire {
 protected:
  std::unique_ptr<XdpSweep> attached(SweptSet& set) {
    auto sweep = set.open();
    if (!sweep) return nullptr;
    const auto done = sweep->attach(std::array{left()}, XdpMode::native);
    EXPECT_TRUE(done) << done.error().text;
    return sweep;
  }

  /// Comes in by `left`, without XDP.
  static void arrive_at_left(const packets::Bytes& frame) {
    const int socket = ::socket(AF_PACKET, SOCK_RAW, 0);
    sockaddr_ll to{};
    to.sll_family = AF_PACKET;
    to.sll_ifindex = static_cast<int>(if_nametoindex("right"));
    EXPECT_EQ(sendto(socket, frame.data(), frame.size(), 0, reinterpret_cast<const sockaddr*>(&to), sizeof to),
              static_cast<ssize_t>(frame.size()));
    close(socket);
  }

  ReflectorProcess reflector_;
};

TEST_F(Refusal, SynsGoAgainUntilTheDeviceTakesThem) {
  SweptSet set({82});
  set.through(hop_from("198.18.0.1")).addresses("198.18.1.0", 500);
  const auto sweep = attached(set);
  ASSERT_TRUE(sweep);
  std::thread sender([&] { sweep_all(*sweep, set.steps()); });
  EXPECT_TRUE(soon([&] { return sweep->counters().refused > 100; }));
  const auto refusal = sweep->longest_refusal();
  EXPECT_TRUE(refusal && refusal->interface_index == left() && (refusal->error == EOPNOTSUPP || refusal->error == ENXIO));
  EXPECT_EQ(sweep->counters().sent(), 0u);
  reflector_.start(kAllClosed);
  sender.join();
  EXPECT_EQ(sweep->longest_refusal(), std::nullopt);
  const XdpCounters books = sweep->counters();
  EXPECT_EQ(books.sent(), 500u);
  EXPECT_TRUE(soon([&] { return sweep->counters().reset == 500; })) << sweep->counters().reset;
  EXPECT_EQ(sweep->counters().duplicate, 0u);
}

TEST_F(Refusal, AStoppedSweepDoesNotWaitForTheDevice) {
  SweptSet set({82});
  set.through(hop_from("198.18.0.1")).addresses("198.18.1.0", 500);
  const auto sweep = attached(set);
  ASSERT_TRUE(sweep);
  std::thread sender([&] {
    const PinnedToOneCore pinned;
    EXPECT_TRUE(sweep->run(pinned.core(), 0, 500, 1 << 16));
  });
  EXPECT_TRUE(soon([&] { return sweep->counters().refused > 100; }));
  sweep->stop();
  sender.join();
}

TEST_F(Refusal, ResetsGoAgainTooWithTheSameProof) {
  using namespace packets;
  SweptSet set({443});
  set.through(hop_from(kUs)).addresses(kFleet, 1);
  const auto sweep = attached(set);
  ASSERT_TRUE(sweep);
  arrive_at_left(frame(ipv4({.from = kFleet, .to = kUs}, tcp(answer(cookie(kUs, kFleet) + 1, kTcpSyn | kTcpAck)))));
  EXPECT_TRUE(soon([&] { return sweep->counters().resets_refused == 1; }));
  reflector_.start(kAllClosed);
  sweep_all(*sweep, set.steps());  // nothing is unanswered
  EXPECT_EQ(sweep->counters().built, 0u);
  EXPECT_EQ(sweep->counters().reset_sent, 1u);
  const std::string fleet = reflector_.end();
  EXPECT_THAT(fleet, HasSubstr("\"rst_received\": 1"));
  EXPECT_THAT(fleet, HasSubstr("\"bad_checksum\": 0"));
}

}  // namespace
}  // namespace sonde
