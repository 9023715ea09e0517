#include "net/packet/syn_packet.h"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <set>

#include "net/packet/packet_port.h"
#include "tests/net/packet/content_text.h"
#include "tests/net/packet/packet_builder.h"

namespace sonde {
namespace {

using packets::address;
using packets::Bytes;

/// The key of SipHash's reference vectors: the bytes 00 … 0f.
constexpr CookieKey kReferenceKey{0x0706050403020100, 0x0f0e0d0c0b0a0908};
constexpr CookieKey kKey{0x1234, 0x5678};

Bytes build(const SynBuilder& builder, const Endpoint& to, uint16_t source_port, uint32_t timestamp) {
  Bytes packet(kLargestSyn, std::byte{0xaa});
  packet.resize(builder.build(to, source_port, timestamp, packet));
  return packet;
}

PacketContent read(const Bytes& packet) {
  return read_packet(packet.size() == 60 ? kEtherTypeIpv4 : kEtherTypeIpv6, packet);
}

// SipHash-2-4, Appendix A: the message 00 … 0e.
TEST(SipHash, VectorOfThePaper) {
  sonde_siphash state = sonde_siphash_begin(kReferenceKey.k0, kReferenceKey.k1);
  sonde_siphash_word(&state, 0x0706050403020100);
  EXPECT_EQ(sonde_siphash_end(&state, 0x0f0e0d0c0b0a0908), 0xa129ca6149be45e5);
}

/// The messages 00, 01, 02, … of the reference vectors, of `size` bytes.
uint64_t hash_of_counting(uint64_t size) {
  sonde_siphash state = sonde_siphash_begin(kReferenceKey.k0, kReferenceKey.k1);
  const auto word = [](uint64_t from, uint64_t to) {
    uint64_t made = 0;
    for (uint64_t i = from; i < to; ++i) made |= i << (8 * (i - from));
    return made;
  };
  uint64_t at = 0;
  for (; at + 8 <= size; at += 8) sonde_siphash_word(&state, word(at, at + 8));
  return sonde_siphash_end(&state, size << 56 | word(at, size));
}

// The designers' vectors.h, read as little-endian numbers.
TEST(SipHash, ReferenceVectors) {
  EXPECT_EQ(hash_of_counting(0), 0x726fdb47dd0e0e31);
  EXPECT_EQ(hash_of_counting(1), 0x74f839c593dc67fd);
  EXPECT_EQ(hash_of_counting(7), 0xab0200f58b01d137);
  EXPECT_EQ(hash_of_counting(8), 0x93f5f5799a932462);
  EXPECT_EQ(hash_of_counting(12), 0x751e8fbc860ee5fb);
  EXPECT_EQ(hash_of_counting(15), 0xa129ca6149be45e5);
  EXPECT_EQ(hash_of_counting(36), 0x314dffbe0815a3b4);
  EXPECT_EQ(hash_of_counting(63), 0x958a324ceb064572);
}

// A flow's message is its bytes on the wire: source, destination, ports. So
// flows of counting bytes must give the reference vectors of 12 and 36.
TEST(SynSequence, IsTheReferenceHashOfTheFlowsBytes) {
  EXPECT_EQ(syn_sequence(kReferenceKey, {address("0.1.2.3"), 0x0809, address("4.5.6.7"), 0x0a0b}),
            0x860ee5fbu);
  const Flow v6{address("1:203:405:607:809:a0b:c0d:e0f"), 0x2021,
                address("1011:1213:1415:1617:1819:1a1b:1c1d:1e1f"), 0x2223};
  EXPECT_EQ(syn_sequence(kReferenceKey, v6), 0x0815a3b4u);
}

TEST(SynSequence, DependsOnEveryPartOfTheFlowAndOnTheKey) {
  for (const auto& [one, other] :
       {std::pair{"198.18.0.1", "198.18.0.7"}, std::pair{"2001:db8::1", "2001:db8::7"}}) {
    const Flow flow{address(one), 50000, address(other), 443};
    const std::set<uint32_t> sequences{
        syn_sequence(kKey, flow),
        syn_sequence({kKey.k0 + 1, kKey.k1}, flow),
        syn_sequence({kKey.k0, kKey.k1 + 1}, flow),
        syn_sequence(kKey, {address(one), 50001, address(other), 443}),
        syn_sequence(kKey, {address(one), 50000, address(other), 444}),
        syn_sequence(kKey, {address(one), 443, address(other), 50000}),
        syn_sequence(kKey, {address(other), 50000, address(one), 443}),
        syn_sequence(kKey, {address(one), 50000, address(one), 443}),
    };
    EXPECT_EQ(sequences.size(), 8u) << one;
  }
}

TEST(SynBuilder, ByteForByteIpv4) {
  const SynBuilder builder(address("198.18.0.1"), kKey);
  Bytes packet = build(builder, {address("198.18.0.7"), 443}, 50000, 0x01020304);
  const uint32_t sequence = syn_sequence(kKey, {address("198.18.0.1"), 50000, address("198.18.0.7"), 443});
  Bytes expected = packets::bytes(
      {0x45, 0, 0, 60, 0, 0, 0x40, 0, 64, 6, 0, 0, 198, 18, 0, 1, 198, 18, 0, 7, 0xc3, 0x50, 0x01, 0xbb});
  packets::put(expected, sequence, 4);
  packets::put(expected, packets::bytes({0, 0, 0,    0,    0xa0, 0x02, 0xfa, 0xf0, 0, 0, 0, 0,              //
                                         2, 4, 0x05, 0xb4, 4,    2,    8,    10,   1, 2, 3, 4, 0, 0, 0, 0,  //
                                         1, 3, 3,    7}));
  for (size_t varying : {4u, 10u, 36u}) packets::set_u16(packet, varying, 0);  // identification, checksums
  EXPECT_EQ(packet, expected);
}

TEST(SynBuilder, ByteForByteIpv6) {
  const SynBuilder builder(address("2001:db8::1"), kKey);
  Bytes packet = build(builder, {address("2001:db8::7"), 443}, 50000, 0x01020304);
  Bytes expected = packets::bytes({0x60, 0, 0, 0, 0, 40, 6, 64});
  packets::put(expected, address("2001:db8::1"));
  packets::put(expected, address("2001:db8::7"));
  packets::put(expected, packets::bytes({0xc3, 0x50, 0x01, 0xbb}));
  packets::put(expected, syn_sequence(kKey, {address("2001:db8::1"), 50000, address("2001:db8::7"), 443}), 4);
  packets::put(expected, packets::bytes({0, 0, 0,    0,    0xa0, 0x02, 0xfa, 0xf0, 0, 0, 0, 0,              //
                                         2, 4, 0x05, 0xa0, 4,    2,    8,    10,   1, 2, 3, 4, 0, 0, 0, 0,  //
                                         1, 3, 3,    7}));
  EXPECT_EQ(std::to_integer<int>(packet[0]), 0x60);
  EXPECT_EQ(std::to_integer<int>(packet[1]) & 0xf0, 0);
  packet[1] = std::byte{0};  // the rest of these bytes is the flow label
  packets::set_u16(packet, 2, 0);
  packets::set_u16(packet, 56, 0);  // checksum
  EXPECT_EQ(packet, expected);
}

/// Sums everything anew.
void expect_right_checksums(const Bytes& packet, const IpAddress& from, const IpAddress& to) {
  const ptrdiff_t ip_size = from.is_v4() ? 20 : 40;
  const Bytes ip(packet.begin(), packet.begin() + ip_size);
  const Bytes tcp(packet.begin() + ip_size, packet.end());
  if (from.is_v4()) {
    ASSERT_EQ(packets::internet_checksum(ip), 0) << to.to_string();
  }
  ASSERT_EQ(packets::transport_checksum(from, to, 6, tcp), 0) << to.to_string();
}

IpAddress random_address(std::mt19937_64& random, bool v4) {
  if (v4) return IpAddress::v4(static_cast<uint32_t>(random()));
  return IpAddress::from_number((U128{random() | uint64_t{1} << 61} << 64) | random());
}

TEST(SynBuilder, ChecksumsAreRightForAnyFlow) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 20'000; ++round) {
    const bool v4 = round % 2 == 0;
    const SynBuilder builder(random_address(random, v4), {random(), random()});
    const Endpoint to{random_address(random, v4), static_cast<uint16_t>(random())};
    const Bytes packet = build(builder, to, static_cast<uint16_t>(random()), static_cast<uint32_t>(random()));
    ASSERT_NO_FATAL_FAILURE(expect_right_checksums(packet, builder.source(), to.address));
  }
}

