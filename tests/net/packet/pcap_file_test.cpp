#include "net/packet/pcap_file.h"

#include <gmock/gmock.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "tests/net/packet/packet_builder.h"

namespace sonde {
namespace {

using packets::Bytes;
using packets::joined;
using testing::HasSubstr;
using testing::IsEmpty;

const LinkAddress kStation{{2, 0, 0, 0, 0, 7}, 6};

Bytes answer(uint32_t number = 1) {
  return packets::ipv4({.from = "10.9.0.2", .to = "10.9.0.1"},
                       packets::tcp({.from = 443, .to = 61001, .sequence = number, .flags = 0x12}));
}
WallTime at(int64_t seconds, int64_t nanos) { return WallTime(std::chrono::seconds(seconds) + Nanos(nanos)); }

IncomingPacket packet(const Bytes& bytes, WallTime time = at(1'700'000'000, 123'456'789)) {
  return {.interface_index = 3,
          .ether_type = kEtherTypeIpv4,
          .from = kStation,
          .bytes = bytes,
          .whole_size = static_cast<uint32_t>(bytes.size()),
          .received = time};
}

class CaptureFile : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "sonde-pcap-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string path(const char* name = "run.pcap") const { return folder_ / name; }
  std::unique_ptr<PcapWriter> create() const { return std::move(PcapWriter::create(path()).value()); }

 private:
  std::filesystem::path folder_;
};

TEST_F(CaptureFile, WhatIsWrittenIsReadAgain) {
  const Bytes first = answer(1), second = packets::arp({.sender = "10.9.0.2", .target = "10.9.0.1"});
  const auto writer = create();
  writer->write(PacketDirection::received, packet(first));
  IncomingPacket sent = packet(second, at(1'700'000'001, 0));
  sent.ether_type = kEtherTypeArp;
  sent.from = {};
  sent.whole_size += 100;
  writer->write(PacketDirection::sent, sent);
  ASSERT_TRUE(writer->state());
  const auto capture = Capture::read(path());  // the writer is still there
  ASSERT_TRUE(capture) << capture.error().text;
  ASSERT_EQ(capture->packets().size(), 2U);
  const CapturedPacket& one = capture->packets()[0];
  EXPECT_EQ(one.direction, PacketDirection::received);
  EXPECT_EQ(one.packet.interface_index, 3U);
  EXPECT_EQ(one.packet.ether_type, kEtherTypeIpv4);
  EXPECT_EQ(one.packet.from, kStation);
  EXPECT_TRUE(std::ranges::equal(one.packet.bytes, first));
  EXPECT_EQ(one.packet.whole_size, first.size());
  EXPECT_EQ(one.packet.received, at(1'700'000'000, 123'456'789));
  const CapturedPacket& two = capture->packets()[1];
  EXPECT_EQ(two.direction, PacketDirection::sent);
  EXPECT_EQ(two.packet.ether_type, kEtherTypeArp);
  EXPECT_EQ(two.packet.from, LinkAddress{});
  EXPECT_EQ(two.packet.whole_size, second.size() + 100);
}

TEST_F(CaptureFile, AnEmptyCaptureIsWhole) {
  create();
  const auto capture = Capture::read(path());
  ASSERT_TRUE(capture) << capture.error().text;
  EXPECT_THAT(capture->packets(), IsEmpty());
}

TEST_F(CaptureFile, AFileThatExistsIsNotOverwritten) {
  std::ofstream(path()) << "dear";
  const auto writer = PcapWriter::create(path());
  ASSERT_FALSE(writer);
  EXPECT_EQ(writer.error().kind, ErrorKind::usage);
  EXPECT_THAT(writer.error().text, HasSubstr("run.pcap: exists"));
  EXPECT_EQ(std::filesystem::file_size(path()), 4U);
  EXPECT_FALSE(PcapWriter::create(path("no/such/folder")));
}

TEST_F(CaptureFile, ManyThreadsWriteWholePackets) {
  const auto writer = create();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      for (uint32_t number = 0; number < 200; ++number) {
        const Bytes bytes = answer(number);
        writer->write(PacketDirection::received, packet(bytes));
      }
    });
  for (std::thread& thread : threads) thread.join();
  const auto capture = Capture::read(path());
  ASSERT_TRUE(capture) << capture.error().text;
  EXPECT_EQ(capture->packets().size(), 800U);
}

// A limit on file sizes stands for the full disk.
TEST_F(CaptureFile, AFullDiskIsToldAndLeavesAWholeFile) {
  const auto writer = create();
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{1000, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  const Bytes bytes = answer();
  for (int i = 0; i < 20; ++i) writer->write(PacketDirection::received, packet(bytes));
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  writer->write(PacketDirection::received, packet(bytes));  // comes too late
  ASSERT_FALSE(writer->state());
  EXPECT_EQ(writer->state().error().kind, ErrorKind::io);
  EXPECT_THAT(writer->state().error().text, HasSubstr("run.pcap: the capture cannot be written"));
  const auto capture = Capture::read(path());
  ASSERT_TRUE(capture) << capture.error().text;
  EXPECT_EQ(capture->packets().size(), (1000U - 24) / (16 + 20 + bytes.size()));
}

TEST_F(CaptureFile, AHugePacketKeepsItsBeginning) {
  const Bytes huge(300'000, std::byte{7});
  create()->write(PacketDirection::received, packet(huge));
  const auto capture = Capture::read(path());
  ASSERT_TRUE(capture) << capture.error().text;
  EXPECT_EQ(capture->packets()[0].packet.bytes.size(), 262'144U - 20);
  EXPECT_EQ(capture->packets()[0].packet.whole_size, 300'000U);
}

TEST_F(CaptureFile, WhatCannotBeReadSaysSo) {
  EXPECT_THAT(Capture::read(path("nothing")).error().text,
              HasSubstr("nothing: the capture cannot be read: No such"));
  EXPECT_THAT(Capture::read(std::filesystem::path(path()).parent_path()).error().text,
              HasSubstr("plain file"));
  std::ofstream(path("huge")).close();
  std::filesystem::resize_file(path("huge"), Capture::kMostBytes + 1);
  EXPECT_THAT(Capture::read(path("huge")).error().text, HasSubstr("above 1024 MiB"));
}

// Captures of other programs.

enum class Order { big, little };

Bytes number(Order order, uint64_t value, size_t size) {
  Bytes bytes;
  packets::put(bytes, value, size);
  if (order == Order::little) std::ranges::reverse(bytes);
  return bytes;
}

Bytes file_header(Order order, uint32_t magic, uint32_t link_type) {
  Bytes header = joined(number(order, magic, 4), number(order, 2, 2));
  header = joined(joined(header, number(order, 4, 2)), Bytes(8));
  return joined(joined(header, number(order, 65535, 4)), number(order, link_type, 4));
}

Bytes record(Order order, const Bytes& bytes, uint32_t fraction = 5) {
  Bytes header = joined(number(order, 1'700'000'000, 4), number(order, fraction, 4));
  header = joined(joined(header, number(order, bytes.size(), 4)), number(order, bytes.size() + 9, 4));
  return joined(header, bytes);
}

constexpr uint32_t kMicro = 0xa1b2c3d4, kNano = 0xa1b23c4d;

Result<Capture> parse(const Bytes& bytes, const CaptureOptions& options = {}) {
  return Capture::parse(bytes, "x.pcap", options);
}
Result<Capture> parse_one(uint32_t link_type, const Bytes& bytes, const CaptureOptions& options = {}) {
  return parse(joined(file_header(Order::little, kNano, link_type), record(Order::little, bytes)), options);
}

const Bytes kEthernet = packets::bytes({1, 1, 1, 1, 1, 1, 2, 0, 0, 0, 0, 7});
Bytes ethernet(const Bytes& type_and_rest) { return joined(kEthernet, type_and_rest); }

TEST(Capture, BothByteOrdersAndBothUnitsOfTime) {
  for (const Order order : {Order::big, Order::little})
    for (const auto& [magic, nanos] : {std::pair{kMicro, 5000}, std::pair{kNano, 5}}) {
      const Bytes bytes = ethernet(joined(packets::bytes({8, 0}), answer()));
      const auto capture = parse(joined(file_header(order, magic, 1), record(order, bytes)));
      ASSERT_TRUE(capture) << capture.error().text;
      ASSERT_EQ(capture->packets().size(), 1U);
      const IncomingPacket& packet = capture->packets()[0].packet;
      EXPECT_EQ(packet.received, at(1'700'000'000, nanos));
      EXPECT_TRUE(std::ranges::equal(packet.bytes, answer()));
      EXPECT_EQ(packet.whole_size, answer().size() + 9);
    }
}

struct LinkRow {
  const char* what;
  uint32_t link_type;
  Bytes bytes;
  uint16_t ether_type;
  LinkAddress from;
  PacketDirection direction;
  uint32_t interface_index;
};

TEST(Capture, LinkHeadersAreTakenOff) {
  const Bytes packet = answer();
  const Bytes v6 = packets::ipv6({.from = "fd00::2", .to = "fd00::1"}, packets::udp());
  const auto sll = [&](unsigned type) {
    return joined(packets::bytes({0, type, 0, 1, 0, 6, 2, 0, 0, 0, 0, 7, 0, 0, 8, 0}), packet);
  };
  const auto sll2 = [&](unsigned type) {
    return joined(packets::bytes({8, 0, 0, 0, 0, 0, 1, 4, 0, 1, type, 6, 2, 0, 0, 0, 0, 7, 0, 0}), packet);
  };
  const auto received = PacketDirection::received, sent = PacketDirection::sent;
  for (const LinkRow& row : std::vector<LinkRow>{
           {"Ethernet", 1, ethernet(joined(packets::bytes({8, 0}), packet)), 0x0800, kStation, received, 0},
           {"with a priority", 1, ethernet(joined(packets::bytes({0x81, 0, 0xe0, 0, 8, 0}), packet)), 0x0800,
            kStation, received, 0},
           {"Ethernet whose checksum size is told", 0x50000001,
            ethernet(joined(packets::bytes({8, 0}), packet)), 0x0800, kStation, received, 0},
           {"RAW with IPv4", 101, packet, 0x0800, {}, received, 0},
           {"RAW with IPv6", 101, v6, 0x86dd, {}, received, 0},
           {"RAW with anything else", 101, packets::bytes({0x50}), 0, {}, received, 0},
           {"SLL, received", 113, sll(0), 0x0800, kStation, received, 0},
           {"SLL, sent", 113, sll(4), 0x0800, kStation, sent, 0},
           {"SLL2, received", 276, sll2(0), 0x0800, kStation, received, 260},
           {"SLL2, sent", 276, sll2(4), 0x0800, kStation, sent, 260},
       }) {
    const auto capture = parse_one(row.link_type, row.bytes);
    ASSERT_TRUE(capture) << row.what << ": " << capture.error().text;
    ASSERT_EQ(capture->packets().size(), 1U) << row.what;
    const CapturedPacket& captured = capture->packets()[0];
    EXPECT_EQ(captured.packet.ether_type, row.ether_type) << row.what;
    EXPECT_EQ(captured.packet.from, row.from) << row.what;
    EXPECT_EQ(captured.direction, row.direction) << row.what;
    EXPECT_EQ(captured.packet.interface_index, row.interface_index) << row.what;
    EXPECT_EQ(captured.packet.whole_size, captured.packet.bytes.size() + 9) << row.what;
  }
}

TEST(Capture, VlansAreLeftOutUnlessAskedFor) {
  const Bytes twice = ethernet(joined(packets::bytes({0x88, 0xa8, 0, 0, 0x81, 0, 0, 5, 8, 0}), answer()));
  const auto without = parse_one(1, twice);
  ASSERT_TRUE(without) << without.error().text;
  EXPECT_THAT(without->packets(), IsEmpty());
  const auto with = parse_one(1, twice, {.keep_vlan = true});
  ASSERT_TRUE(with) << with.error().text;
  ASSERT_EQ(with->packets().size(), 1U);
  EXPECT_EQ(with->packets()[0].packet.ether_type, kEtherTypeIpv4);
  EXPECT_TRUE(std::ranges::equal(with->packets()[0].packet.bytes, answer()));
}

TEST(Capture, DamageIsNamedWithFileAndOffset) {
  const Bytes header = file_header(Order::little, kNano, 1);
  const Bytes good = record(Order::little, ethernet(joined(packets::bytes({8, 0}), answer())));
  Bytes large = good;
  large[11] = std::byte{1};  // of the size that is in the file
  struct Row {
    Bytes bytes;
    const char* text;
  };
  for (const Row& row : std::vector<Row>{
           {{}, "x.pcap: at offset 0: too short"},
           {packets::first(header, 23), "x.pcap: at offset 0: too short"},
           {Bytes(24), "x.pcap: at offset 0: this is no pcap file"},
           {joined(packets::bytes({10, 13, 13, 10}), Bytes(24)), "editcap -F pcap"},
           {file_header(Order::big, kMicro, 127), "x.pcap: at offset 0: link type 127 is not read"},
           {joined(header, Bytes(15)), "x.pcap: at offset 24: the file ends within the header of a packet"},
           {joined(header, packets::first(good, good.size() - 1)),
            "x.pcap: at offset 24: the file ends within a packet"},
           {joined(joined(header, good), packets::first(good, 20)), "the file ends within a packet"},
           {joined(header, large), "bytes is too large"},
           {joined(header, record(Order::little, Bytes(13))),
            "x.pcap: at offset 24: a packet that ends within its link"},
           {joined(header, record(Order::little, ethernet(packets::bytes({0x81, 0, 0, 5, 8})))),
            "within its VLAN tag"},
           {joined(file_header(Order::little, kNano, 101), record(Order::little, {})),
            "within its link header"},
           {joined(file_header(Order::little, kNano, 113), record(Order::little, Bytes(15))),
            "within its link header"},
           {joined(file_header(Order::little, kNano, 276), record(Order::little, Bytes(19))),
            "within its link header"},
       }) {
    const auto capture = parse(row.bytes);
    ASSERT_FALSE(capture) << row.text;
    EXPECT_THAT(capture.error().text, HasSubstr(row.text));
    EXPECT_EQ(capture.error().kind, ErrorKind::usage);
  }
}

// Ports that replay and capture.

TEST_F(CaptureFile, AReplayHandsOutWhatWasReceivedBatchByBatch) {
  {
    const auto writer = create();
    for (uint32_t i = 0; i < 10; ++i) {
      const Bytes bytes = answer(i);
      writer->write(i % 2 == 0 ? PacketDirection::received : PacketDirection::sent, packet(bytes));
    }
  }
  const auto port = make_replay_port(std::move(Capture::read(path()).value()), 3);
  port->wait(std::chrono::hours(1), -1);  // does not sleep: there is something
  const auto first = port->receive();
  ASSERT_EQ(first.size(), 3U);
  EXPECT_TRUE(std::ranges::equal(first[1].bytes, answer(2)));
  EXPECT_EQ(port->receive().size(), 2U);
  EXPECT_THAT(port->receive(), IsEmpty());
  EXPECT_EQ(port->descriptor(), -1);
  const Bytes bytes = answer();
  const std::vector<OutgoingPacket> outgoing(4, {3, kEtherTypeIpv4, kStation, bytes});
  EXPECT_EQ(port->send(outgoing).taken, 4U);
  EXPECT_EQ(port->counters().sent, 4U);
  EXPECT_EQ(port->counters().received, 5U);
}

class StandingClock final : public Clock {
 public:
  Instant now() const override { return Instant(); }
  WallTime wall_time(Instant) const override { return system_time(); }
  WallTime system_time() const override { return at(1'800'000'000, 0); }
};

// Takes two packets of every batch.
class BusyPort final : public PacketPort {
 public:
  explicit BusyPort(const IncomingPacket& answer) : answer_(answer) {}
  SendResult send(std::span<const OutgoingPacket>) override { return {2, ENOBUFS}; }
  std::span<const IncomingPacket> receive() override { return std::span(&answer_, 1); }
  int descriptor() const override { return 42; }
  PacketCounters counters() override { return {.sent = 2, .refused = 3, .received = 1, .rx_dropped = 7}; }

 private:
  const IncomingPacket answer_;
};

TEST_F(CaptureFile, ACapturingPortWritesWhatIsReallySentAndReceived) {
  const auto writer = create();
  const StandingClock clock;
  const Bytes bytes = answer();
  const auto port = make_capturing_port(std::make_unique<BusyPort>(packet(bytes)), *writer, clock);
  const std::vector<OutgoingPacket> outgoing(5, {3, kEtherTypeIpv4, kStation, bytes});
  const SendResult result = port->send(outgoing);
  EXPECT_EQ(result.taken, 2U);
  EXPECT_EQ(result.error, ENOBUFS);
  EXPECT_EQ(port->receive().size(), 1U);
  EXPECT_EQ(port->descriptor(), 42);
  EXPECT_EQ(port->counters().rx_dropped, 7U);
  const auto capture = Capture::read(path());
  ASSERT_TRUE(capture) << capture.error().text;
  ASSERT_EQ(capture->packets().size(), 3U);
  EXPECT_EQ(capture->packets()[0].direction, PacketDirection::sent);
  EXPECT_EQ(capture->packets()[0].packet.received, at(1'800'000'000, 0));
  EXPECT_EQ(capture->packets()[1].direction, PacketDirection::sent);
  EXPECT_EQ(capture->packets()[2].direction, PacketDirection::received);
}

}  // namespace
}  // namespace sonde
