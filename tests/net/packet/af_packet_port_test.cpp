#include "net/packet/af_packet_port.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <set>
#include <thread>

#include "net/privilege.h"
#include "tests/net/dropped_rights.h"
#include "tests/net/packet/packet_wire.h"

namespace sonde {
namespace {

using packets::Bytes;
using packets::joined;
using testing::HasSubstr;

const LinkAddress kSender{{2, 0, 0, 0, 0, 7}, 6};
const LinkAddress kBroadcast{{255, 255, 255, 255, 255, 255}, 6};

Bytes frame(unsigned ether_type, const Bytes& packet) {
  const Bytes header =
      packets::bytes({255, 255, 255, 255, 255, 255, 2, 0, 0, 0, 0, 7, ether_type >> 8, ether_type & 255});
  return joined(header, packet);
}
Bytes in_vlan(unsigned tag, unsigned ether_type, const Bytes& packet) {
  return frame(0x8100,
               joined(packets::bytes({tag >> 8, tag & 255, ether_type >> 8, ether_type & 255}), packet));
}
/// A SYN-ACK with a number in it.
Bytes answer(uint32_t number, uint16_t port = 61001, std::string_view from = "10.9.0.2") {
  return packets::ipv4({.from = from, .to = "10.9.0.1"},
                       packets::tcp({.from = 443, .to = port, .sequence = number, .flags = 0x12}));
}
Bytes arp(uint16_t operation) {
  return packets::arp({.operation = operation,
                       .sender = "10.9.0.2",
                       .sender_station = packets::station(7),
                       .target = "10.9.0.1"});
}
uint32_t number_of(const Bytes& packet) {
  uint32_t number = 0;
  for (size_t i = 24; i < 28; ++i) number = number << 8 | static_cast<uint32_t>(packet.at(i));
  return number;
}

AfPacketOptions with_ring(size_t bytes) { return {.filter = {}, .fanout_group = 0, .ring_bytes = bytes}; }

/// Numbered packets out of one interface, with the bytes that they view.
class Outgoing {
 public:
  Outgoing(const char* interface, size_t count, const LinkAddress& to = kBroadcast) {
    for (size_t i = 0; i < count; ++i) bytes_.push_back(answer(static_cast<uint32_t>(i)));
    for (const Bytes& packet : bytes_) packets.push_back({index_of(interface), kEtherTypeIpv4, to, packet});
  }
  std::vector<OutgoingPacket> packets;