// However many there are: those that fill a group, and those left over.
TEST(SynBuilder, SeveralAtOnceAreWhatEachIsAlone) {
  std::mt19937_64 random(2);
  for (int round = 0; round < 2'000; ++round) {
    const bool v4 = round % 2 == 0;
    const SynBuilder builder(random_address(random, v4), {random(), random()});
    const auto timestamp = static_cast<uint32_t>(random());
    std::vector<Endpoint> to(random() % 35);
    std::vector<Bytes> made(to.size(), Bytes(kLargestSyn, std::byte{0xaa})), alone;
    std::vector<SynOrder> orders;
    for (size_t i = 0; i < to.size(); ++i) {
      to[i] = {random_address(random, v4), static_cast<uint16_t>(random())};
      orders.push_back({&to[i], static_cast<uint16_t>(random()), made[i].data()});
      alone.push_back(build(builder, to[i], orders[i].source_port, timestamp));
    }
    builder.build(orders, timestamp);
    for (Bytes& packet : made) packet.resize(builder.packet_size());
    ASSERT_EQ(made, alone) << to.size() << (v4 ? " of IPv4" : " of IPv6");
  }
}

// Sums that carry as much, or as little, as they can.
TEST(SynBuilder, ChecksumsAreRightAtTheEdges) {
  const char* const addresses[] = {"0.0.0.0", "255.255.255.255", "255.255.0.0",
                                   "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"};
  for (const char* source : addresses) {
    const SynBuilder builder(address(source), kKey);
    for (const char* destination : addresses) {
      const Endpoint to{address(destination), 65535};
      if (to.address.is_v4() != builder.source().is_v4()) continue;
      for (uint32_t timestamp : {0u, 0xffffffffu, 0xffff0000u, 0x0000ffffu})
        ASSERT_NO_FATAL_FAILURE(
            expect_right_checksums(build(builder, to, 65535, timestamp), builder.source(), to.address));
    }
  }
}

