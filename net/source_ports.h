#pragma once

#include <cstdint>
#include <vector>

#include "net/base/result.h"

namespace sonde {

/// A run of TCP ports that belong to us while the object lives, for both
/// families and all addresses: no other socket of this namespace gets them, so
/// that what arrives there is an answer to our packets. They are bound and not
/// listening: the kernel answers a SYN-ACK to them with a RST, which is what
/// ends a half-open connection. Movable.
class SourcePorts {
 public:
  /// `count` (1 … 1024) neighbouring ports from 1024 on: outside of the range
  /// that connect() picks from, if possible (above it first), otherwise within.
  /// Error: none are free, after a bounded number of tries.
  static Result<SourcePorts> reserve(uint16_t count);
  /// Exactly these, at most 1024. Error: names the port that is taken.
  static Result<SourcePorts> reserve(uint16_t first, uint16_t last);
  ~SourcePorts();
  SourcePorts(SourcePorts&& other) noexcept;
  SourcePorts& operator=(SourcePorts&& other) noexcept;

  uint16_t first() const { return first_; }
  uint16_t last() const { return last_; }

 private:
  SourcePorts(std::vector<int> descriptors, uint16_t first, uint16_t last);

  std::vector<int> descriptors_;
  uint16_t first_ = 0;
  uint16_t last_ = 0;
};

}  // namespace sonde
