#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "net/base/clock.h"
#include "net/base/result.h"

namespace sonde {

/// A TUN device that gives every packet back after a constant time: what the
/// kernel routes into it arrives again from it, delayed. Keeps a bounded
/// number of packets; past that it drops, which it says once on stderr.
class DelayLine {
 public:
  /// Makes the device. Needs CAP_NET_ADMIN; an error names the device.
  static Result<DelayLine> open(const std::string& device, Nanos delay);

  DelayLine(DelayLine&& other) noexcept;
  DelayLine& operator=(DelayLine&&) = delete;
  ~DelayLine();

  /// Readable when packets wait to be taken.
  int descriptor() const { return tun_; }
  /// Takes all packets that wait.
  void take(Instant now);
  /// Gives back the packets that have waited long enough.
  void give(Instant now);
  /// When the next packet is due; Instant::max() when none is held.
  Instant next() const;

 private:
  struct Held {
    Instant due;
    std::vector<char> packet;
  };
  DelayLine(int tun, Nanos delay) : tun_(tun), delay_(delay) {}

  int tun_;
  Nanos delay_;
  std::deque<Held> held_;  ///< in order of their times, as the delay is constant
  bool full_ = false;      ///< whether the limit was hit before
};

}  // namespace sonde
