#include <gmock/gmock.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>

#include "net/packet/wire.h"
#include "tests/net/own_namespace.h"
#include "tests/net/packet/sample_packets.h"
#include "tests/net/xdp/answers.h"

namespace sonde {
namespace {

using namespace packets;
using testing::IsEmpty;
using testing::SizeIs;

Layer syn_ack() { return tcp(answer(cookie(kUs, kFleet) + 1, kTcpSyn | kTcpAck)); }
Layer rst() { return tcp(answer(cookie(kUs, kFleet) + 1, kTcpRst | kTcpAck)); }
Layer syn_ack6() { return tcp(answer(cookie(kUs6, kFleet6) + 1, kTcpSyn | kTcpAck)); }
Layer rst6() { return tcp(answer(cookie(kUs6, kFleet6) + 1, kTcpRst | kTcpAck)); }

Ipv4 to_us() { return {.from = kFleet, .to = kUs, .ttl = 61}; }
Ipv6 to_us6() { return {.from = kFleet6, .to = kUs6, .hop_limit = 61}; }

Layer syn(uint32_t sequence) {
  return tcp({.from = kOurs, .to = 443, .sequence = sequence, .flags = kTcpSyn, .options = linux_options()});
}
Bytes sent(Ipv4 fields = {}) {
  fields.from = kUs;
  fields.to = kFleet;
  return ipv4(fields, syn(cookie(kUs, kFleet)));
}
Bytes sent6() { return ipv6({.from = kUs6, .to = kFleet6}, syn(cookie(kUs6, kFleet6))); }
Bytes complaint(const Bytes& quote, Icmp what = {3, 13}) {
  return ipv4({.from = kRouter, .to = kUs, .ttl = 62}, icmp(what, quote));
}
Bytes complaint6(const Bytes& quote, Icmp what = {1, 1}) {
  return ipv6({.from = kRouter6, .to = kUs6, .hop_limit = 62}, icmpv6(what, quote));
}

/// A set of one IPv4 and one IPv6 endpoint, and what `receive` makes of frames.
class Receive : public OwnNamespace {
 protected:
  void SetUp() override {
    OwnNamespace::SetUp();
    if (IsSkipped()) return;
    set_.through(kUs).addresses(kFleet, 1).through(kUs6).addresses(kFleet6, 1);
    sweep_ = set_.open();
    ASSERT_TRUE(sweep_);
  }

  XdpTrial give(const Bytes& bytes) {
    auto trial = sweep_->trial(XdpProgram::receive, bytes, 1);
    EXPECT_TRUE(trial) << trial.error().text;
    return trial ? *trial : XdpTrial{};
  }
  uint32_t action_of(const Bytes& bytes) { return give(bytes).action; }

  /// The mark of the IPv4 endpoint, or the IPv6 one.
  unsigned mark(bool ipv6 = false) {
    for (uint64_t step = 0; step < set_.steps(); ++step)
      if (set_.endpoint_of_step(step).address.is_v4() != ipv6) return mark_at(sweep_->ledger(), step);
    return 99;
  }
  bool is_untouched() { return mark(false) == 0 && mark(true) == 0; }

  std::vector<sonde_event> events() {
    std::vector<sonde_event> taken;
    EXPECT_TRUE(
        sweep_->take_events([&](const sonde_event& event) { taken.push_back(event); }, Nanos::zero()));
    return taken;
  }

