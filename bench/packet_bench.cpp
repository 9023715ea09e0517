#include <benchmark/benchmark.h>

#include <array>

#include "net/packet/packet_port.h"
#include "net/packet/packet_reader.h"
#include "net/packet/syn_packet.h"
#include "tests/net/packet/packet_builder.h"

namespace sonde {
namespace {

using packets::Bytes;

constexpr CookieKey kKey{0x0706050403020100, 0x0f0e0d0c0b0a0908};

struct Family {
  const char* us;
  const char* fleet;
  uint16_t ether_type;
};

/// 0: IPv4; 1: IPv6.
Family family_of(const benchmark::State& state) {
  if (state.range(0) == 0) return {"198.18.0.1", "198.19.0.0", kEtherTypeIpv4};
  return {"2001:db8::1", "2001:db8:1::", kEtherTypeIpv6};
}

IpAddress neighbour_of(const IpAddress& address, uint64_t distance) {
  return IpAddress::from_number(address.number() + distance);
}

bool checksum_is_right(const Bytes& packet, const IpAddress& from, const IpAddress& to) {
  const Bytes tcp(packet.begin() + (from.is_v4() ? 20 : 40), packet.end());
  return packets::transport_checksum(from, to, 6, tcp) == 0;
}

/// Nanoseconds for a finished SYN, hash and checksums included. Proof before
/// speed: the first ones have right checksums, and carry their sequence numbers.
void build_syn(benchmark::State& state) {
  const Family family = family_of(state);
  const IpAddress us = packets::address(family.us), fleet = packets::address(family.fleet);
  const SynBuilder builder(us, kKey);
  Bytes packet(kLargestSyn);
  for (uint64_t i = 0; i < 1000; ++i) {
    const IpAddress to = neighbour_of(fleet, i);
    packet.resize(builder.build({to, 443}, 50000, 1, packet));
    const PacketContent content = read_packet(family.ether_type, packet);
    if (!checksum_is_right(packet, us, to) ||
        std::get<TcpSegment>(content).sequence != syn_sequence(kKey, {us, 50000, to, 443}))
      return state.SkipWithError("a SYN that nobody would answer");
    packet.resize(kLargestSyn);
  }
  uint64_t i = 0;
  for (auto _ : state) {
    builder.build({neighbour_of(fleet, ++i & 0xffff), 443}, 50000, static_cast<uint32_t>(i), packet);
    benchmark::ClobberMemory();
  }
}

/// The cookie alone, as it is computed of every answer.
void hash_flow(benchmark::State& state) {
  const Family family = family_of(state);
  Flow flow{packets::address(family.us), 50000, packets::address(family.fleet), 443};
  if (state.range(0) == 0 && syn_sequence(kKey, {IpAddress::v4(0x00010203), 0x0809, IpAddress::v4(0x04050607),
                                                 0x0a0b}) != 0x860ee5fb)
    return state.SkipWithError("not SipHash-2-4");
  for (auto _ : state) {
    ++flow.destination_port;
    benchmark::DoNotOptimize(syn_sequence(kKey, flow));
  }
}

/// A SYN-ACK taken apart, without its options.
void read_syn_ack(benchmark::State& state) {
  const Family family = family_of(state);
  const packets::Layer tcp = packets::tcp({.from = 443,
                                           .to = 50000,
                                           .acknowledgement = 1001,
                                           .flags = kTcpSyn | kTcpAck,
                                           .options = packets::linux_options()});
  const Bytes packet = state.range(0) == 0 ? packets::ipv4({.from = family.fleet, .to = family.us}, tcp)
                                           : packets::ipv6({.from = family.fleet, .to = family.us}, tcp);
  const PacketContent content = read_packet(family.ether_type, packet);
  const auto* segment = std::get_if<TcpSegment>(&content);
  if (!segment || read_tcp_options(segment->options).order != "MSTNW")
    return state.SkipWithError("not read as what it is");
  for (auto _ : state) benchmark::DoNotOptimize(read_packet(family.ether_type, packet));
}

void read_options(benchmark::State& state) {
  const Bytes options = packets::linux_options();
  for (auto _ : state) benchmark::DoNotOptimize(read_tcp_options(options));
}

BENCHMARK(build_syn)->Arg(0)->Arg(1);
BENCHMARK(hash_flow)->Arg(0)->Arg(1);
BENCHMARK(read_syn_ack)->Arg(0)->Arg(1);
BENCHMARK(read_options);

}  // namespace
}  // namespace sonde
