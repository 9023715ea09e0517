#include "tests/lab/delay_line.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

namespace sonde {
namespace {

constexpr size_t kMostHeld = 200'000;
constexpr size_t kLongestPacket = 65536;

}  // namespace

Result<DelayLine> DelayLine::open(const std::string& device, Nanos delay) {
  ifreq request{};
  if (device.size() >= sizeof request.ifr_name) return usage_error(device + ": the name is too long");
  const int tun = ::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (tun < 0) return impossible_error(std::string("/dev/net/tun: ") + std::strerror(errno));
  device.copy(request.ifr_name, device.size());
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  if (ioctl(tun, TUNSETIFF, &request) != 0) {
    const int error = errno;
    close(tun);
    return impossible_error(device + ": " + std::strerror(error));
  }
  return DelayLine(tun, delay);
}

DelayLine::DelayLine(DelayLine&& other) noexcept
    : tun_(std::exchange(other.tun_, -1)),
      delay_(other.delay_),
      held_(std::move(other.held_)),
      full_(other.full_) {}

DelayLine::~DelayLine() {
  if (tun_ >= 0) close(tun_);
}

void DelayLine::take(Instant now) {
  std::array<char, kLongestPacket> buffer;
  for (;;) {
    const ssize_t length = read(tun_, buffer.data(), buffer.size());
    if (length <= 0) return;
    if (held_.size() < kMostHeld) {
      held_.push_back({now + delay_, std::vector<char>(buffer.data(), buffer.data() + length)});
      continue;
    }
    if (!full_) std::fprintf(stderr, "more than %zu packets are held: dropping\n", kMostHeld);
    full_ = true;
  }
}

void DelayLine::give(Instant now) {
  while (!held_.empty() && held_.front().due <= now) {
    const auto& packet = held_.front().packet;
    if (write(tun_, packet.data(), packet.size()) < 0 && errno == EAGAIN) return;
    held_.pop_front();
  }
}

Instant DelayLine::next() const { return held_.empty() ? Instant::max() : held_.front().due; }

}  // namespace sonde
