#include "engine/probe/syn_batch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <set>

#include "net/packet/packet_reader.h"
#include "tests/sim/virtual_clock.h"

namespace sonde {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr CookieKey kKey{11, 22};
constexpr uint32_t kEth = 1, kTunnel = 2, kVlan = 3;

/// A SYN that a device took.
struct Sent {
  Endpoint from;
  Endpoint to;
  uint32_t sequence = 0;
  uint32_t timestamp = 0;
  uint32_t device = 0;
  LinkAddress station;
};

/// Devices that refuse what the test says.
class ScriptedPort final : public PacketPort {
 public:
  SendResult send(std::span<const OutgoingPacket> packets) override {
    if (on_call) on_call();
    for (size_t i = 0; i < packets.size(); ++i) {
      const Sent syn = read(packets[i]);
      if (const std::optional<int> error = refuses(syn)) return {i, *error};
      sent.push_back(syn);
    }
    return {packets.size(), 0};
  }
  std::span<const IncomingPacket> receive() override { return {}; }
  int descriptor() const override { return -1; }
  PacketCounters counters() override { return {}; }

  /// The errno of a SYN that is not taken.
  std::function<std::optional<int>(const Sent&)> refuses = [](const Sent&) { return std::nullopt; };
  std::function<void()> on_call;
  std::vector<Sent> sent;

 private:
  static Sent read(const OutgoingPacket& packet) {
    const PacketContent content = read_packet(packet.ether_type, packet.bytes);
    const TcpSegment& segment = std::get<TcpSegment>(content);
    return {segment.from,           segment.to,
            segment.sequence,       read_tcp_options(segment.options).timestamp_value.value_or(0),
            packet.interface_index, packet.to};
  }
};

/// A probe that failed, and why.
struct Failure {
  uint64_t step = 0;
  int error = 0;
  friend bool operator==(const Failure&, const Failure&) = default;
};

struct SynBatchTest : testing::Test {
  /// Probe `step` goes to port 1000 + step, out of `device`.
  void add(uint64_t step, uint32_t device = kEth, const std::string& to = "198.18.0.7") {
    const bool v4 = IpAddress::parse(to)->is_v4();
    NextHop hop;
    hop.interface_index = device;
    hop.source = *IpAddress::parse(v4 ? "198.18.0.1" : "2001:db8::1");
    batch.add({step, {*IpAddress::parse(to), static_cast<uint16_t>(1000 + step)}}, hop, kStation);
  }
  void add_all(uint64_t first, uint64_t end, uint32_t device = kEth) {
    for (uint64_t step = first; step < end; ++step) add(step, device);
  }

  uint32_t flush() { return batch.flush(clock.now()); }
  uint32_t flush_after(Nanos pause) {
    clock.advance_to(clock.now() + pause);
    return flush();
  }

  void refuse(std::set<uint32_t> devices, int error) {
    port.refuses = [devices = std::move(devices), error](const Sent& syn) {
      return devices.contains(syn.device) ? std::optional(error) : std::nullopt;
    };
  }
  void refuse_nothing() { refuse({}, 0); }

  /// The steps of the probes that left, in order.
  std::vector<uint64_t> left() const {
    std::vector<uint64_t> steps;
    for (const Sent& syn : port.sent) steps.push_back(syn.to.port - 1000u);
    return steps;
  }