TEST(SynBuilder, ReadsAsALinuxClientsSyn) {
  for (const auto& [from, to, mss] :
       {std::tuple{"198.18.0.1", "198.18.0.7", 1460}, std::tuple{"2001:db8::1", "2001:db8::7", 1440}}) {
    const SynBuilder builder(address(from), kKey);
    const Bytes packet = build(builder, {address(to), 443}, 50000, 99);
    const PacketContent content = read(packet);
    const auto* segment = std::get_if<TcpSegment>(&content);
    ASSERT_NE(segment, nullptr) << packets::text_of(content);
    EXPECT_EQ(segment->from, (Endpoint{address(from), 50000}));
    EXPECT_EQ(segment->to, (Endpoint{address(to), 443}));
    EXPECT_EQ(segment->flags, kTcpSyn);
    EXPECT_EQ(segment->window, 64240);
    EXPECT_EQ(segment->sequence, syn_sequence(kKey, {address(from), 50000, address(to), 443}));
    const TcpOptions options = read_tcp_options(segment->options);
    EXPECT_EQ(options.order, "MSTNW");
    EXPECT_EQ(options.mss, mss);
    EXPECT_EQ(options.window_scale, 7);
    EXPECT_EQ(options.timestamp_value, 99u);
    EXPECT_EQ(options.timestamp_echo, 0u);
  }
}

TEST(SynBuilder, IdentificationAndFlowLabelVaryWithTheFlow) {
  const SynBuilder v4(address("198.18.0.1"), kKey), v6(address("2001:db8::1"), kKey);
  std::set<Bytes> identifications, labels;
  for (uint16_t port = 1; port <= 100; ++port) {
    const Bytes one = build(v4, {address("198.18.0.7"), port}, 50000, 0);
    const Bytes other = build(v6, {address("2001:db8::7"), port}, 50000, 0);
    identifications.insert(Bytes(one.begin() + 4, one.begin() + 6));
    labels.insert(Bytes(other.begin() + 1, other.begin() + 4));
  }
  EXPECT_GE(identifications.size(), 98u);
  EXPECT_GE(labels.size(), 99u);
}

}  // namespace
}  // namespace sonde
