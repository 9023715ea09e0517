#include "net/packet/packet_port.h"

#include <poll.h>

#include <array>

namespace sonde {

void PacketPort::wait(Nanos longest, int also) {
  std::array<pollfd, 2> waited{{{descriptor(), POLLIN, 0}, {also, POLLIN, 0}}};
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(longest);
  const timespec timeout{seconds.count(), (longest - seconds).count()};
  // Negative descriptors are passed over; an early end is as good as any.
  ppoll(waited.data(), waited.size(), &timeout, nullptr);
}

}  // namespace sonde
