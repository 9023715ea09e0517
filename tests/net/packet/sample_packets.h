#pragma once

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "tests/net/packet/packet_builder.h"

namespace sonde::packets {

/// A packet, and what its reader makes of it, in the words of content_text.h.
struct SamplePacket {
  std::string name;
  uint16_t ether_type = 0;
  Bytes bytes;
  std::string content;
};

/// How GoogleTest names a sample.
inline void PrintTo(const SamplePacket& sample, std::ostream* out) { *out << sample.name; }

/// All the packets that are written out by hand, in the order of the layers.
std::vector<SamplePacket> sample_packets();

}  // namespace sonde::packets
