#include "tests/engine/sink/records.h"

#include <array>
#include <cerrno>
#include <string_view>

namespace sonde {
namespace {

using Random = std::mt19937_64;

uint64_t below(Random& random, uint64_t end) {
  return std::uniform_int_distribution<uint64_t>(0, end - 1)(random);
}

bool one_in(Random& random, uint64_t n) { return below(random, n) == 0; }

using namespace std::string_view_literals;
constexpr std::array kPieces = {"\""sv,
                                "\\"sv,
                                "\n"sv,
                                "\r\n"sv,
                                "\0"sv,
                                "\t"sv,
                                ","sv,
                                "\x1b[31m"sv,
                                "\x1b]0;"sv,
                                "\a"sv,
                                "\x7f"sv,
                                "\xc2\x9b"sv,
                                "\xc3\xbc"sv,
                                "\xff"sv,
                                "\xc3"sv,
                                "\xed\xa0\x80"sv,
                                "\xc0\xaf"sv,
                                "\xf0\x9f\x98\x80"sv,
                                "\xf4\x90\x80\x80"sv,
                                "\xe2\x80\xae"sv,
                                "\xe2\x80\xa8"sv,
                                "=cmd"sv,
                                "+OK "sv,
                                "-ERR"sv,
                                "@x"sv,
                                "\\x41"sv,
                                "SSH-2.0"sv,
                                "</script>"sv,
                                "\\u0000"sv,
                                " "sv,
                                "''"sv,
                                "\x9b"sv};

std::optional<IcmpEvidence> random_icmp(Random& random, IpAddress address) {
  if (!one_in(random, 3)) return std::nullopt;
  return IcmpEvidence{static_cast<uint8_t>(below(random, 256)), static_cast<uint8_t>(below(random, 256)),
                      one_in(random, 4) ? IpAddress() : address};
}

std::optional<SegmentEvidence> random_segment(Random& random) {
  constexpr std::array kOptions = {""sv, "MSTNW"sv, "M"sv, "MNWNNT?SEE"sv, "?"sv};
  if (!one_in(random, 2)) return std::nullopt;
  SegmentEvidence segment{static_cast<uint8_t>(random()), static_cast<uint16_t>(random()), std::nullopt,
                          std::string(kOptions[below(random, kOptions.size())])};
  if (one_in(random, 2)) segment.mss = static_cast<uint16_t>(random());
  return segment;
}

PacketBooks random_packets(Random& random) {
  PacketBooks packets{.sent = random(), .refused = random()};
  for (uint64_t* part : {&packets.answers, &packets.neighbours, &packets.invalid, &packets.unrelated})
    packets.received += * part = below(random, 1000);
  return packets;
}

IpAddress random_address(Random& random) {
  if (one_in(random, 2)) return IpAddress::v4(static_cast<uint32_t>(random()));
  return IpAddress::from_number((U128{0x20010db8} << 96) | (one_in(random, 2) ? random() : below(random, 9)));
}

std::string maybe_nasty(Random& random) { return one_in(random, 2) ? nasty_text(random) : ""; }

EndpointRecord random_record(Random& random) {
  EndpointRecord record;
  record.time = WallTime(Nanos(static_cast<int64_t>(random() / 2)));
  record.endpoint = {random_address(random), static_cast<uint16_t>(random()), 0};
  if (one_in(random, 5)) record.endpoint.scope = static_cast<uint32_t>(random());
  record.name = maybe_nasty(random);
  record.sni = maybe_nasty(random);
  record.outcome = {static_cast<State>(below(random, 4)), static_cast<Reason>(below(random, 20))};
  if (one_in(random, 2))
    record.rtt = Nanos(static_cast<int64_t>(below(random, uint64_t{1} << (1 + below(random, 40)))));
  record.rtt_clock = static_cast<RttClock>(below(random, 2));
  record.attempts = static_cast<uint32_t>(below(random, 5));
  record.service = maybe_nasty(random);
  record.icmp = random_icmp(random, record.endpoint.address);
  record.neighbour_unresolved = one_in(random, 5);
  if (one_in(random, 4)) record.local_errno = static_cast<int>(1 + below(random, 150));
  record.after_accept = static_cast<AfterAccept>(below(random, 4));
  record.banner = maybe_nasty(random);
  record.segment = random_segment(random);
  if (one_in(random, 4)) record.usual_ttl = static_cast<uint8_t>(random());
  if (one_in(random, 4)) record.follow_up = static_cast<Reason>(below(random, 20));
  record.revised = one_in(random, 5);
  record.repeated = one_in(random, 5);
  return record;
}

}  // namespace

WallTime a_moment() { return WallTime(Nanos(1767323045678901234)); }

EndpointRecord an_open_ssh() {
  EndpointRecord record = a_record("10.0.0.5", 22, State::open);
  record.name = "db1.example";
  record.rtt = Nanos(183400);
  record.rtt_clock = RttClock::kernel;
  record.service = "ssh";
  record.banner = "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n";
  return record;
}

EndpointRecord a_seen_https() {
  EndpointRecord record = a_record("10.0.0.5", 443, State::open);
  record.rtt = Nanos(183400);
  record.rtt_clock = RttClock::kernel;
  record.service = "https";
  record.segment = SegmentEvidence{63, 64240, 1460, "MSTNW"};
  return record;
}

EndpointRecord a_record(const std::string& address, uint16_t port, State state) {
  constexpr std::array kReasons = {Reason::syn_ack, Reason::conn_refused, Reason::no_response,
                                   Reason::local_no_descriptors};
  EndpointRecord record;
  record.time = a_moment();
  record.endpoint = {IpAddress::parse(address).value(), port, 0};
  record.outcome = {state, kReasons.at(static_cast<size_t>(state))};
  record.attempts = 1;
  if (state == State::error) record.local_errno = EMFILE;
  return record;
}

SummaryRecord a_summary() {
  SummaryRecord summary;
  summary.version = "0.1.0";
  summary.engine = "connect (io_uring)";
  summary.seed = 42;
  summary.targets = 256;
  summary.endpoints = 65321;
  summary.open = 12;
  summary.closed = 40;
  summary.filtered = 65269;
  summary.passes = 3;
  summary.completeness = 0.99999;
  summary.completeness_low = 0.9998;
  summary.books = {.sent = 65400, .answered = 52, .unanswered = 65348, .late = 1};
  summary.elapsed_s = 6.404;
  summary.args = {"sonde", "scan", "10.0.0.0/24", "-p", "1-255"};
  return summary;
}

SummaryRecord a_full_summary() {
  SummaryRecord summary = a_summary();
  summary.engine = "syn";
  summary.shard = "2/8";
  summary.books.duplicate = 4;
  summary.packets = PacketBooks{.sent = 65400,
                                .refused = 2,
                                .received = 66,
                                .answers = 56,
                                .neighbours = 5,
                                .invalid = 3,
                                .unrelated = 2,
                                .rx_dropped = 7,
                                .questions = 6};
  summary.proxies = {{IpAddress::v4(0x0a000005), 0, 120}, {IpAddress::parse("fe80::1").value(), 3, 2}};
  summary.notes = {"the receive ring overflowed and lost 7 packets"};
  return summary;
}

std::vector<ProxyRecord> proxies_of(size_t count, uint64_t ports) {
  std::vector<ProxyRecord> proxies;
  for (size_t i = 0; i < count; ++i)
    proxies.push_back({IpAddress::v4(0x0a010000 + static_cast<uint32_t>(i)), 0, ports});
  return proxies;
}

std::string nasty_text(Random& random) {
  std::string text;
  const uint64_t pieces = 1 + below(random, 12);
  for (uint64_t i = 0; i < pieces; ++i) {
    text += one_in(random, 3) ? std::string(1, static_cast<char>(below(random, 256)))
                              : std::string(kPieces[below(random, kPieces.size())]);
  }
  if (one_in(random, 50)) {
    while (text.size() < kLongestBanner) text += static_cast<char>(below(random, 256));
  }
  return text.substr(0, kLongestBanner);
}

std::vector<EndpointRecord> random_records(uint64_t seed, size_t count) {
  Random random(seed);
  std::vector<EndpointRecord> records;
  for (size_t i = 0; i < count; ++i) records.push_back(random_record(random));
  return records;
}

SummaryRecord random_summary(uint64_t seed) {
  Random random(seed);
  SummaryRecord summary = a_summary();
  summary.seed = random() >> 11;  // below 2^53
  summary.shard = one_in(random, 2) ? "2/8" : "";
  summary.completeness.reset();
  if (one_in(random, 2)) summary.completeness_low.reset();
  summary.books.late = random();
  summary.interrupted = one_in(random, 2);
  summary.degraded = one_in(random, 2);
  if (one_in(random, 2)) summary.notes = {nasty_text(random), nasty_text(random)};
  if (one_in(random, 2)) summary.packets = random_packets(random);
  summary.proxies = proxies_of(below(random, 4), 1 + random() / 2);
  summary.args.push_back(nasty_text(random));
  return summary;
}

}  // namespace sonde