 private:
  std::vector<Bytes> bytes_;
};

using AfPacketPort = PacketWire;

TEST_F(AfPacketPort, AnAnswerComesInWithItsInterfaceStationAndTime) {
  const auto port = open_port({"right"});
  const TestLink sender(open_frame_sender("left"));
  const WallTime before = std::chrono::system_clock::now();
  sender.write(frame(kEtherTypeIpv4, answer(7)));
  const auto packets = receive_packets(*port, 1);
  ASSERT_EQ(packets.size(), 1U);
  EXPECT_EQ(packets[0].interface_index, index_of("right"));
  EXPECT_EQ(packets[0].ether_type, kEtherTypeIpv4);
  EXPECT_EQ(packets[0].from, kSender);
  EXPECT_EQ(packets[0].bytes, answer(7));
  EXPECT_EQ(packets[0].whole_size, answer(7).size());
  EXPECT_GE(packets[0].received, before);
  EXPECT_LE(packets[0].received, std::chrono::system_clock::now());
  EXPECT_TRUE(port->receive().empty());
}

TEST_F(AfPacketPort, OnlyWhatPassesTheFilterComesIn) {
  const auto port = open_port({"right", "lo"});
  const TestLink left(open_frame_sender("left")), right(open_frame_sender("right"));
  const Bytes last = answer(99);
  left.write(frame(kEtherTypeIpv4, answer(1, 60999)));     // another port
  left.write(in_vlan(5, kEtherTypeIpv4, answer(2)));       // another network
  left.write(in_vlan(0xe000, kEtherTypeIpv4, answer(3)));  // with a priority: ours
  right.write(frame(kEtherTypeIpv4, answer(4)));           // sent out of our interface
  left.write(frame(kEtherTypeArp, arp(1)));                // a question
  left.write(frame(kEtherTypeArp, arp(2)));                // an answer: ours
  left.write(frame(0x88cc, answer(5)));                    // another protocol
  left.write(frame(kEtherTypeIpv4, last));
  const auto packets = receive_packets(*port, 3);
  ASSERT_EQ(packets.size(), 3U);
  EXPECT_EQ(packets[0].bytes, answer(3));
  EXPECT_EQ(packets[0].ether_type, kEtherTypeIpv4);
  EXPECT_EQ(packets[1].ether_type, kEtherTypeArp);
  EXPECT_EQ(packets[2].bytes, last);
}

TEST_F(AfPacketPort, ALongPacketIsCutAndSaysHowLongItWas) {
  const auto port = open_port({"right"});
  const TestLink left(open_frame_sender("left"));
  const Bytes whole = joined(answer(1), Bytes(1000));
  left.write(frame(kEtherTypeIpv4, whole));
  const auto packets = receive_packets(*port, 1);
  ASSERT_EQ(packets.size(), 1U);
  EXPECT_EQ(packets[0].bytes, Bytes(whole.begin(), whole.begin() + 512));
  EXPECT_EQ(packets[0].whole_size, whole.size());
}

TEST_F(AfPacketPort, PacketsOfAllProtocolsLeaveWithTheLinkHeaderOfTheKernel) {
  const auto port = open_port({"left"}), other = open_port({"right"});
  const Bytes v4 = answer(1);
  const Bytes v6 =
      packets::ipv6({.from = "fd00::2", .to = "fd00::1"}, packets::tcp({.from = 443, .to = 61002}));
  const Bytes reply = arp(2);
  const uint32_t left = index_of("left");
  const std::vector<OutgoingPacket> batch = {{left, kEtherTypeIpv4, kBroadcast, v4},
                                             {left, kEtherTypeIpv6, kSender, v6},
                                             {left, kEtherTypeArp, kBroadcast, reply}};
  const SendResult result = port->send(batch);
  EXPECT_EQ(result.taken, 3U);
  EXPECT_EQ(result.error, 0);
  const auto packets = receive_packets(*other, 3);
  ASSERT_EQ(packets.size(), 3U);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(packets[i].ether_type, batch[i].ether_type);
    EXPECT_TRUE(std::ranges::equal(packets[i].bytes, batch[i].bytes));
    EXPECT_EQ(packets[i].from.size, 6) << "the device's own station";
  }
  EXPECT_EQ(port->counters().sent, 3U);
  EXPECT_EQ(other->counters().received, 3U);
}

TEST_F(AfPacketPort, LargeBatchesArriveWholeAndInOrder) {
  const auto port = open_port({"left"}), other = open_port({"right"});
  const Outgoing outgoing("left", 5000);
  EXPECT_EQ(port->send(outgoing.packets).taken, 5000U);
  const auto packets = receive_packets(*other, 5000);
  ASSERT_EQ(packets.size(), 5000U);
  for (uint32_t i = 0; i < 5000; ++i) ASSERT_EQ(number_of(packets[i].bytes), i);
  EXPECT_EQ(other->counters().rx_dropped, 0U);
}

TEST_F(AfPacketPort, TheRingIsUsedRoundAndRound) {
  const auto port = open_port({"left"}), other = open_port({"right"}, with_ring(64 << 10));
  const Outgoing outgoing("left", 100);
  for (int round = 0; round < 100; ++round) {
    ASSERT_EQ(port->send(outgoing.packets).taken, 100U);
    const auto packets = receive_packets(*other, 100);
    ASSERT_EQ(packets.size(), 100U) << "round " << round;
    for (uint32_t i = 0; i < 100; ++i) ASSERT_EQ(number_of(packets[i].bytes), i) << "round " << round;
  }
  EXPECT_EQ(other->counters().rx_dropped, 0U);
}

TEST_F(AfPacketPort, WhatWasReceivedStaysAsItIsUntilTheNextCall) {
  const auto port = open_port({"left"}), other = open_port({"right"}, with_ring(8 << 10));
  const Outgoing outgoing("left", 2000);
  port->send(std::span(outgoing.packets).first(10));
  pollfd waiting{other->descriptor(), POLLIN, 0};
  ASSERT_EQ(poll(&waiting, 1, kPatienceMs), 1);
  const auto packets = other->receive();
  port->send(outgoing.packets);
  for (size_t i = 0; i < packets.size(); ++i)
    EXPECT_EQ(number_of(Bytes(packets[i].bytes.begin(), packets[i].bytes.end())), i);
}

TEST_F(AfPacketPort, ATinyRingLosesPacketsAndSaysHowMany) {
  const auto port = open_port({"left"}), other = open_port({"right"}, with_ring(8 << 10));
  const Outgoing outgoing("left", 3000);
  EXPECT_EQ(port->send(outgoing.packets).taken, 3000U);
  uint64_t handled = 0;
  while (handled < 3000) {  // ends because the books balance
    other->receive();
    const PacketCounters counters = other->counters();
    handled = counters.received + counters.rx_dropped;
  }
  EXPECT_EQ(handled, 3000U);
  EXPECT_GT(other->counters().rx_dropped, 0U);
  EXPECT_GT(other->counters().received, 0U);
}

TEST_F(AfPacketPort, ARefusedPacketStopsTheBatchAndItsReasonIsKept) {
  ASSERT_TRUE(run("ip link add lower type veth peer name lowered"));
  const auto port = open_port({"left"});
  const Bytes large = joined(answer(0), Bytes(2000));
  struct Row {
    const char* what;
    OutgoingPacket packet;
    int error;
  };
  for (const Row& row : std::vector<Row>{
           {"no such interface", {9999, kEtherTypeIpv4, kBroadcast, large}, ENXIO},
           {"an interface that is down", {index_of("lower"), kEtherTypeIpv4, kBroadcast, large}, ENETDOWN},
           {"larger than the MTU", {index_of("left"), kEtherTypeIpv4, kBroadcast, large}, EMSGSIZE},
       })
    for (const size_t position : {0U, 1U, 255U, 256U, 299U}) {
      Outgoing outgoing("left", 300);
      outgoing.packets[position] = row.packet;
      const SendResult result = port->send(outgoing.packets);
      EXPECT_EQ(result.taken, position) << row.what;
      EXPECT_EQ(result.error, row.error) << row.what << ": " << std::strerror(result.error);
    }
  EXPECT_EQ(port->counters().refused, 0U) << "none of them came to a device";
}

TEST_F(AfPacketPort, ALinkWithoutCarrierIsDownRatherThanBusy) {
  const auto port = open_port({"left"});
  ASSERT_TRUE(run("ip link set right down"));
  const SendResult result = port->send(Outgoing("left", 3).packets);
  EXPECT_EQ(result.taken, 0U);
  EXPECT_EQ(result.error, ENETDOWN);
  EXPECT_EQ(port->counters().refused, 1U) << "the batch stopped at the first";
}

TEST_F(AfPacketPort, PortsOfOneGroupShareWhatComesInByFlow) {
  const auto sender = open_port({"left"});
  const std::vector<std::unique_ptr<PacketPort>> ports = [] {
    std::vector<std::unique_ptr<PacketPort>> made;
    for (int i = 0; i < 2; ++i) made.push_back(open_port({"right"}, {.filter = {}, .fanout_group = 61000}));
    return made;
  }();
  std::vector<Bytes> bytes;
  for (uint32_t round = 0; round < 2; ++round)
    for (uint32_t flow = 0; flow < 200; ++flow)
      bytes.push_back(answer(flow, 61003, IpAddress::v4(0x0a090100 + flow).to_string()));
  std::vector<OutgoingPacket> packets;
  for (const Bytes& packet : bytes) packets.push_back({index_of("left"), kEtherTypeIpv4, kBroadcast, packet});
  ASSERT_EQ(sender->send(packets).taken, 400U);
  std::map<uint32_t, std::vector<size_t>> ports_of_flow;
  size_t seen = 0;
  while (seen < 400) {
    for (size_t i = 0; i < ports.size(); ++i)
      for (const IncomingPacket& packet : ports[i]->receive()) {
        ports_of_flow[number_of(keep(packet).bytes)].push_back(i);
        ++seen;
      }
  }
  EXPECT_EQ(seen, 400U);
  for (const auto& [flow, by] : ports_of_flow) {
    ASSERT_EQ(by.size(), 2U) << flow;
    EXPECT_EQ(by[0], by[1]) << flow;
  }
  for (const auto& port : ports) EXPECT_GT(port->counters().received, 0U);
}

TEST_F(AfPacketPort, ATunnelHasNoStations) {
  const int device = open_tun("tun7");
  if (device < 0) GTEST_SKIP() << "no /dev/net/tun here";
  const TestLink tunnel(device);
  ASSERT_TRUE(run("ip link set tun7 up"));
  const auto port = open_port({"tun7"});
  const Bytes question = packets::ipv4({.from = "10.9.0.1", .to = "10.9.0.2"},
                                       packets::tcp({.from = 61001, .to = 443, .flags = 2}));
  const std::vector<OutgoingPacket> batch = {{index_of("tun7"), kEtherTypeIpv4, {}, question}};
  const SendResult result = port->send(batch);
  ASSERT_EQ(result.taken, 1U) << std::strerror(result.error);
  EXPECT_EQ(tunnel.read(), question);
  tunnel.write(answer(5));
  const auto packets = receive_packets(*port, 1);
  ASSERT_EQ(packets.size(), 1U);
  EXPECT_EQ(packets[0].ether_type, kEtherTypeIpv4);
  EXPECT_EQ(packets[0].bytes, answer(5));
  EXPECT_EQ(packets[0].from, LinkAddress{});
}

TEST_F(AfPacketPort, OnLoopbackAPacketComesInOnce) {
  const auto port = open_port({"lo"});
  const Outgoing outgoing("lo", 3, LinkAddress{{}, 6});
  ASSERT_EQ(port->send(outgoing.packets).taken, 3U);
  const auto packets = receive_packets(*port, 3);
  ASSERT_EQ(packets.size(), 3U);
  for (uint32_t i = 0; i < 3; ++i) EXPECT_EQ(number_of(packets[i].bytes), i);
}

TEST_F(AfPacketPort, CountersCanBeReadByAnotherThread) {
  const auto port = open_port({"left"}), other = open_port({"right"});
  std::atomic<bool> done = false;
  std::thread reader([&] {
    while (!done) {
      const PacketCounters counters = other->counters();
      EXPECT_LE(counters.received, 2000U);
    }
  });
  const Outgoing outgoing("left", 2000);
  port->send(outgoing.packets);
  EXPECT_EQ(receive_packets(*other, 2000).size(), 2000U);
  done = true;
  reader.join();
  EXPECT_EQ(other->counters().received, 2000U);
}

TEST_F(AfPacketPort, WithoutTheRightTheErrorSaysHowToGetIt) {
  with_capabilities(0, 0, [] {
    const auto port = open_af_packet_port({{{1}, 61000, 61015}});
    ASSERT_FALSE(port);
    EXPECT_EQ(port.error().kind, ErrorKind::impossible);
    EXPECT_THAT(port.error().text, HasSubstr("CAP_NET_RAW: run `sudo setcap cap_net_raw+ep /"));
    EXPECT_THAT(port.error().text, HasSubstr("--engine connect"));
  });
}

TEST_F(AfPacketPort, AnOpenPortNeedsNoRightsAnyMore) {
  const auto port = open_port({"left"}), other = open_port({"right"});
  std::thread([&] {
    ASSERT_TRUE(drop_capabilities());
    EXPECT_LT(socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0), 0) << "the rights are gone";
    const Outgoing outgoing("left", 10);
    EXPECT_EQ(port->send(outgoing.packets).taken, 10U);
    EXPECT_EQ(receive_packets(*other, 10).size(), 10U);
    EXPECT_EQ(other->counters().rx_dropped, 0U);
  }).join();
}

TEST(AfPacketOptions, AnAbsurdRingIsRefused) {
  if (geteuid() != 0) GTEST_SKIP() << "needs CAP_NET_RAW";
  const auto port =
      open_af_packet_port({.filter = {{1}, 61000, 61015}, .fanout_group = 0, .ring_bytes = size_t{1} << 40});
  ASSERT_FALSE(port);
  EXPECT_THAT(port.error().text, HasSubstr("at most 1024 MiB"));
}

}  // namespace
}  // namespace sonde
