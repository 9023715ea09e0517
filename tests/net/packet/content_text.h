#pragma once

#include <string>
#include <variant>

#include "net/packet/packet_reader.h"

namespace sonde::packets {

/// What was read, in a line, so that tables of packets can be read as well:
/// "tcp 198.18.0.7:443 > 198.18.0.1:50000 SA seq 7 ack 1001 win 64240 ttl 61 MSTNW".
inline std::string text_of(Unreadable reason) {
  switch (reason) {
    case Unreadable::unrelated: return "unrelated";
    case Unreadable::fragment: return "fragment";
    case Unreadable::truncated: return "truncated";
    case Unreadable::malformed: return "malformed";
  }
  return "?";
}

inline std::string flags_text(uint8_t flags) {
  std::string text;
  for (const auto& [flag, letter] :
       {std::pair{kTcpSyn, 'S'}, std::pair{kTcpAck, 'A'}, std::pair{kTcpRst, 'R'}, std::pair{kTcpFin, 'F'}})
    if ((flags & flag) != 0) text += letter;
  return text;
}

inline std::string text_of(const TcpSegment& segment) {
  const TcpOptions options = read_tcp_options(segment.options);
  return "tcp " + segment.from.to_string() + " > " + segment.to.to_string() + " " +
         flags_text(segment.flags) + " seq " + std::to_string(segment.sequence) + " ack " +
         std::to_string(segment.acknowledgement) + " win " + std::to_string(segment.window) + " ttl " +
         std::to_string(segment.ttl) + " " + options.order + (options.malformed ? "!" : "");
}

inline std::string text_of(const IcmpQuote& quote) {
  return (quote.ipv6 ? "icmpv6 " : "icmp ") + std::to_string(quote.type) + "/" + std::to_string(quote.code) +
         " from " + quote.sender.to_string() + " ttl " + std::to_string(quote.ttl) + " about " +
         quote.from.to_string() + " > " + quote.to.to_string() + " seq " + std::to_string(quote.sequence);
}

inline std::string text_of(const NeighbourAnswer& answer) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text = answer.address.to_string() + " is at";
  for (size_t i = 0; i < answer.station.size; ++i) {
    text += i == 0 ? ' ' : ':';
    text += kDigits[answer.station.bytes[i] >> 4];
    text += kDigits[answer.station.bytes[i] & 15];
  }
  return text;
}

inline std::string text_of(const PacketContent& content) {
  return std::visit([](const auto& read) { return text_of(read); }, content);
}

}  // namespace sonde::packets
