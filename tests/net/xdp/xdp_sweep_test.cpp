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

  /// Answers are on their way for a moment: waits for what the truth has.
  static std::map<unsigned, uint64_t> marks(const SweptSet& set, XdpSweep& sweep) {
    std::map<unsigned, uint64_t> wrong;
    for (uint64_t step = 0; step < set.steps(); ++step) {
      const unsigned right = truth(set.endpoint_of_step(step).port);
      for (int i = 0; i < 1000 && mark_at(sweep.ledger(), step) != right; ++i) usleep(1000);
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
  sweep_all(*sweep, set.steps());
  EXPECT_THAT(marks(set, *sweep), testing::IsEmpty());
  const XdpCounters books = sweep->counters();
  EXPECT_EQ(books.built, set.steps());
  EXPECT_EQ(books.received, 1003 * 4u);
  EXPECT_EQ(books.reset_sent, 1003 * 2u);
  EXPECT_EQ(books.duplicate + books.invalid + books.ring_full + books.failed + books.outside, 0u);
  EXPECT_THAT(reflector_.end(), testing::HasSubstr("\"rst_received\": 2006"));
}

}  // namespace
}  // namespace sonde
