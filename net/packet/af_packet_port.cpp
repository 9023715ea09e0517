#include "net/packet/af_packet_port.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <utility>

#include "net/packet/packet_filter.h"
#include "net/packet/packet_ring.h"
#include "net/privilege.h"

namespace sonde {
namespace {

// linux/if_packet.h of Debian 12 is older than the flag.
constexpr int kFanoutIgnoreOutgoing = 0x4000;
constexpr int kSendBufferBytes = 4 << 20;  // clipped by net.core.wmem_max

/// Closes the socket at the end of its life.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (number_ >= 0) close(number_);
  }
  int number() const { return number_; }

 private:
  int number_;
};

/// A batch in the form that sendmmsg takes: written anew each time, wired once.
class SendBatch {
 public:
  static constexpr size_t kMost = 256;

  SendBatch() {
    for (size_t i = 0; i < kMost; ++i) {
      messages_[i].msg_hdr.msg_name = &addresses_[i];
      messages_[i].msg_hdr.msg_namelen = sizeof(sockaddr_ll);
      messages_[i].msg_hdr.msg_iov = &parts_[i];
      messages_[i].msg_hdr.msg_iovlen = 1;
    }
  }
  SendBatch(const SendBatch&) = delete;
  SendBatch& operator=(const SendBatch&) = delete;

  /// How many of the packets, at most kMost, the kernel took, or −1 and errno.
  int send(int descriptor, std::span<const OutgoingPacket> packets) {
    for (size_t i = 0; i < packets.size(); ++i) write(i, packets[i]);
    return sendmmsg(descriptor, messages_.data(), static_cast<unsigned>(packets.size()), MSG_DONTWAIT);
  }

 private:
  void write(size_t slot, const OutgoingPacket& packet) {
    sockaddr_ll& to = addresses_[slot];
    to.sll_family = AF_PACKET;
    to.sll_protocol = htons(packet.ether_type);
    to.sll_ifindex = static_cast<int>(packet.interface_index);
    to.sll_halen = packet.to.size;
    std::ranges::copy(packet.to.bytes, to.sll_addr);
    // sendmmsg only reads; an iovec knows no const.
    parts_[slot] = {const_cast<std::byte*>(packet.bytes.data()), packet.bytes.size()};
  }

  std::array<mmsghdr, kMost> messages_{};
  std::array<iovec, kMost> parts_{};
  std::array<sockaddr_ll, kMost> addresses_{};
};

class AfPacketPort final : public PacketPort {
 public:
  AfPacketPort(Descriptor socket, PacketRing ring) : socket_(std::move(socket)), ring_(std::move(ring)) {}

  SendResult send(std::span<const OutgoingPacket> packets) override;
  std::span<const IncomingPacket> receive() override;
  int descriptor() const override { return socket_.number(); }
  PacketCounters counters() override;

 private:
  void read_dropped();

  Descriptor socket_;
  PacketRing ring_;
  SendBatch batch_;
  std::atomic<uint64_t> sent_ = 0;
  std::atomic<uint64_t> refused_ = 0;
  std::atomic<uint64_t> received_ = 0;
  std::mutex mutex_;  // of dropped_
  uint64_t dropped_ = 0;
};

// What a busy device refused, it counts as dropped: one packet each time. Why a
// batch was cut short is not told: for the reason that ended the next one, as
// far as that failed. Other errors, a full send buffer's EAGAIN among them, stop
// a packet before it comes to the device.
uint64_t refused_by_device(uint64_t cut_short, int error) {
  if (error == 0) return cut_short;
  return error == ENOBUFS ? cut_short + 1 : 0;
}

// A device without carrier says the same as a busy one, and will not send this
// in a while: that makes a difference to whoever waits.
bool has_carrier(int descriptor, uint32_t interface_index) {
  ifreq request{};
  request.ifr_ifindex = static_cast<int>(interface_index);
  if (ioctl(descriptor, SIOCGIFNAME, &request) != 0 || ioctl(descriptor, SIOCGIFFLAGS, &request) != 0)
    return true;  // gone: the next packet tells
  return (request.ifr_flags & IFF_RUNNING) != 0;
}

// Asking again for the rest tells why a batch was cut short, or goes on.
SendResult AfPacketPort::send(std::span<const OutgoingPacket> packets) {
  SendResult result;
  uint64_t cut_short = 0;
  while (result.taken < packets.size()) {
    const auto rest = packets.subspan(result.taken);
    const auto batch = rest.first(std::min(rest.size(), SendBatch::kMost));
    const int taken = batch_.send(socket_.number(), batch);
    if (taken < 0 && errno == EINTR) continue;
    if (taken < 0) {
      result.error = errno;
      break;
    }
    if (static_cast<size_t>(taken) < batch.size()) ++cut_short;
    result.taken += static_cast<size_t>(taken);
  }
  sent_.fetch_add(result.taken, std::memory_order_relaxed);
  refused_.fetch_add(refused_by_device(cut_short, result.error), std::memory_order_relaxed);
  if (result.error == ENOBUFS && !has_carrier(socket_.number(), packets[result.taken].interface_index))
    result.error = ENETDOWN;
  return result;
}

