#include <algorithm>
#include <atomic>

#include "net/base/check.h"
#include "net/packet/pcap_file.h"

namespace sonde {
namespace {

class ReplayPort final : public PacketPort {
 public:
  ReplayPort(Capture capture, size_t batch) : capture_(std::move(capture)), batch_(batch) {
    CHECK(batch > 0);
    for (const CapturedPacket& captured : capture_.packets())
      if (captured.direction == PacketDirection::received) packets_.push_back(captured.packet);
  }

  SendResult send(std::span<const OutgoingPacket> packets) override {
    sent_.fetch_add(packets.size(), std::memory_order_relaxed);
    return {packets.size(), 0};
  }

  std::span<const IncomingPacket> receive() override {
    const size_t from = received_.load(std::memory_order_relaxed);
    const size_t count = std::min(batch_, packets_.size() - from);
    received_.store(from + count, std::memory_order_relaxed);
    return std::span(packets_).subspan(from, count);
  }

  int descriptor() const override { return -1; }

  void wait(Nanos longest, int also) override {
    const bool has_more = received_.load(std::memory_order_relaxed) < packets_.size();
    PacketPort::wait(has_more ? Nanos(0) : longest, also);
  }

  PacketCounters counters() override {
    return {.sent = sent_.load(std::memory_order_relaxed),
            .refused = 0,
            .received = received_.load(std::memory_order_relaxed),
            .rx_dropped = 0};
  }

 private:
  const Capture capture_;  // holds the bytes of the packets
  const size_t batch_;
  std::vector<IncomingPacket> packets_;
  std::atomic<uint64_t> sent_ = 0;
  std::atomic<size_t> received_ = 0;
};

}  // namespace

std::unique_ptr<PacketPort> make_replay_port(Capture capture, size_t batch) {
  return std::make_unique<ReplayPort>(std::move(capture), batch);
}

}  // namespace sonde