  SweptSet set_{{443}};
  std::unique_ptr<XdpSweep> sweep_;
};

TEST_F(Receive, SynAckIsOpenAndIsReset) {
  EXPECT_EQ(action_of(frame(ipv4(to_us(), syn_ack()))), static_cast<uint32_t>(XDP_REDIRECT));
  EXPECT_EQ(mark(), static_cast<unsigned>(SONDE_OPEN));
  const auto told = events();
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(address_of(told[0].address), address(kFleet));
  EXPECT_EQ(told[0].port, 443);
  EXPECT_EQ(told[0].mark, SONDE_OPEN);
  EXPECT_EQ(told[0].ttl, 61);
  EXPECT_EQ(told[0].window, 4321);
  EXPECT_EQ(told[0].interface, 1u);
  EXPECT_EQ(Bytes(reinterpret_cast<const std::byte*>(told[0].options),
                  reinterpret_cast<const std::byte*>(told[0].options) + told[0].options_size),
            linux_options(1, 0x01020304));
  EXPECT_EQ(set_.endpoint_of_step(told[0].step).address, address(kFleet));
  EXPECT_GT(told[0].received_ns, 0u);
}

Bytes link_of_reset(std::initializer_list<unsigned> tag, unsigned type) {
  Bytes made;
  for (const LinkAddress& station : {kTheirStation, kOurStation})
    for (size_t i = 0; i < 6; ++i) put(made, station.bytes[i], 1);
  put(made, bytes(tag));
  put(made, type, 2);
  return made;
}

/// The RST for a SYN-ACK that acknowledged `sequence`.
Layer reset_with(uint32_t sequence) {
  return tcp({.from = kOurs, .to = 443, .sequence = sequence, .flags = kTcpRst, .window = 0});
}

/// As packet_builder writes it, but with the flags and identification of ours.
Bytes reset_packet(uint32_t sequence) {
  Bytes packet = ipv4({.from = kUs, .to = kFleet}, reset_with(sequence));
  set_u16(packet, 4, 0);
  set_u16(packet, 6, 0x4000);
  set_u16(packet, 10, 0);
  set_u16(packet, 10, internet_checksum(first(packet, 20)));
  return packet;
}

TEST_F(Receive, ResetIsRightToTheByte) {
  const Bytes packet = reset_packet(cookie(kUs, kFleet) + 1);
  const Bytes expected = joined(joined(link_of_reset({}, ETH_P_IP), packet), Bytes(6));
  EXPECT_EQ(give(frame(ipv4(to_us(), syn_ack()))).frame, expected);
  Ipv4 with_options = to_us();
  with_options.options = bytes({1, 1, 1, 1});
  EXPECT_EQ(give(frame(ipv4(with_options, syn_ack()))).frame, expected);
  EXPECT_EQ(give(padded(frame(ipv4(to_us(), syn_ack())), 400)).frame, expected);
}

TEST_F(Receive, ResetIsRightToTheByteOverIpv6) {
  const Bytes packet = ipv6({.from = kUs6, .to = kFleet6}, reset_with(cookie(kUs6, kFleet6) + 1));
  EXPECT_EQ(give(frame(ipv6(to_us6(), syn_ack6()))).frame, joined(link_of_reset({}, ETH_P_IPV6), packet));
  EXPECT_EQ(mark(true), static_cast<unsigned>(SONDE_OPEN));
}

TEST_F(Receive, ResetKeepsTheTag) {
  const auto tag = {0x81u, 0x00u, 0x20u, 0x05u};
  const Bytes packet = reset_packet(cookie(kUs, kFleet) + 1);
  EXPECT_EQ(give(frame(ipv4(to_us(), syn_ack()), tag)).frame,
            joined(joined(link_of_reset(tag, ETH_P_IP), packet), Bytes(2)));
  EXPECT_EQ(mark(), static_cast<unsigned>(SONDE_OPEN));
}

TEST_F(Receive, SynAckWithoutOptionsFillsUpTheFrame) {
  Tcp bare = answer(cookie(kUs, kFleet) + 1, kTcpSyn | kTcpAck);
  bare.options = {};
  EXPECT_THAT(give(frame(ipv4(to_us(), tcp(bare)))).frame, SizeIs(60));
  EXPECT_EQ(events().at(0).options_size, 0);
}

TEST_F(Receive, EveryAnswerIsTakenFromTheHost) {
  for (const Bytes& packet : {ipv4(to_us(), rst()), ipv6(to_us6(), rst6())}) {
    EXPECT_EQ(action_of(frame(packet)), static_cast<uint32_t>(XDP_DROP));
    EXPECT_EQ(action_of(padded(frame(packet), 100)), static_cast<uint32_t>(XDP_DROP));
  }
  EXPECT_EQ(mark(), static_cast<unsigned>(SONDE_CLOSED));
  EXPECT_EQ(mark(true), static_cast<unsigned>(SONDE_CLOSED));
  EXPECT_THAT(events(), SizeIs(2));
  EXPECT_EQ(sweep_->counters().reset, 4u);
  EXPECT_EQ(sweep_->counters().duplicate, 2u);
}

TEST_F(Receive, ErrorsAboutOurSynsAreRejections) {
  const Bytes with_options = sent({.options = bytes({7, 7, 4, 0, 0, 0, 0, 0})});
  for (const Bytes& packet :
       {complaint(sent()), complaint(first(sent(), 28)), complaint(first(with_options, 36)),
        complaint(sent({.total_size = 0x3c00})), complaint(padded(sent(), 140)), complaint(sent(), {11, 0}),
        complaint(sent(), {12, 0}), complaint6(sent6()), complaint6(first(sent6(), 48)),
        complaint6(sent6(), {3, 0}), complaint6(sent6(), {4, 1})}) {
    sweep_->set_slice(0, set_.steps());
    EXPECT_EQ(action_of(frame(packet)), static_cast<uint32_t>(XDP_DROP));
    const auto told = events();
    ASSERT_THAT(told, SizeIs(1));
    const bool ipv6 = !address_of(told[0].address).is_v4();
    EXPECT_EQ(mark(ipv6), static_cast<unsigned>(SONDE_REJECTED));
    EXPECT_EQ(address_of(told[0].icmp_sender), address(ipv6 ? kRouter6 : kRouter));
    EXPECT_EQ(told[0].ttl, 62);
    EXPECT_EQ(told[0].options_size, 0);
  }
  EXPECT_EQ(sweep_->counters().rejected, 11u);
}

TEST_F(Receive, MarksOnlyRise) {
  const auto give_all = [&](std::initializer_list<Bytes> packets) {
    for (const Bytes& packet : packets) give(frame(packet));
    return mark();
  };
  EXPECT_EQ(give_all({complaint(sent())}), static_cast<unsigned>(SONDE_REJECTED));
  EXPECT_EQ(give_all({ipv4(to_us(), rst()), complaint(sent())}), static_cast<unsigned>(SONDE_CLOSED));
  EXPECT_EQ(give_all({ipv4(to_us(), syn_ack()), ipv4(to_us(), rst())}), static_cast<unsigned>(SONDE_OPEN));
  EXPECT_THAT(events(), SizeIs(3));
  EXPECT_EQ(sweep_->counters().duplicate, 2u);
}

TEST_F(Receive, DuplicateSynAckIsResetAgain) {
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(action_of(frame(ipv4(to_us(), syn_ack()))), static_cast<uint32_t>(XDP_REDIRECT));
  EXPECT_THAT(events(), SizeIs(1));
  EXPECT_EQ(sweep_->counters().reset_sent, 3u);
}

TEST_F(Receive, OnlyWantedMarksAreTold) {
  sweep_->set_wanted(1u << SONDE_OPEN);
  give(frame(ipv4(to_us(), rst())));
  EXPECT_EQ(mark(), static_cast<unsigned>(SONDE_CLOSED));
  EXPECT_THAT(events(), IsEmpty());
  give(frame(ipv4(to_us(), syn_ack())));
  EXPECT_THAT(events(), SizeIs(1));
}

/// Not proved, or none of our business: to the host it goes, as it came.
struct Foreign {
  const char* name;
  Bytes bytes;
  bool invalid = false;  ///< and counted
};

std::vector<Foreign> foreign_frames() {
  const uint32_t right = cookie(kUs, kFleet) + 1;
  const auto segment = [](Tcp fields) { return frame(ipv4(to_us(), tcp(fields))); };
  const auto changed = [](Tcp fields, auto change) {
    change(fields);
    return fields;
  };
  const Tcp open = answer(right, kTcpSyn | kTcpAck);
  const Bytes quote_of_wrong = ipv4({.from = kUs, .to = kFleet}, syn(right));
  Ipv4 first_fragment = to_us();
  first_fragment.more_fragments = true;
  Ipv4 too_short = to_us();
  too_short.total_size = 39;
  return {
      {"SYN-ACK, wrong acknowledgement", segment(answer(right + 1, kTcpSyn | kTcpAck)), true},
      {"SYN-ACK, the cookie itself", segment(answer(right - 1, kTcpSyn | kTcpAck)), true},
      {"RST, wrong acknowledgement", segment(answer(right + 1, kTcpRst | kTcpAck)), true},
      {"RST without ACK", segment(answer(right, kTcpRst)), true},
      {"from another port", segment(changed(open, [](Tcp& t) { t.from = 444; })), true},
      {"to another of our ports", segment(changed(open, [](Tcp& t) { t.to = kOurs + 1; })), true},
      {"to a port below ours", segment(changed(open, [](Tcp& t) { t.to = kFirstPort - 1; }))},
      {"to a port above ours", segment(changed(open, [](Tcp& t) { t.to = kLastPort + 1; }))},
      {"SYN", segment(answer(right, kTcpSyn))},
      {"ACK", segment(answer(right, kTcpAck))},
      {"FIN and ACK", segment(answer(right, kTcpFin | kTcpAck))},
      {"data offset below 5", segment(changed(open, [](Tcp& t) { t.header_words = 4; }))},
      {"data offset beyond the packet", segment(changed(open, [](Tcp& t) { t.header_words = 15; }))},
      {"first fragment", frame(ipv4(first_fragment, syn_ack()))},
      {"later fragment", frame(ipv4({.from = kFleet, .to = kUs, .fragment_offset = 3}, syn_ack()))},
      {"total length within the TCP header", frame(ipv4(too_short, syn_ack()))},
      {"truncated within the TCP header", first(frame(ipv4(to_us(), syn_ack())), 14 + 39)},
      {"behind an extension header", frame(ipv6(to_us6(), destination_options(syn_ack6())))},
      {"two tags", frame(ipv4(to_us(), syn_ack()), {0x88, 0xa8, 0, 5, 0x81, 0, 0, 6})},
      {"error, quote of another sequence", frame(complaint(quote_of_wrong)), true},
      {"error, quote of 7 bytes of TCP", frame(complaint(first(sent(), 27)))},
      {"error, quote completed by padding", padded(frame(complaint(first(sent(), 27))), 90)},
      {"error, quote of a fragment", frame(complaint(sent({.fragment_offset = 1})))},
      {"error, quote of UDP", frame(complaint(ipv4({.from = kUs, .to = kFleet}, udp())))},
      {"error, quote of the other family", frame(complaint(sent6()))},
      {"echo reply", frame(complaint(sent(), {0, 0}))},
      {"redirect", frame(complaint(sent(), {5, 1}))},
      {"packet too big", frame(complaint6(sent6(), {2, 0}))},
      {"ICMPv6 over IPv4", frame(ipv4(to_us(), icmpv6({1, 1}, sent6())))},
  };
}

TEST_F(Receive, PassesWhatIsNotProvedUntouched) {
  uint64_t invalid = 0;
  for (const Foreign& foreign : foreign_frames()) {
    const XdpTrial trial = give(foreign.bytes);
    invalid += foreign.invalid;
    EXPECT_EQ(trial.action, static_cast<uint32_t>(XDP_PASS)) << foreign.name;
    EXPECT_EQ(trial.frame, foreign.bytes) << foreign.name;
    EXPECT_EQ(sweep_->counters().invalid, invalid) << foreign.name;
    EXPECT_TRUE(is_untouched()) << foreign.name;
  }
  EXPECT_THAT(events(), IsEmpty());
}

TEST_F(Receive, PassesEverySamplePacketAtEveryLength) {
  for (const SamplePacket& sample : sample_packets()) {
    Bytes whole = frame(sample.bytes);
    set_u16(whole, 12, sample.ether_type);
    for (size_t size = 14; size <= whole.size(); ++size) {
      const Bytes part = first(whole, size);
      const XdpTrial trial = give(part);
      ASSERT_EQ(trial.action, static_cast<uint32_t>(XDP_PASS)) << sample.name << " " << size;
      ASSERT_EQ(trial.frame, part) << sample.name << " " << size;
    }
  }
  EXPECT_GT(sweep_->counters().invalid, 0u);  // some look like answers
  EXPECT_TRUE(is_untouched());
}

TEST_F(Receive, WhileTheSliceIsClosedNothingIsEntered) {
  const std::vector<uint64_t> before(sweep_->ledger().begin(), sweep_->ledger().end());
  sweep_->close_slice();
  EXPECT_EQ(action_of(frame(ipv4(to_us(), syn_ack()))), static_cast<uint32_t>(XDP_REDIRECT));
  EXPECT_EQ(sweep_->counters().outside, 1u);
  EXPECT_THAT(sweep_->ledger(), testing::ElementsAreArray(before));
  sweep_->reopen_slice();
  EXPECT_EQ(action_of(frame(ipv4(to_us(), syn_ack()))), static_cast<uint32_t>(XDP_REDIRECT));
  EXPECT_EQ(sweep_->counters().outside, 1u);
  EXPECT_THAT(sweep_->ledger(), testing::Not(testing::ElementsAreArray(before)));
}

TEST_F(Receive, AnswersOutsideOfTheSliceAreNotEntered) {
  const uint64_t v4_step = set_.endpoint_of_step(0).address.is_v4() ? 0 : 1;
  sweep_->set_slice(1 - v4_step, 1);
  EXPECT_EQ(action_of(frame(ipv4(to_us(), syn_ack()))), static_cast<uint32_t>(XDP_REDIRECT));
  EXPECT_EQ(action_of(frame(ipv4(to_us(), rst()))), static_cast<uint32_t>(XDP_DROP));
  EXPECT_EQ(sweep_->counters().outside, 2u);
  EXPECT_EQ(sweep_->ledger()[0], 0u);
  give(frame(ipv6(to_us6(), rst6())));
  EXPECT_EQ(sweep_->ledger()[0], static_cast<uint64_t>(SONDE_CLOSED));
}

}  // namespace
}  // namespace sonde