std::span<const IncomingPacket> AfPacketPort::receive() {
  const std::span<const IncomingPacket> packets = ring_.take();
  received_.fetch_add(packets.size(), std::memory_order_relaxed);
  return packets;
}

// The kernel forgets its counts when it has told them. Its tp_packets holds the
// dropped ones as well, and those still in the ring: we count for ourselves.
void AfPacketPort::read_dropped() {
  tpacket_stats_v3 stats{};
  socklen_t size = sizeof stats;
  if (getsockopt(socket_.number(), SOL_PACKET, PACKET_STATISTICS, &stats, &size) == 0)
    dropped_ += stats.tp_drops;
}

PacketCounters AfPacketPort::counters() {
  const std::lock_guard lock(mutex_);
  read_dropped();
  return {.sent = sent_.load(std::memory_order_relaxed),
          .refused = refused_.load(std::memory_order_relaxed),
          .received = received_.load(std::memory_order_relaxed),
          .rx_dropped = dropped_};
}

tl::unexpected<Error> no_socket(int error) {
  if (error == EPERM || error == EACCES)
    return impossible_error("raw packets need " + std::string(to_string(Capability::net_raw)) + ": " +
                            how_to_grant(Capability::net_raw) + ", or use --engine connect");
  if (error == EAFNOSUPPORT)
    return impossible_error(
        "this kernel, or a sandbox, has no packet sockets (AF_PACKET): use --engine connect");
  return impossible_error(std::string("cannot open a packet socket: ") + std::strerror(error));
}

tl::unexpected<Error> refused(const char* what, int error) {
  return impossible_error(std::string("the kernel refuses ") + what +
                          " for raw packets: " + std::strerror(error) + "; use --engine connect");
}

int set_packet_option(int descriptor, int option, int value) {
  return setsockopt(descriptor, SOL_PACKET, option, &value, sizeof value) == 0 ? 0 : errno;
}

// Both only spare work: our own packets do not pass the filter either.
void ask_for_favours(int descriptor) {
  set_packet_option(descriptor, PACKET_IGNORE_OUTGOING, 1);
  setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &kSendBufferBytes, sizeof kSendBufferBytes);
}

int attach_filter(int descriptor, std::vector<sock_filter>& steps) {
  const sock_fprog program{static_cast<uint16_t>(steps.size()), steps.data()};
  return setsockopt(descriptor, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0 ? 0 : errno;
}

int bind_to_all(int descriptor) {
  sockaddr_ll all{};
  all.sll_family = AF_PACKET;
  all.sll_protocol = htons(ETH_P_ALL);
  return bind(descriptor, reinterpret_cast<const sockaddr*>(&all), sizeof all) == 0 ? 0 : errno;
}

// By hash: what one endpoint answers comes to one port, in its order. Kernels
// that do not know the flag look at outgoing packets, too, and filter them.
int join_fanout(int descriptor, uint16_t group) {
  if (group == 0) return 0;
  const int error = set_packet_option(descriptor, PACKET_FANOUT,
                                      group | (PACKET_FANOUT_HASH | kFanoutIgnoreOutgoing) << 16);
  if (error != EINVAL) return error;
  return set_packet_option(descriptor, PACKET_FANOUT, group | PACKET_FANOUT_HASH << 16);
}

}  // namespace

// Opened for no protocol at all, so that nothing comes in before the filter is there.
Result<std::unique_ptr<PacketPort>> open_af_packet_port(const AfPacketOptions& options) {
  auto filter = make_packet_filter(options.filter);
  if (!filter) return tl::unexpected(filter.error());
  Descriptor socket(::socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (socket.number() < 0) return no_socket(errno);
  auto ring = PacketRing::attach(socket.number(), options.ring_bytes);
  if (!ring) return tl::unexpected(ring.error());
  ask_for_favours(socket.number());
  if (const int error = set_packet_option(socket.number(), PACKET_QDISC_BYPASS, 1))
    return refused("to leave the queueing discipline out (PACKET_QDISC_BYPASS)", error);
  if (const int error = attach_filter(socket.number(), *filter)) return refused("the filter", error);
  if (const int error = bind_to_all(socket.number())) return refused("to listen on all interfaces", error);
  if (const int error = join_fanout(socket.number(), options.fanout_group))
    return refused("to share what comes in among threads (PACKET_FANOUT)", error);
  return std::make_unique<AfPacketPort>(std::move(socket), std::move(*ring));
}

}  // namespace sonde
