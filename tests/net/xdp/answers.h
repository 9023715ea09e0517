#pragma once

#include <linux/if_ether.h>

#include <initializer_list>
#include <string_view>

#include "tests/net/packet/packet_builder.h"
#include "tests/net/xdp/swept_set.h"

namespace sonde::packets {

/// Answers to SYNs of a SweptSet, as frames.
inline constexpr std::string_view kUs = "198.18.0.1", kFleet = "198.18.0.7", kRouter = "198.18.255.254";
inline constexpr std::string_view kUs6 = "2001:db8::1", kFleet6 = "2001:db8::7", kRouter6 = "2001:db8:ff::1";
inline constexpr uint16_t kOurs = 50003;

/// The sequence number of our SYN.
inline uint32_t cookie(std::string_view us, std::string_view them, uint16_t port = 443) {
  return syn_sequence(kSweepKey, {address(us), kOurs, address(them), port});
}

/// A frame from their station to ours.
inline Bytes frame(const Bytes& packet, std::initializer_list<unsigned> tag = {}) {
  Bytes made;
  for (const LinkAddress& station : {kOurStation, kTheirStation})
    for (size_t i = 0; i < 6; ++i) put(made, station.bytes[i], 1);
  put(made, bytes(tag));
  put(made, std::to_integer<unsigned>(packet[0]) >> 4 == 6 ? ETH_P_IPV6 : ETH_P_IP, 2);
  return joined(made, packet);
}

/// What an endpoint on port 443 says of our SYN.
inline Tcp answer(uint32_t acknowledgement, uint8_t flags) {
  return {.from = 443,
          .to = kOurs,
          .sequence = 77,
          .acknowledgement = acknowledgement,
          .flags = flags,
          .window = 4321,
          .options = (flags & kTcpSyn) != 0 ? linux_options(1, 0x01020304) : Bytes{}};
}

}  // namespace sonde::packets
