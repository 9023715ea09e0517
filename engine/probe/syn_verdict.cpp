#include "engine/probe/syn_verdict.h"

#include "engine/probe/verdict.h"

namespace sonde {
namespace {

constexpr uint8_t kSynAck = kTcpSyn | kTcpAck;

bool is_ours(uint16_t port, const SynScope& scope) {
  return port >= scope.first_port && port <= scope.last_port;
}

SynVerdict invalid() {
  SynVerdict verdict;
  verdict.relation = Relation::invalid;
  return verdict;
}

SegmentEvidence evidence_of(const TcpSegment& segment, TcpOptions options) {
  return {segment.ttl, segment.window, options.mss, std::move(options.order)};
}

/// Open or closed; whether the segment may say so has been proved.
SynVerdict answer_of(const TcpSegment& segment, Outcome outcome) {
  TcpOptions options = read_tcp_options(segment.options);
  SynVerdict verdict;
  verdict.relation = Relation::answer;
  verdict.endpoint = segment.from;
  verdict.outcome = outcome;
  if (outcome.state == State::open) verdict.echoed = options.timestamp_echo;
  verdict.segment = evidence_of(segment, std::move(options));
  return verdict;
}

SynVerdict judge(const TcpSegment& segment, const SynScope& scope) {
  if (!is_ours(segment.to.port, scope)) return {};
  const bool reset = (segment.flags & kTcpRst) != 0;
  if (!reset && (segment.flags & kSynAck) != kSynAck) return {};
  const uint32_t sent =
      syn_sequence(scope.key, {segment.to.address, segment.to.port, segment.from.address, segment.from.port});
  const bool acknowledges = (segment.flags & kTcpAck) != 0 && segment.acknowledgement == sent + 1;
  if (!acknowledges) return invalid();
  return reset ? answer_of(segment, {State::closed, Reason::reset})
               : answer_of(segment, {State::open, Reason::syn_ack});
}

SynVerdict judge(const IcmpQuote& quote, const SynScope& scope) {
  if (!is_ours(quote.from.port, scope)) return {};
  const uint32_t sent =
      syn_sequence(scope.key, {quote.from.address, quote.from.port, quote.to.address, quote.to.port});
  if (quote.sequence != sent) return invalid();
  SynVerdict verdict;
  verdict.relation = Relation::answer;
  verdict.endpoint = quote.to;
  verdict.icmp = IcmpEvidence{quote.type, quote.code, quote.sender};
  verdict.outcome = {State::filtered, reason_of_icmp(*verdict.icmp, quote.ipv6)};
  return verdict;
}

SynVerdict judge(Unreadable, const SynScope&) { return {}; }
SynVerdict judge(const NeighbourAnswer&, const SynScope&) { return {}; }

}  // namespace

SynVerdict judge_packet(const PacketContent& content, const SynScope& scope) {
  return std::visit([&scope](const auto& packet) { return judge(packet, scope); }, content);
}

}  // namespace sonde
