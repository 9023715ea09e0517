/// tun_cable SCANNER FLEET NAME...: for each name a TUN device in both network
/// namespaces (as /run/netns has them), joined as by a cable: what one of the
/// pair sends, the other receives. Links without a link layer, as of a tunnel.
/// Prints "ready" once all devices are there; they vanish with the process.
///
/// It ends in the fleet's namespace, so that whoever ends the fleet ends it.

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "net/base/result.h"

namespace sonde {
namespace {

constexpr int kPacketsPerTurn = 256;  // from one end, so that no end starves the others
constexpr size_t kLongestPacket = 65536;

/// Both ends of one cable, as descriptors of their devices.
using Cable = std::array<int, 2>;

tl::unexpected<Error> failed(const std::string& what) {
  return impossible_error(what + ": " + std::strerror(errno));
}

Result<void> enter(const std::string& namespace_name) {
  const std::string path = "/run/netns/" + namespace_name;
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return failed(path);
  const int entered = setns(descriptor, CLONE_NEWNET);
  close(descriptor);
  if (entered != 0) return failed(path);
  return {};
}

/// A device belongs to the namespace in which its descriptor was opened.
Result<int> open_device(const std::string& name) {
  ifreq request{};
  if (name.size() >= sizeof request.ifr_name) return usage_error(name + ": the name is too long");
  const int device = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (device < 0) return failed("/dev/net/tun");
  name.copy(request.ifr_name, name.size());
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  if (ioctl(device, TUNSETIFF, &request) != 0) return failed(name);
  return device;
}

Result<std::vector<Cable>> open_cables(const std::array<std::string, 2>& namespaces,
                                       const std::vector<std::string>& names) {
  std::vector<Cable> cables(names.size());
  for (size_t end = 0; end < namespaces.size(); ++end) {
    if (Result<void> entered = enter(namespaces[end]); !entered) return tl::unexpected(entered.error());
    for (size_t i = 0; i < names.size(); ++i) {
      const Result<int> device = open_device(names[i]);
      if (!device) return tl::unexpected(device.error());
      cables[i][end] = *device;
    }
  }
  return cables;
}

void copy(int from, int to) {
  std::array<char, kLongestPacket> packet;
  for (int i = 0; i < kPacketsPerTurn; ++i) {
    const ssize_t length = read(from, packet.data(), packet.size());
    if (length <= 0) return;
    // A device that is down refuses: on a cable that is not plugged in, packets are lost.
    if (write(to, packet.data(), static_cast<size_t>(length)) < 0 && errno != EIO) std::perror("tun_cable");
  }
}

[[noreturn]] void carry(const std::vector<Cable>& cables) {
  std::vector<pollfd> polled;
  for (const auto& [one, other] : cables) {
    polled.push_back({one, POLLIN, 0});
    polled.push_back({other, POLLIN, 0});
  }
  for (;;) {
    poll(polled.data(), polled.size(), -1);
    for (size_t i = 0; i < polled.size(); ++i) {
      if (polled[i].revents != 0)
        copy(polled[i].fd, polled[i ^ 1].fd);  // the ends of a cable stand side by side
    }
  }
}

int run(const std::vector<std::string>& arguments) {
  if (arguments.size() < 3) {
    std::fputs("tun_cable: expected two namespaces and names of devices\n", stderr);
    return 1;
  }
  const auto cables = open_cables({arguments[0], arguments[1]}, {arguments.begin() + 2, arguments.end()});
  if (!cables) {
    std::fprintf(stderr, "tun_cable: %s\n", cables.error().text.c_str());
    return 1;
  }
  std::puts("ready");
  std::fflush(stdout);
  carry(*cables);
}

}  // namespace
}  // namespace sonde

int main(int argc, char** argv) { return sonde::run({argv + 1, argv + argc}); }
