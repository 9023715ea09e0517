#include "engine/probe/connect_prober.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <deque>
#include <map>

namespace sonde {
namespace {

using std::chrono::milliseconds;

const Instant kStart{std::chrono::seconds(9)};

/// A driver whose events are written by the test.
class ScriptedDriver final : public TcpDriver {
 public:
  explicit ScriptedDriver(uint32_t slots) : slots_(slots) {}
  uint32_t capacity() const override { return slots_; }
  std::string_view name() const override { return "scripted"; }
  void connect(uint32_t slot, const Endpoint&) override {
    calls.push_back("connect " + std::to_string(slot));
    under_way_[slot] = TcpEvent::Kind::connected;
  }
  void receive(uint32_t slot, std::span<std::byte> buffer) override {
    calls.push_back("receive " + std::to_string(slot));
    under_way_[slot] = TcpEvent::Kind::received;
    buffer_ = buffer;
  }
  void send(uint32_t slot, std::span<const std::byte> bytes) override {
    calls.push_back("send " + std::to_string(slot) + " " +
                    std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
    under_way_[slot] = TcpEvent::Kind::sent;
  }
  void cancel(uint32_t slot) override {
    calls.push_back("cancel " + std::to_string(slot));
    next.push_back({.slot = slot, .kind = under_way_[slot], .error = ECANCELED, .icmp = {}, .rtt = {}});
  }
  void close(uint32_t slot, CloseMode mode) override {
    calls.push_back((mode == CloseMode::reset ? "reset " : "fin ") + std::to_string(slot));
  }
  void wait(Nanos longest) override {
    waited = longest;
    now_.swap(next);
    next.clear();
  }
  std::span<const TcpEvent> events() override { return now_; }
  void deliver(std::string_view bytes) { std::memcpy(buffer_.data(), bytes.data(), bytes.size()); }

  std::vector<std::string> calls;
  std::vector<TcpEvent> next;
  Nanos waited{0};

 private:
  uint32_t slots_;
  std::map<uint32_t, TcpEvent::Kind> under_way_;
  std::vector<TcpEvent> now_;
  std::span<std::byte> buffer_;
};

struct ConnectProberTest : testing::Test {
  void make(ConnectProberOptions options = {}) {
    auto driver = std::make_unique<ScriptedDriver>(2);
    driver_ = driver.get();
    prober_ = std::make_unique<ConnectProber>(std::move(driver), std::move(options), kStart);
  }
  std::vector<Observation> step(Instant now) {
    prober_->wait(now, std::chrono::seconds(10));
    const auto seen = prober_->collect(now);
    return {seen.begin(), seen.end()};
  }
  void connected(uint32_t slot, int error = 0) {
    driver_->next.push_back({.slot = slot, .error = error, .icmp = {}, .rtt = {}});
  }

  const Endpoint target_{IpAddress::v4(0x0a000001), 6379};
  ScriptedDriver* driver_ = nullptr;
  std::unique_ptr<ConnectProber> prober_;
};

TEST_F(ConnectProberTest, AnAnswerAndSilenceEachGiveOneObservation) {
  make({.timeout = milliseconds(100), .own_addresses = {}, .is_neighbour = {}});
  prober_->start({1, target_}, kStart);
  prober_->start({2, target_}, kStart);
  EXPECT_EQ(prober_->room(), 0u);
  connected(0);
  auto seen = step(kStart + milliseconds(5));
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0].step, 1u);
  EXPECT_EQ(seen[0].outcome.state, State::open);
  EXPECT_EQ(seen[0].rtt, milliseconds(5));
  EXPECT_EQ(seen[0].rtt_clock, RttClock::app);
  EXPECT_TRUE(step(kStart + milliseconds(101)).empty())
      << "cancelled first, so that what has come still counts";
  seen = step(kStart + milliseconds(102));
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0].step, 2u);
  EXPECT_TRUE(seen[0].unanswered);
  EXPECT_FALSE(seen[0].rtt);
  EXPECT_EQ(prober_->in_flight(), 0u);
}

TEST_F(ConnectProberTest, SleepsNoLongerThanToTheNextDeadline) {
  make({.timeout = milliseconds(100), .own_addresses = {}, .is_neighbour = {}});
  prober_->start({1, target_}, kStart);
  step(kStart + milliseconds(60));
  EXPECT_LE(driver_->waited, milliseconds(41));
}

TEST_F(ConnectProberTest, NoRttWhenTheAnswerMayBelongToARepeatedSyn) {
  make({.timeout = std::chrono::seconds(5), .own_addresses = {}, .is_neighbour = {}});
  prober_->start({1, target_}, kStart);
  connected(0, ECONNREFUSED);
  const auto seen = step(kStart + milliseconds(1005));
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0].outcome.state, State::closed);
  EXPECT_FALSE(seen[0].rtt);
}

