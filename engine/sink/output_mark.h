#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

namespace sonde {

/// How far a file has been written: what it is recognised by when a sweep goes
/// on with it. Never ahead of what the kernel has taken.
struct OutputMark {
  uint64_t bytes = 0;          ///< whole lines that stand in it
  uint64_t tail_checksum = 0;  ///< checksum_of() the last kMarkedTail of them (or all, if there are fewer)
  friend bool operator==(const OutputMark&, const OutputMark&) = default;
};

/// Longer than a line without a banner, so that a time is in it.
inline constexpr size_t kMarkedTail = 512;

/// Is told the mark of an output after each write to it.
using OutputNoter = std::function<void(const OutputMark&)>;

/// An output as an earlier run of the same sweep left it.
struct EarlierOutput {
  bool begun = false;  ///< false: that run ended before it had emptied the file, so it is begun now
  OutputMark mark;
};

/// FNV-1a, 64 bits: tells damage and mistakes, not malice.
constexpr uint64_t checksum_of(std::string_view bytes, uint64_t before = 0xcbf29ce484222325) {
  for (const char byte : bytes) before = (before ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
  return before;
}

}  // namespace sonde
