#include "net/packet/pcap_file.h"

namespace sonde {
namespace {

IncomingPacket as_sent(const OutgoingPacket& packet, WallTime sent) {
  return {.interface_index = packet.interface_index,
          .ether_type = packet.ether_type,
          .from = {},
          .bytes = packet.bytes,
          .whole_size = static_cast<uint32_t>(packet.bytes.size()),
          .received = sent};
}

class CapturingPort final : public PacketPort {
 public:
  CapturingPort(std::unique_ptr<PacketPort> port, PcapWriter& writer, const Clock& clock)
      : port_(std::move(port)), writer_(writer), clock_(clock) {}

  // The time is taken first: an answer must not seem to come before its question.
  SendResult send(std::span<const OutgoingPacket> packets) override {
    const WallTime now = clock_.system_time();
    const SendResult result = port_->send(packets);
    for (const OutgoingPacket& packet : packets.first(result.taken))
      writer_.write(PacketDirection::sent, as_sent(packet, now));
    return result;
  }

  std::span<const IncomingPacket> receive() override {
    const std::span<const IncomingPacket> packets = port_->receive();
    for (const IncomingPacket& packet : packets) writer_.write(PacketDirection::received, packet);
    return packets;
  }

  int descriptor() const override { return port_->descriptor(); }
  void wait(Nanos longest, int also) override { port_->wait(longest, also); }
  PacketCounters counters() override { return port_->counters(); }

 private:
  const std::unique_ptr<PacketPort> port_;
  PcapWriter& writer_;
  const Clock& clock_;
};

}  // namespace

std::unique_ptr<PacketPort> make_capturing_port(std::unique_ptr<PacketPort> port, PcapWriter& writer,
                                                const Clock& clock) {
  return std::make_unique<CapturingPort>(std::move(port), writer, clock);
}

}  // namespace sonde
