#include "net/xdp/xdp_sweep.h"

#include <gmock/gmock.h>

#include <map>
#include <thread>

#include "tests/net/xdp/xdp_wire.h"

namespace sonde {
namespace {

/// By port: 22 and 443 open, 80 silent, 81 prohibited, all others closed.
constexpr const char* kPlan =
    "span 0 closed\nspan 22 open\nspan 23 closed\nspan 80 silent\nspan 81 admin-prohibited\nspan 82 closed\n"
    "span 443 open\nspan 444 closed\n"
    "block 00000000000000000000ffffc6120000 00000000000000000000ffffc612ffff 0 8\n"
    "block 20010db8000000000000000000000000 20010db800000000000000000000ffff 0 8\n";

unsigned truth(uint16_t port) {
  if (port == 22 || port == 443) return SONDE_OPEN;
  if (port == 80) return SONDE_UNANSWERED;
  return port == 81 ? SONDE_REJECTED : SONDE_CLOSED;
}

class LiveSweep : public XdpWire {
 protected:
  void SetUp() override {
    XdpWire::SetUp();
    if (IsSkipped()) return;
    reflector_.start(kPlan);
  }

  static std::unique_ptr<XdpSweep> attached(SweptSet& set) {
    auto sweep = set.open();
    if (!sweep) return nullptr;
    const auto done = sweep->attach(std::array{left()}, XdpMode::native);
    EXPECT_TRUE(done) << done.error().text;
    return sweep;
  }

  /// How many steps are not what the truth has, by what they should be.
  /// Answers are on their way for a moment: it is waited for them.
  static std::map<unsigned, uint64_t> marks(const SweptSet& set, XdpSweep& sweep) {
    std::map<unsigned, uint64_t> wrong;
    int patience_ms = 2000;
    for (uint64_t step = 0; step < set.steps(); ++step) {
      const unsigned right = truth(set.endpoint_of_step(step).port);
      for (; patience_ms > 0 && mark_at(sweep.ledger(), step) != right; --patience_ms) usleep(1000);
      if (mark_at(sweep.ledger(), step) != right) ++wrong[right];
    }
    return wrong;
  }

