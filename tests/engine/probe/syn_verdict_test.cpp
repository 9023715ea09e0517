#include "engine/probe/syn_verdict.h"

#include <gtest/gtest.h>

namespace sonde {
namespace {

const SynScope kScope{{0x0706050403020100, 0x0f0e0d0c0b0a0908}, 40000, 40063};
const IpAddress kUs = *IpAddress::parse("10.0.0.1");
const IpAddress kHost = *IpAddress::parse("10.0.0.2");
const IpAddress kRouter = *IpAddress::parse("10.0.0.254");

uint32_t sent(uint16_t from_port = 40000, uint16_t to_port = 443) {
  return syn_sequence(kScope.key, {kUs, from_port, kHost, to_port});
}

TcpSegment segment(uint8_t flags, uint32_t acknowledgement) {
  TcpSegment answer;
  answer.from = {kHost, 443};
  answer.to = {kUs, 40000};
  answer.flags = flags;
  answer.acknowledgement = acknowledgement;
  answer.ttl = 63;
  answer.window = 64240;
  return answer;
}

IcmpQuote quote(uint8_t type, uint8_t code, uint32_t sequence) {
  IcmpQuote error;
  error.type = type;
  error.code = code;
  error.sender = kRouter;
  error.from = {kUs, 40000};
  error.to = {kHost, 443};
  error.sequence = sequence;
  return error;
}

struct Row {
  const char* what;
  PacketContent packet;
  Relation relation;
  Outcome outcome = {};
};

TEST(SynVerdict, OnlyWhatProvesThatItSawOurSynDecides) {
  constexpr Outcome kOpen{State::open, Reason::syn_ack}, kClosed{State::closed, Reason::reset};
  const Row rows[] = {
      {"SYN-ACK for our sequence number + 1", segment(kTcpSyn | kTcpAck, sent() + 1), Relation::answer,
       kOpen},
      {"SYN-ACK for our sequence number", segment(kTcpSyn | kTcpAck, sent()), Relation::invalid},
      {"SYN-ACK for any number", segment(kTcpSyn | kTcpAck, 12345), Relation::invalid},
      {"SYN-ACK for another port's number", segment(kTcpSyn | kTcpAck, sent(40001) + 1), Relation::invalid},
      {"RST that acknowledges our SYN", segment(kTcpRst | kTcpAck, sent() + 1), Relation::answer, kClosed},
      {"RST without ACK, though its number fits", segment(kTcpRst, sent() + 1), Relation::invalid},
      {"RST with a wrong acknowledgement", segment(kTcpRst | kTcpAck, sent()), Relation::invalid},
      {"RST with SYN and ACK", segment(kTcpRst | kTcpSyn | kTcpAck, sent() + 1), Relation::answer, kClosed},
      {"bare ACK: a challenge of an old connection", segment(kTcpAck, sent() + 1), Relation::unrelated},
      {"SYN: a simultaneous open", segment(kTcpSyn, 0), Relation::unrelated},
      {"FIN", segment(kTcpFin | kTcpAck, sent() + 1), Relation::unrelated},
      {"host unreachable that quotes our number",
       quote(3, 1, sent()),
       Relation::answer,
       {State::filtered, Reason::host_unreach}},
      {"administratively prohibited",
       quote(3, 13, sent()),
       Relation::answer,
       {State::filtered, Reason::admin_prohibited}},
      {"port unreachable: a firewall's REJECT",
       quote(3, 3, sent()),
       Relation::answer,
       {State::filtered, Reason::port_unreach}},
      {"time exceeded", quote(11, 0, sent()), Relation::answer, {State::filtered, Reason::time_exceeded}},
      {"host unreachable that quotes another number", quote(3, 1, sent() + 1), Relation::invalid},
      {"a packet that cannot be read", Unreadable::truncated, Relation::unrelated},
      {"a neighbour's answer", NeighbourAnswer{}, Relation::unrelated},
  };
  for (const Row& row : rows) {
    const SynVerdict verdict = judge_packet(row.packet, kScope);
    EXPECT_EQ(verdict.relation, row.relation) << row.what;
    if (row.relation != Relation::answer) continue;
    EXPECT_EQ(verdict.outcome, row.outcome) << row.what;
    EXPECT_EQ(verdict.endpoint, (Endpoint{kHost, 443})) << row.what;
  }
}

TEST(SynVerdict, PortsOutsideOfTheReservedRangeAreNoneOfOurAffair) {
  for (const uint16_t port : {uint16_t{39999}, uint16_t{40064}, uint16_t{0}}) {
    TcpSegment answer = segment(kTcpSyn | kTcpAck, sent(port) + 1);
    answer.to.port = port;
    EXPECT_EQ(judge_packet(answer, kScope).relation, Relation::unrelated) << port;
    IcmpQuote error = quote(3, 1, sent(port));
    error.from.port = port;
    EXPECT_EQ(judge_packet(error, kScope).relation, Relation::unrelated) << port;
  }
  TcpSegment last = segment(kTcpSyn | kTcpAck, sent(40063) + 1);
  last.to.port = 40063;
  EXPECT_EQ(judge_packet(last, kScope).relation, Relation::answer);
}

TEST(SynVerdict, ASynAckBringsItsEvidenceAndTheEchoedTime) {
  // MSS 1460, SACK permitted, timestamps 7 / 0x01020304, NOP, window scale 7
  constexpr unsigned char kOptions[] = {2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 7, 1, 2, 3, 4, 1, 3, 3, 7};
  TcpSegment answer = segment(kTcpSyn | kTcpAck, sent() + 1);
  answer.options = std::as_bytes(std::span(kOptions));
  const SynVerdict verdict = judge_packet(answer, kScope);
  EXPECT_EQ(verdict.segment, (SegmentEvidence{63, 64240, 1460, "MSTNW"}));
  EXPECT_EQ(verdict.echoed, 0x01020304u);
  answer.flags = kTcpRst | kTcpAck;  // a RST's echo is nobody's promise
  EXPECT_EQ(judge_packet(answer, kScope).echoed, std::nullopt);
}

TEST(SynVerdict, AnIcmpErrorTellsWhoSentIt) {
  const SynVerdict verdict = judge_packet(quote(3, 13, sent()), kScope);
  EXPECT_EQ(verdict.icmp, (IcmpEvidence{3, 13, kRouter}));
  EXPECT_EQ(verdict.segment, std::nullopt);
}

}  // namespace
}  // namespace sonde
