#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>

#include "net/packet/af_packet_port.h"
#include "tests/net/own_namespace.h"
#include "tests/net/packet/packet_builder.h"

namespace sonde {

inline constexpr int kPatienceMs = 10'000;  ///< for what must come; a test that passes does not wait so long

inline uint32_t index_of(const char* name) { return if_nametoindex(name); }

/// A device of the test's own making that carries whole frames, or packets.
class TestLink {
 public:
  explicit TestLink(int descriptor) : descriptor_(descriptor) {}
  TestLink(const TestLink&) = delete;
  TestLink& operator=(const TestLink&) = delete;
  ~TestLink() { close(descriptor_); }

  void write(const packets::Bytes& bytes) const {
    ASSERT_EQ(::write(descriptor_, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()))
        << std::strerror(errno);
  }
  /// The next packet; empty when none comes.
  packets::Bytes read() const {
    pollfd waiting{descriptor_, POLLIN, 0};
    packets::Bytes bytes(2048);
    if (poll(&waiting, 1, kPatienceMs) != 1) return {};
    const ssize_t size = ::read(descriptor_, bytes.data(), bytes.size());
    bytes.resize(size < 0 ? 0 : static_cast<size_t>(size));
    return bytes;
  }

 private:
  const int descriptor_;
};

/// Sends frames, link header and all, out of an interface.
inline int open_frame_sender(const char* interface) {
  const int descriptor = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
  sockaddr_ll to{};
  to.sll_family = AF_PACKET;
  to.sll_ifindex = static_cast<int>(index_of(interface));
  EXPECT_EQ(bind(descriptor, reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
  return descriptor;
}

/// Makes a tun device `name` without link header; -1 where there is no /dev/net/tun.
inline int open_tun(const char* name) {
  const int descriptor = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
  if (descriptor < 0) return -1;
  ifreq request{};
  std::strncpy(request.ifr_name, name, IFNAMSIZ - 1);
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  EXPECT_EQ(ioctl(descriptor, TUNSETIFF, &request), 0) << std::strerror(errno);
  return descriptor;
}

/// A packet that came in, kept beyond the next call.
struct KeptPacket {
  uint32_t interface_index = 0;
  uint16_t ether_type = 0;
  LinkAddress from;
  packets::Bytes bytes;
  uint32_t whole_size = 0;
  WallTime received;
};

inline KeptPacket keep(const IncomingPacket& packet) {
  return {packet.interface_index,
          packet.ether_type,
          packet.from,
          packets::Bytes(packet.bytes.begin(), packet.bytes.end()),
          packet.whole_size,
          packet.received};
}

/// What comes in until there are `count` packets; fewer when no more come.
inline std::vector<KeptPacket> receive_packets(PacketPort& port, size_t count) {
  std::vector<KeptPacket> kept;
  while (kept.size() < count) {
    pollfd waiting{port.descriptor(), POLLIN, 0};
    if (poll(&waiting, 1, kPatienceMs) != 1) break;
    for (const IncomingPacket& packet : port.receive()) kept.push_back(keep(packet));
  }
  return kept;
}

/// Two joined devices, `left` and `right`, in a namespace that is silent otherwise.
class PacketWire : public OwnNamespace {
 protected:
  void SetUp() override {
    OwnNamespace::SetUp();
    if (IsSkipped()) return;
    ASSERT_TRUE(run("echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6"));
    make_pair();
  }

  static std::unique_ptr<PacketPort> open_port(const std::vector<const char*>& interfaces,
                                               AfPacketOptions options = {}) {
    for (const char* name : interfaces) options.filter.interfaces.push_back(index_of(name));
    options.filter.first_port = 61000;
    options.filter.last_port = 61015;
    auto port = open_af_packet_port(options);
    EXPECT_TRUE(port) << port.error().text;
    return port ? std::move(*port) : nullptr;
  }
};

}  // namespace sonde