  static constexpr LinkAddress kStation{{2, 0, 0, 0, 0, 7}, 6};
  VirtualClock clock;
  ScriptedPort port;
  std::vector<Failure> failures;
  SynBatch batch{port, clock, SynScope{kKey, 40000, 40002}, [this](const Probe& probe, int error, bool) {
                   failures.push_back({probe.step, error});
                 }};
};

std::vector<uint64_t> range(uint64_t first, uint64_t end) {
  std::vector<uint64_t> steps;
  for (; first < end; ++first) steps.push_back(first);
  return steps;
}

TEST_F(SynBatchTest, EachProbeLeavesOnceAsASynThatProvesItsAnswer) {
  add(0, kEth, "198.18.0.7");
  add(1, kTunnel, "2001:db8::7");
  EXPECT_EQ(flush(), 2u);
  EXPECT_EQ(flush(), 0u);
  ASSERT_EQ(port.sent.size(), 2u);
  const char* const from[] = {"198.18.0.1", "2001:db8::1"};
  const char* const to[] = {"198.18.0.7", "2001:db8::7"};
  for (size_t i = 0; i < 2; ++i) {
    const Sent& syn = port.sent[i];
    EXPECT_EQ(syn.from.address.to_string(), from[i]);
    EXPECT_EQ(syn.to, (Endpoint{*IpAddress::parse(to[i]), static_cast<uint16_t>(1000 + i)}));
    EXPECT_EQ(syn.sequence,
              syn_sequence(kKey, {syn.from.address, syn.from.port, syn.to.address, syn.to.port}));
    EXPECT_EQ(syn.device, i == 0 ? kEth : kTunnel);
    EXPECT_EQ(syn.station, kStation);
  }
}

TEST_F(SynBatchTest, WhatADeviceDoesNotTakeStaysAndIsStampedAnew) {
  add_all(0, 5);
  port.refuses = [this](const Sent&) {
    return port.sent.size() >= 2 ? std::optional(ENOBUFS) : std::nullopt;
  };
  const uint32_t first_time = timestamp_of(clock.now());
  EXPECT_EQ(flush(), 2u);
  EXPECT_EQ(batch.waiting(), 3u);
  refuse_nothing();
  EXPECT_EQ(flush_after(milliseconds(3)), 3u);
  EXPECT_TRUE(batch.empty());
  EXPECT_EQ(left(), range(0, 5)) << "each once, in order";
  for (const Sent& syn : port.sent)
    EXPECT_EQ(syn.timestamp, syn.to.port < 1002 ? first_time : first_time + 3000) << syn.to.port;
  EXPECT_TRUE(failures.empty());
}

TEST_F(SynBatchTest, ASynIsStampedWhenItLeavesNotWhenItsTurnBegan) {
  add_all(0, 2 * SynBatch::kAtOnce);
  std::vector<uint32_t> times;
  port.on_call = [&] {
    times.push_back(timestamp_of(clock.now()));
    clock.advance_to(clock.now() + microseconds(500));  // that is how long the call takes
  };
  EXPECT_EQ(flush(), 2 * SynBatch::kAtOnce);
  ASSERT_EQ(times.size(), 2u);
  EXPECT_EQ(port.sent.front().timestamp, times[0]);
  EXPECT_EQ(port.sent.back().timestamp, times[1]);
}

TEST_F(SynBatchTest, ABusyDeviceHoldsUpNoOther) {
  for (const int error : {ENOBUFS, EAGAIN}) {
    SCOPED_TRACE(strerrorname_np(error));
    port.sent.clear();
    add_all(0, 20, kEth);  // more than one call's worth, in front of all others
    add_all(20, 30, kTunnel);
    add_all(30, 35, kEth);
    add_all(35, 40, kVlan);
    refuse({kEth}, error);
    EXPECT_EQ(flush(), 15u);
    EXPECT_EQ(batch.waiting(), 25u);
    for (const Sent& syn : port.sent) EXPECT_NE(syn.device, kEth);
    refuse_nothing();
    EXPECT_EQ(flush_after(milliseconds(1)), 25u);
    std::vector<uint64_t> all = left();
    std::ranges::sort(all);
    EXPECT_EQ(all, range(0, 40)) << "each once";
    EXPECT_TRUE(failures.empty());
  }
}

TEST_F(SynBatchTest, SeveralBusyDevicesHoldUpNoOther) {
  for (uint32_t step = 0; step < 30; ++step) add(step, 1 + step % 3);
  refuse({kEth, kVlan}, ENOBUFS);
  EXPECT_EQ(flush(), 10u);
  refuse({kVlan}, ENOBUFS);
  EXPECT_EQ(flush_after(milliseconds(1)), 10u);
  EXPECT_EQ(batch.waiting(), 10u);
}

/// Which of two busy devices is asked first changes from flush to flush.
struct LongBusyTest : SynBatchTest, testing::WithParamInterface<int> {};
INSTANTIATE_TEST_SUITE_P(Flushes, LongBusyTest, testing::Values(1, 2));

TEST_P(LongBusyTest, ADeviceFailsItsOwnProbesOnly) {
  add_all(0, 3, kEth);
  refuse({kEth, kTunnel}, EAGAIN);
  flush();
  clock.advance_to(clock.now() + RefusedDevices::kPatience / 2);
  add_all(3, 6, kTunnel);  // busy too, but not yet for long
  add_all(6, 8, kEth);
  add_all(8, 10, kVlan);
  EXPECT_EQ(flush(), 2u);
  clock.advance_to(clock.now() + RefusedDevices::kPatience / 2 - Nanos(1));
  for (int i = 0; i < GetParam(); ++i) EXPECT_EQ(flush(), 0u);
  EXPECT_TRUE(failures.empty()) << "not yet";
  add_all(10, 12, kVlan);
  EXPECT_EQ(flush_after(Nanos(1)), 2u);
  std::ranges::sort(failures, {}, &Failure::step);
  EXPECT_EQ(failures,
            (std::vector<Failure>{{0, ENOBUFS}, {1, ENOBUFS}, {2, ENOBUFS}, {6, ENOBUFS}, {7, ENOBUFS}}));
  EXPECT_EQ(batch.waiting(), 3u);
  refuse_nothing();
  EXPECT_EQ(flush_after(milliseconds(1)), 3u);
  EXPECT_EQ(left(), (std::vector<uint64_t>{8, 9, 10, 11, 3, 4, 5}));
}

TEST_F(SynBatchTest, ADeviceThatTakesSomethingNowAndThenIsNotBusyForLong) {
  add_all(0, 8);
  size_t room = 0;
  port.refuses = [&](const Sent&) -> std::optional<int> {
    if (room == 0) return ENOBUFS;
    --room;
    return std::nullopt;
  };
  flush();
  for (uint64_t taken = 1; taken <= 6; ++taken) {
    room = 1;
    EXPECT_EQ(flush_after(RefusedDevices::kPatience - milliseconds(1)), 1u);
    EXPECT_EQ(batch.waiting(), 8 - taken);
  }
  EXPECT_TRUE(failures.empty());
  flush_after(RefusedDevices::kPatience / 2);
  EXPECT_TRUE(failures.empty());
  flush_after(RefusedDevices::kPatience / 2);
  EXPECT_EQ(failures, (std::vector<Failure>{{6, ENOBUFS}, {7, ENOBUFS}}));
}

TEST_F(SynBatchTest, WhatADownDeviceHasNoRoomForFailsForThatCause) {
  refuse({kEth}, ENETDOWN);
  for (uint64_t step = 0; step < 100; ++step) {
    add(step);
    if (batch.is_due()) flush();
  }
  ASSERT_FALSE(failures.empty());
  for (const Failure& failure : failures) EXPECT_EQ(failure.error, ENETDOWN);
}

TEST_F(SynBatchTest, ARefusalLongAgoSaysNothingOfNow) {
  port.refuses = [](const Sent&) { return std::optional(ENOBUFS); };
  add_all(0, 1);
  flush();
  batch.clear();
  add_all(1, 2);
  flush_after(2 * RefusedDevices::kPatience);
  EXPECT_TRUE(failures.empty());
  EXPECT_EQ(batch.waiting(), 1u);
}

TEST_F(SynBatchTest, AnyOtherErrorIsOneProbesOwn) {
  for (const int error : {ENXIO, EMSGSIZE, EPERM}) {
    SCOPED_TRACE(strerrorname_np(error));
    port.sent.clear();
    failures.clear();
    add_all(0, 20);
    port.refuses = [&](const Sent& syn) {
      return syn.to.port == 1002 || syn.to.port == 1018 ? std::optional(error) : std::nullopt;
    };
    EXPECT_EQ(flush(), 18u);
    EXPECT_TRUE(batch.empty());
    EXPECT_EQ(failures, (std::vector<Failure>{{2, error}, {18, error}}));
    std::vector<uint64_t> others = range(0, 20);
    std::erase_if(others, [](uint64_t step) { return step == 2 || step == 18; });
    EXPECT_EQ(left(), others);
  }
}

TEST_F(SynBatchTest, SourcePortsTakeTurnsFromTheFirstToTheLast) {
  const struct {
    const char* what;
    uint16_t first, last;
    std::vector<uint16_t> ports;
  } rows[] = {{"several", 40000, 40002, {40000, 40001, 40002, 40000, 40001, 40002, 40000}},
              {"a single one", 40000, 40000, {40000, 40000, 40000}},
              {"up to the last one there is", 65534, 65535, {65534, 65535, 65534}}};
  for (const auto& row : rows) {
    SCOPED_TRACE(row.what);
    ScriptedPort own_port;
    SynBatch own(own_port, clock, SynScope{kKey, row.first, row.last}, {});
    NextHop hop;
    hop.source = *IpAddress::parse("198.18.0.1");
    for (size_t i = 0; i < row.ports.size(); ++i) own.add({i, {hop.source, 80}}, hop, {});
    own.flush(clock.now());
    std::vector<uint16_t> ports;
    for (const Sent& syn : own_port.sent) ports.push_back(syn.from.port);
    EXPECT_EQ(ports, row.ports);
  }
}

TEST_F(SynBatchTest, WhatIsForgottenNeverLeaves) {
  add_all(0, 20);
  refuse({kEth}, ENOBUFS);
  flush();
  EXPECT_EQ(batch.clear(), 20u);
  EXPECT_EQ(batch.clear(), 0u);
  EXPECT_TRUE(batch.empty());
  add_all(20, 20 + SynBatch::kAtOnce);
  EXPECT_TRUE(batch.is_due()) << "as from the beginning";
  refuse_nothing();
  EXPECT_EQ(flush_after(milliseconds(1)), SynBatch::kAtOnce);
  EXPECT_EQ(left(), range(20, 20 + SynBatch::kAtOnce));
  EXPECT_TRUE(failures.empty()) << "who forgets them has counted them";
}

TEST_F(SynBatchTest, ADeviceThatRefusesHoldsABoundedNumberAndFailsTheRestForNow) {
  refuse({kEth}, ENOBUFS);
  for (uint64_t step = 0; step < 100; ++step) {
    add(step);
    if (batch.is_due()) flush();
  }
  EXPECT_LE(batch.waiting(), 2 * SynBatch::kMostOfRefusing);
  EXPECT_EQ(failures.size() + batch.waiting(), 100u);
  EXPECT_GT(batch.free(), 0u) << "for the other devices";
  const size_t waiting = batch.waiting();
  refuse_nothing();
  EXPECT_EQ(flush_after(milliseconds(1)), waiting);
  EXPECT_EQ(left().size(), waiting);
}

TEST_F(SynBatchTest, ItIsDueWhenACallIsWorthItAndAgainOnlyAfterAsManyMore) {
  add_all(0, SynBatch::kAtOnce - 1);
  EXPECT_FALSE(batch.is_due());
  add(15);
  EXPECT_TRUE(batch.is_due());
  refuse({kEth}, ENOBUFS);
  flush();
  EXPECT_FALSE(batch.is_due()) << "a busy device is not asked again for every probe";
  for (uint64_t step = 16; step < 31; ++step) add(step, kTunnel);
  EXPECT_FALSE(batch.is_due());
  add(31, kTunnel);
  EXPECT_TRUE(batch.is_due());
}

}  // namespace
}  // namespace sonde
