// A packet from anyone: two bytes of EtherType, then anything at all. What is
// read lies within the packet, and the verdict on it keeps what the sweep relies on.
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

#include "engine/probe/syn_verdict.h"
#include "net/base/check.h"
#include "net/packet/packet_reader.h"

namespace {

using sonde::IcmpQuote;
using sonde::NeighbourAnswer;
using sonde::TcpSegment;
using sonde::Unreadable;

bool lies_within(std::span<const std::byte> part, std::span<const std::byte> whole) {
  return std::less_equal()(whole.data(), part.data()) &&
         std::less_equal()(part.data() + part.size(), whole.data() + whole.size());
}

void check_options(std::span<const std::byte> bytes) {
  const sonde::TcpOptions options = sonde::read_tcp_options(bytes);
  CHECK(options.order.size() <= 40);
  const auto has = [&](char letter) { return options.order.find(letter) != std::string::npos; };
  CHECK(options.mss.has_value() == has('M') && options.window_scale.has_value() == has('W'));
  CHECK(options.timestamp_value.has_value() == has('T') && options.timestamp_echo.has_value() == has('T'));
}

void check(Unreadable, std::span<const std::byte>) {}

void check(const TcpSegment& segment, std::span<const std::byte> packet) {
  CHECK(lies_within(segment.options, packet) && segment.options.size() <= 40);
  CHECK(segment.from.address.is_v4() == segment.to.address.is_v4());
  check_options(segment.options);
}

void check(const IcmpQuote& quote, std::span<const std::byte>) {
  for (const sonde::IpAddress& address : {quote.sender, quote.from.address, quote.to.address})
    CHECK(address.is_v4() != quote.ipv6);
}

void check(const NeighbourAnswer& answer, std::span<const std::byte>) {
  CHECK(answer.station.size == 6 && (answer.station.bytes[0] & 1) == 0);
}

// Every port is ours, so that only the proof is to be guessed: fuzzers do.
constexpr sonde::SynScope kScope{{0x0123456789abcdef, 0xfedcba9876543210}, 0, 65535};

void check(const sonde::SynVerdict& verdict) {
  if (verdict.relation != sonde::Relation::answer) return;
  CHECK(verdict.segment.has_value() != verdict.icmp.has_value());
  CHECK((verdict.outcome.state == sonde::State::filtered) == verdict.icmp.has_value());
  CHECK(!verdict.echoed || verdict.outcome.state == sonde::State::open);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  check_options(bytes);
  if (size < 2) return 0;
  const auto ether_type = static_cast<uint16_t>(data[0] << 8 | data[1]);
  const auto packet = bytes.subspan(2);
  const sonde::PacketContent content = sonde::read_packet(ether_type, packet);
  std::visit([&](const auto& read) { check(read, packet); }, content);
  check(sonde::judge_packet(content, kScope));
  return 0;
}