TEST_F(ConnectProberTest, AsksForTheBannerAndTellsIt) {
  make({.banner = true, .own_addresses = {}, .is_neighbour = {}});
  prober_->start({1, target_}, kStart);
  connected(0);
  EXPECT_TRUE(step(kStart + milliseconds(1)).empty());
  driver_->next.push_back({.slot = 0, .kind = TcpEvent::Kind::sent, .bytes = 6, .icmp = {}, .rtt = {}});
  EXPECT_TRUE(step(kStart + milliseconds(2)).empty());
  driver_->deliver("+PONG\r\n");
  driver_->next.push_back({.slot = 0, .kind = TcpEvent::Kind::received, .bytes = 7, .icmp = {}, .rtt = {}});
  const auto seen = step(kStart + milliseconds(3));
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0].banner, "+PONG\r\n");
  EXPECT_EQ(driver_->calls,
            (std::vector<std::string>{"connect 0", "send 0 PING\r\n", "receive 0", "reset 0"}));
}

TEST_F(ConnectProberTest, WhatThePeerDoesAfterAcceptingIsTold) {
  const std::pair<int, AfterAccept> rows[] = {
      {0, AfterAccept::closed}, {ECONNRESET, AfterAccept::reset}, {ECANCELED, AfterAccept::nothing}};
  for (const auto& [error, after] : rows) {
    make({.banner = true, .own_addresses = {}, .is_neighbour = {}});
    prober_->start({1, {target_.address, 22}}, kStart);
    connected(0);
    step(kStart);
    driver_->next.push_back(
        {.slot = 0, .kind = TcpEvent::Kind::received, .error = error, .icmp = {}, .rtt = {}});
    const auto seen = step(kStart);
    ASSERT_EQ(seen.size(), 1u);
    EXPECT_EQ(seen[0].outcome.state, State::open);
    EXPECT_EQ(seen[0].after_accept, after);
  }
}

TEST_F(ConnectProberTest, AfterOurLineTheWayOfHangingUpTellsNothing) {
  for (const int error : {0, ECONNRESET}) {
    make({.banner = true, .own_addresses = {}, .is_neighbour = {}});
    prober_->start({1, target_}, kStart);
    connected(0);
    step(kStart);
    driver_->next.push_back({.slot = 0, .kind = TcpEvent::Kind::sent, .bytes = 6, .icmp = {}, .rtt = {}});
    step(kStart);
    driver_->next.push_back(
        {.slot = 0, .kind = TcpEvent::Kind::received, .error = error, .icmp = {}, .rtt = {}});
    const auto seen = step(kStart);
    ASSERT_EQ(seen.size(), 1u);
    EXPECT_EQ(seen[0].after_accept, AfterAccept::hung_up);
  }
}

TEST_F(ConnectProberTest, AnIcmpErrorOfOurOwnIsNotTheTargets) {
  const IpAddress ours = IpAddress::v4(0x0a0000fe);
  make({.own_addresses = {ours}, .is_neighbour = {}});
  prober_->start({1, target_}, kStart);
  driver_->next.push_back({.slot = 0, .error = ECONNREFUSED, .icmp = IcmpError{3, 3, ours}, .rtt = {}});
  const auto seen = step(kStart);
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0].outcome, (Outcome{State::error, Reason::local_firewall}));
}

TEST_F(ConnectProberTest, ScanningOurselvesOurOwnIcmpErrorIsTheAnswer) {
  make({.own_addresses = {target_.address}, .is_neighbour = {}});
  prober_->start({1, target_}, kStart);
  driver_->next.push_back(
      {.slot = 0, .error = ECONNREFUSED, .icmp = IcmpError{3, 3, target_.address}, .rtt = {}});
  const auto seen = step(kStart);
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0].outcome, (Outcome{State::filtered, Reason::port_unreach}));
}

TEST_F(ConnectProberTest, PoliteClosesWithFin) {
  make({.close_mode = CloseMode::polite, .own_addresses = {}, .is_neighbour = {}});
  prober_->start({1, target_}, kStart);
  connected(0);
  step(kStart);
  EXPECT_EQ(driver_->calls.back(), "fin 0");
}

TEST_F(ConnectProberTest, AbandonEndsEverythingWithoutAVerdict) {
  make({.banner = true, .own_addresses = {}, .is_neighbour = {}});
  prober_->start({1, target_}, kStart);
  prober_->start({2, target_}, kStart);
  EXPECT_TRUE(prober_->abandon().empty());
  EXPECT_EQ(prober_->in_flight(), 0u);
  EXPECT_TRUE(step(kStart).empty());
}

TEST_F(ConnectProberTest, AbandonStillTellsOfAnOpenEndpointWhoseBannerIsWaitedFor) {
  make({.banner = true, .own_addresses = {}, .is_neighbour = {}});
  prober_->start({1, target_}, kStart);
  prober_->start({2, target_}, kStart);
  connected(0);
  step(kStart);
  const auto seen = prober_->abandon();
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0].step, 1u);
  EXPECT_EQ(seen[0].outcome.state, State::open);
}

TEST_F(ConnectProberTest, TheLimitIsKept) {
  make();
  prober_->limit(1);
  prober_->start({1, target_}, kStart);
  EXPECT_EQ(prober_->room(), 0u);
  prober_->limit(100);
  EXPECT_EQ(prober_->room(), 1u);
}

}  // namespace
}  // namespace sonde
