#include "net/packet/neighbour_question.h"

#include <gtest/gtest.h>

#include "net/packet/packet_port.h"
#include "tests/net/packet/content_text.h"
#include "tests/net/packet/packet_builder.h"

namespace sonde {
namespace {

using packets::address;
using packets::Bytes;

constexpr LinkAddress kOurs{.bytes = {0x02, 0, 0, 0, 0, 1}, .size = 6};

Bytes packet_of(const NeighbourQuestion& question) {
  return {question.packet().begin(), question.packet().end()};
}

TEST(NeighbourQuestion, ArpRequest) {
  const auto question = make_neighbour_question(address("198.18.0.7"), address("198.18.0.1"), kOurs);
  EXPECT_EQ(question.ether_type, kEtherTypeArp);
  EXPECT_EQ(question.to, (LinkAddress{.bytes = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, .size = 6}));
  EXPECT_EQ(packet_of(question), packets::bytes({0,    1, 8, 0, 6, 4, 0,   1,  // Ethernet, IPv4, request
                                                 0x02, 0, 0, 0, 0, 1, 198, 18, 0, 1,  // from us
                                                 0,    0, 0, 0, 0, 0, 198, 18, 0, 7}));
}

TEST(NeighbourQuestion, NeighbourSolicitation) {
  const auto question =
      make_neighbour_question(address("2001:db8::abcd:ef12:3456"), address("2001:db8::1"), kOurs);
  EXPECT_EQ(question.ether_type, kEtherTypeIpv6);
  EXPECT_EQ(question.to, (LinkAddress{.bytes = {0x33, 0x33, 0xff, 0x12, 0x34, 0x56}, .size = 6}));
  const Bytes expected =
      packets::ipv6({.from = "2001:db8::1", .to = "ff02::1:ff12:3456", .hop_limit = 255},
                    packets::neighbour_message(135, "2001:db8::abcd:ef12:3456",
                                               packets::neighbour_option(1, 1, packets::station(1))));
  EXPECT_EQ(packet_of(question), expected);  // with its checksum, which the builder computes on its own
}

TEST(NeighbourQuestion, LinkLocalNeighbour) {
  const auto question = make_neighbour_question(address("fe80::7"), address("fe80::1"), kOurs);
  EXPECT_EQ(packet_of(question),
            packets::ipv6({.from = "fe80::1", .to = "ff02::1:ff00:7", .hop_limit = 255},
                          packets::neighbour_message(135, "fe80::7",
                                                     packets::neighbour_option(1, 1, packets::station(1)))));
}

TEST(NeighbourQuestion, IsNoAnswer) {
  for (const auto& [wanted, own] : {std::pair{"198.18.0.7", "198.18.0.1"}, std::pair{"fe80::7", "fe80::1"}}) {
    const auto question = make_neighbour_question(address(wanted), address(own), kOurs);
    EXPECT_EQ(packets::text_of(read_packet(question.ether_type, question.packet())), "unrelated") << wanted;
  }
}

}  // namespace
}  // namespace sonde
