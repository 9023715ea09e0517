#include <gmock/gmock.h>

#include "tests/net/xdp/kernel_fleet.h"
#include "tests/net/xdp/xdp_wire.h"

namespace sonde {
namespace {

class Lifetime : public XdpWire {
 protected:
  static std::unique_ptr<XdpSweep> open_small() {
    SweptSet set({80});
    return set.through(hop_from("198.18.0.1")).addresses("198.18.1.0", 10).open();
  }
};

TEST_F(Lifetime, ProgramIsGoneWithTheObject) {
  auto sweep = open_small();
  ASSERT_TRUE(sweep && sweep->attach(std::array{left()}, XdpMode::native));
  EXPECT_TRUE(is_attached("left"));
  sweep.reset();
  EXPECT_TRUE(soon([] { return !is_attached("left"); }));
}

TEST_F(Lifetime, ProgramIsGoneWithAKilledProcess) {
  const pid_t child = fork();
  if (child == 0) {
    const auto sweep = open_small();
    if (sweep && sweep->attach(std::array{left()}, XdpMode::native)) pause();
    _exit(1);
  }
  EXPECT_TRUE(soon([] { return is_attached("left"); }));
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  EXPECT_TRUE(soon([] { return !is_attached("left"); }));
}

TEST_F(Lifetime, AnotherProgramIsLeftAloneAndNamed) {
  const auto first = open_small(), second = open_small();
  ASSERT_TRUE(first && first->attach(std::array{left()}, XdpMode::native) && second);
  const auto refused = second->attach(std::array{left()}, XdpMode::native);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::impossible);
  EXPECT_THAT(refused.error().text,
              testing::HasSubstr("another sonde sweeps on left (sonde_receive, id "));
  EXPECT_TRUE(is_attached("left"));
}

TEST_F(Lifetime, WhereNativeIsNotToBeHadTheErrorSaysSo) {
  const auto sweep = open_small();
  ASSERT_TRUE(sweep);
  const auto refused = sweep->attach(std::array{if_nametoindex("lo")}, XdpMode::native);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text, testing::HasSubstr("generic"));
  EXPECT_TRUE(sweep->attach(std::array{if_nametoindex("lo")}, XdpMode::generic));
}

TEST_F(Lifetime, NothingStaysHalfOpenInTheFleetsKernel) {
  KernelFleet fleet;
  fleet.start();
  SweptSet set({22, 80, 443});
  set.through(hop_from("198.18.0.1")).addresses("198.18.1.0", 256);
  set.through(hop_from("2001:db8::1")).addresses("2001:db8:1::", 256);
  const auto sweep = set.open();
  ASSERT_TRUE(sweep && sweep->attach(std::array{left()}, XdpMode::native));
  for (int pass = 0; pass < 100 && sweep->counters().syn_ack < 1024; ++pass) sweep_all(*sweep, set.steps());
  for (uint64_t step = 0; step < set.steps(); ++step) {
    const unsigned right = set.endpoint_of_step(step).port == 80 ? SONDE_CLOSED : SONDE_OPEN;
    EXPECT_TRUE(soon([&] { return mark_at(sweep->ledger(), step) == right; }))
        << set.endpoint_of_step(step).to_string() << " " << mark_at(sweep->ledger(), step);
  }
  EXPECT_TRUE(soon([&] { return fleet.half_open() == 0; })) << fleet.half_open();
  EXPECT_TRUE(soon([&] { return sweep->counters().reset_sent == sweep->counters().syn_ack; }));
}

}  // namespace
}  // namespace sonde