  ReflectorProcess reflector_;
};

TEST_F(LiveSweep, FindsTheTruth) {
  SweptSet set({22, 80, 81, 82, 443});
  set.through(hop_from("198.18.0.1")).addresses("198.18.1.0", 700).addresses("198.18.9.0", 3);
  set.through(hop_from("2001:db8::1")).addresses("2001:db8::100", 300);
  const auto sweep = attached(set);
  ASSERT_TRUE(sweep);
  sweep->set_rate(50'000, 1);  // nothing is lost on the way
  sweep_all(*sweep, set.steps());
  EXPECT_THAT(marks(set, *sweep), testing::IsEmpty());
  EXPECT_TRUE(soon([&] { return sweep->counters().reset_sent == 1003 * 2u; }));
  const XdpCounters books = sweep->counters();
  EXPECT_EQ(books.built, set.steps());
  EXPECT_EQ(books.received, 1003 * 4u);
  EXPECT_EQ(books.duplicate + books.invalid + books.ring_full + books.failed + books.outside, 0u);
  const std::string fleet = reflector_.end();
  EXPECT_THAT(fleet, testing::HasSubstr("\"rst_received\": 2006"));
  EXPECT_THAT(fleet, testing::HasSubstr("\"bad_checksum\": 0"));
}

TEST_F(LiveSweep, TwoCoresShareIt) {
  SweptSet set({22, 82});
  set.through(hop_from("198.18.0.1")).addresses("198.18.2.0", 5000);
  const auto sweep = attached(set);
  ASSERT_TRUE(sweep);
  if (sweep->cores() < 2) GTEST_SKIP() << "there is one core";
  const auto half = [&](uint32_t core) {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(core, &one);
    ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
    EXPECT_EQ(sweep->run(core, core * 5000, core * 5000 + 5000, 1 << 16).value_or(0), core * 5000 + 5000);
  };
  uint64_t passes = 0;  // the fleet's answers may overrun our queue of 256
  for (; passes < 50 && sweep->counters().reset + sweep->counters().syn_ack < set.steps(); ++passes) {
    std::thread other(half, 1);
    std::thread(half, 0).join();
    other.join();
  }
  EXPECT_EQ(sweep->counters().sent() + sweep->counters().skipped, passes * set.steps());
  EXPECT_THAT(marks(set, *sweep), testing::IsEmpty());
}

TEST_F(LiveSweep, EventsSayHowLongTheAnswerTook) {
  SweptSet set({22, 80, 81, 82});
  set.through(hop_from("198.18.0.1")).addresses("198.18.2.0", 50);
  const auto sweep = attached(set);
  ASSERT_TRUE(sweep);
  sweep->set_wanted(1u << SONDE_OPEN);
  sweep->set_rate(50'000, 1);
  sweep_all(*sweep, set.steps());
  EXPECT_THAT(marks(set, *sweep), testing::IsEmpty());
  const auto told = sweep->take_events(
      [&](const sonde_event& event) {
        EXPECT_EQ(set.endpoint_of_step(event.step), (Endpoint{address_of(event.address), 22}));
        EXPECT_EQ(event.interface, left());
        const TcpOptions options =
            read_tcp_options(std::as_bytes(std::span(event.options, event.options_size)));
        EXPECT_EQ(options.order, "MSTNW");
        const auto took_us =
            static_cast<uint32_t>(event.received_ns / 1000) - options.timestamp_echo.value_or(0);
        EXPECT_LT(took_us, 60'000'000u);
      },
      std::chrono::seconds(1));
  EXPECT_EQ(told.value_or(0), 50u);
}

TEST_F(LiveSweep, LaterPassesAskOnlyTheSilent) {
  SweptSet set({80, 82});
  set.through(hop_from("198.18.0.1")).addresses("198.18.2.0", 500);
  const auto sweep = attached(set);
  ASSERT_TRUE(sweep);
  sweep->set_rate(50'000, 1);
  sweep_all(*sweep, set.steps());
  EXPECT_THAT(marks(set, *sweep), testing::IsEmpty());
  sweep_all(*sweep, set.steps(), 3);
  EXPECT_EQ(sweep->counters().built, 1000 + 3 * 500u);
  EXPECT_EQ(sweep->counters().skipped, 3 * 500u);
}

TEST_F(LiveSweep, RunEndsWhenItsTurnsAreUsedUp) {
  SweptSet set({82});
  set.through(hop_from("198.18.0.1")).addresses("198.18.2.0", 500);
  const auto sweep = attached(set);
  ASSERT_TRUE(sweep);
  const PinnedToOneCore pinned;
  EXPECT_EQ(sweep->run(pinned.core(), 0, 500, 100).value_or(0), 100u);
  EXPECT_EQ(sweep->run(pinned.core(), 100, 500, 1000).value_or(0), 500u);
  sweep->stop();
  EXPECT_EQ(sweep->run(pinned.core(), 0, 500, 1000).value_or(7), 0u);
}

TEST_F(LiveSweep, RunEndsWithASignal) {
  SweptSet set({82});
  set.through(hop_from("198.18.0.1")).addresses("198.18.2.0", 500);
  const auto sweep = attached(set);
  ASSERT_TRUE(sweep);
  sweep->set_rate(0.001, 1);
  struct sigaction nothing {};
  nothing.sa_handler = [](int) {};
  ASSERT_EQ(sigaction(SIGUSR1, &nothing, nullptr), 0);
  std::thread runner([&] {
    const PinnedToOneCore pinned;
    EXPECT_EQ(sweep->run(pinned.core(), 0, 500, ~0u).value_or(0), 1u);
  });
  while (sweep->counters().waits == 0) std::this_thread::yield();
  pthread_kill(runner.native_handle(), SIGUSR1);
  runner.join();
}

TEST_F(LiveSweep, GenericModeFindsTheSame) {
  SweptSet set({22, 80, 81, 82});
  set.through(hop_from("198.18.0.1")).addresses("198.18.1.0", 100);
  const auto sweep = set.open();
  ASSERT_TRUE(sweep);
  ASSERT_TRUE(merge_segments("left"));
  const auto done = sweep->attach(std::array{left()}, XdpMode::generic);
  ASSERT_TRUE(done) << done.error().text;
  sweep_all(*sweep, set.steps());
  EXPECT_THAT(marks(set, *sweep), testing::IsEmpty());
  EXPECT_THAT(reflector_.end(), testing::HasSubstr("\"rst_received\": 100"));
}

}  // namespace
}  // namespace sonde
