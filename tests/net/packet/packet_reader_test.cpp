#include "net/packet/packet_reader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <random>

#include "tests/net/packet/content_text.h"
#include "tests/net/packet/sample_packets.h"

namespace sonde {
namespace {

using packets::Bytes;
using packets::SamplePacket;
using packets::text_of;

/// A copy with memory of its very size, so that sanitizers see a step beyond it.
Bytes beginning_of(const Bytes& bytes, size_t size) {
  return {bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(size)};
}

/// A segment that was cut within its options still has everything else.
std::string without_options(std::string text) {
  return text.starts_with("tcp") ? text.substr(0, text.rfind(' ')) : text;
}

/// What must hold of anything that was read from anything.
void expect_sound(const PacketContent& content, const Bytes& bytes) {
  if (const auto* segment = std::get_if<TcpSegment>(&content)) {
    ASSERT_LE(segment->options.size(), 40u);
    ASSERT_GE(segment->options.data(), bytes.data());
    ASSERT_LE(segment->options.data() + segment->options.size(), bytes.data() + bytes.size());
    ASSERT_LE(read_tcp_options(segment->options).order.size(), 40u);
    ASSERT_EQ(segment->from.address.is_v4(), segment->to.address.is_v4());
  } else if (const auto* quote = std::get_if<IcmpQuote>(&content)) {
    ASSERT_EQ(quote->from.address.is_v4(), !quote->ipv6);
    ASSERT_EQ(quote->to.address.is_v4(), !quote->ipv6);
    ASSERT_EQ(quote->sender.is_v4(), !quote->ipv6);
  } else if (const auto* answer = std::get_if<NeighbourAnswer>(&content)) {
    ASSERT_EQ(answer->station.size, 6);
  }
}

class PacketReader : public testing::TestWithParam<SamplePacket> {};

TEST_P(PacketReader, Reads) {
  EXPECT_EQ(text_of(read_packet(GetParam().ether_type, GetParam().bytes)), GetParam().content);
}

std::string name_of(const testing::TestParamInfo<SamplePacket>& info) {
  std::string name = info.param.name;
  std::ranges::replace_if(
      name, [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Of, PacketReader, testing::ValuesIn(packets::sample_packets()), name_of);

void expect_same_of_beginnings(const SamplePacket& sample) {
  for (size_t size = 0; size < sample.bytes.size(); ++size) {
    const Bytes beginning = beginning_of(sample.bytes, size);
    const PacketContent content = read_packet(sample.ether_type, beginning);
    ASSERT_NO_FATAL_FAILURE(expect_sound(content, beginning)) << sample.name;
    const std::string text = text_of(content);
    if (text == "truncated") continue;
    EXPECT_EQ(without_options(text), without_options(sample.content))
        << sample.name << ", " << size << " bytes";
  }
}

void expect_sound_with_one_byte_changed(const SamplePacket& sample) {
  Bytes bytes = sample.bytes;
  for (std::byte& byte : bytes) {
    const std::byte right = byte;
    for (int value = 0; value < 256; ++value) {
      byte = static_cast<std::byte>(value);
      ASSERT_NO_FATAL_FAILURE(expect_sound(read_packet(sample.ether_type, bytes), bytes));
    }
    byte = right;
  }
}

void expect_sound_with_bytes_changed(const SamplePacket& sample) {
  std::mt19937 random(7);
  for (int round = 0; round < 2000; ++round) {
    Bytes bytes = beginning_of(sample.bytes, 1 + random() % sample.bytes.size());
    for (size_t changes = 1 + random() % 6; changes > 0; --changes)
      bytes[random() % bytes.size()] = static_cast<std::byte>(random());
    ASSERT_NO_FATAL_FAILURE(expect_sound(read_packet(sample.ether_type, bytes), bytes)) << "round " << round;
  }
}

TEST(PacketReaderOfAnything, SaysTheSameOrTruncatedOfEveryBeginning) {
  for (const SamplePacket& sample : packets::sample_packets()) expect_same_of_beginnings(sample);
}

TEST(PacketReaderOfAnything, StaysWithinThePacketWhateverOneByteIs) {
  for (const SamplePacket& sample : packets::sample_packets())
    ASSERT_NO_FATAL_FAILURE(expect_sound_with_one_byte_changed(sample)) << sample.name;
}

TEST(PacketReaderOfAnything, StaysWithinThePacketWhateverSomeBytesAre) {
  for (const SamplePacket& sample : packets::sample_packets())
    ASSERT_NO_FATAL_FAILURE(expect_sound_with_bytes_changed(sample)) << sample.name;
}

}  // namespace
}  // namespace sonde
