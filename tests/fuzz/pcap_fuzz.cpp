// A capture file that something else wrote, or damaged.
#include <algorithm>
#include <numeric>

#include "net/packet/pcap_file.h"

namespace {

// Reads every byte that a packet says it has.
unsigned sum_of(std::span<const std::byte> bytes) {
  return std::accumulate(bytes.begin(), bytes.end(), 0U,
                         [](unsigned sum, std::byte byte) { return sum + static_cast<unsigned>(byte); });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto input = std::as_bytes(std::span(data, size));
  for (const bool keep_vlan : {false, true}) {
    const auto capture =
        sonde::Capture::parse({input.begin(), input.end()}, "input", {.keep_vlan = keep_vlan});
    if (!capture) {
      if (!capture.error().text.starts_with("input: at offset ")) __builtin_trap();
      continue;
    }
    size_t bytes = 0;
    for (const auto& [direction, packet] : capture->packets()) {
      bytes += packet.bytes.size();
      if (sum_of(packet.bytes) > 255 * packet.bytes.size()) __builtin_trap();
      if (packet.whole_size < packet.bytes.size() || packet.from.size > 8) __builtin_trap();
      if (packet.received.time_since_epoch().count() < 0) __builtin_trap();
    }
    if (bytes > size) __builtin_trap();
  }
  return 0;
}
