#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "net/address.h"
#include "net/packet/packet_reader.h"

namespace sonde::packets {

/// Packets for tests, written as they are nested, from the network header on:
///
///   ipv4({.from = "198.18.0.7", .to = "198.18.0.1", .ttl = 61},
///        tcp({.from = 443, .to = 50000, .flags = kTcpSyn | kTcpAck, .options = linux_options()}))
///
/// Lengths, protocol numbers and checksums are right unless a field says
/// otherwise. Nothing here is shared with the code that is tested.
using Bytes = std::vector<std::byte>;

/// What an IP packet carries: its bytes, and where in them the header with a
/// checksum stands, behind extension headers.
struct Layer {
  uint8_t protocol = 0;
  Bytes bytes{};
  uint8_t upper_protocol = 0;
  size_t upper_at = 0;
};

// ---- Bytes ----

inline void put(Bytes& bytes, uint64_t number, size_t size) {
  for (size_t i = size; i-- > 0;) bytes.push_back(static_cast<std::byte>(number >> (8 * i)));
}

inline void put(Bytes& bytes, std::span<const std::byte> more) {
  bytes.insert(bytes.end(), more.begin(), more.end());
}

inline void put(Bytes& bytes, const IpAddress& address) {
  if (address.is_v4()) return put(bytes, address.v4_number(), 4);
  put(bytes, static_cast<uint64_t>(address.number() >> 64), 8);
  put(bytes, static_cast<uint64_t>(address.number()), 8);
}

/// Numbers of one byte each: bytes({1, 2, 3}).
inline Bytes bytes(std::initializer_list<unsigned> numbers) {
  Bytes made;
  for (unsigned number : numbers) put(made, number, 1);
  return made;
}

inline Bytes joined(Bytes front, const Bytes& back) {
  put(front, back);
  return front;
}

inline Bytes first(Bytes bytes, size_t size) {
  bytes.resize(size);
  return bytes;
}

/// As Ethernet pads short frames, but with a byte that is seen if it is read.
inline Bytes padded(Bytes bytes, size_t size) {
  bytes.resize(size, std::byte{0x02});
  return bytes;
}

inline IpAddress address(std::string_view text) { return IpAddress::parse(text).value(); }

// ---- Checksums (RFC 1071), word by word ----

inline uint16_t internet_checksum(Bytes bytes) {
  if (bytes.size() % 2 != 0) bytes.push_back(std::byte{0});
  uint32_t sum = 0;
  for (size_t i = 0; i < bytes.size(); i += 2) {
    sum += std::to_integer<uint32_t>(bytes[i]) * 256 + std::to_integer<uint32_t>(bytes[i + 1]);
    if (sum > 0xffff) sum -= 0xffff;  // the carry comes round to the end
  }
  return static_cast<uint16_t>(0xffff - sum);
}

/// Of a TCP or ICMPv6 part with its pseudo-header; 0 if the checksum in it is right.
inline uint16_t transport_checksum(const IpAddress& from, const IpAddress& to, uint8_t protocol,
                                   const Bytes& part) {
  Bytes summed;
  put(summed, from);
  put(summed, to);
  put(summed, part.size(), 4);
  put(summed, protocol, 4);
  put(summed, part);
  return internet_checksum(summed);
}

inline void set_u16(Bytes& bytes, size_t at, uint16_t number) {
  if (at + 2 > bytes.size()) return;  // cut off on purpose
  bytes[at] = static_cast<std::byte>(number >> 8);
  bytes[at + 1] = static_cast<std::byte>(number);
}

/// The layer's bytes, with the checksum of its upper header set.
inline Bytes with_checksum(Layer layer, const IpAddress& from, const IpAddress& to) {
  const Bytes upper(layer.bytes.begin() + static_cast<ptrdiff_t>(layer.upper_at), layer.bytes.end());
  const uint16_t with_addresses = transport_checksum(from, to, layer.upper_protocol, upper);
  switch (layer.upper_protocol) {
    case 1: set_u16(layer.bytes, layer.upper_at + 2, internet_checksum(upper)); break;
    case 6: set_u16(layer.bytes, layer.upper_at + 16, with_addresses); break;
    case 58: set_u16(layer.bytes, layer.upper_at + 2, with_addresses); break;
    default: break;
  }
  return layer.bytes;
}

// ---- Network headers ----

struct Ipv4 {
  std::string_view from{};
  std::string_view to{};
  uint8_t ttl = 64;
  int version = 4;
  int header_words = -1;         ///< -1: what is right
  int total_size = -1;           ///< -1: what is right
  uint16_t fragment_offset = 0;  ///< in units of 8 bytes
  bool more_fragments = false;
  Bytes options{};  ///< whole words
};

inline Bytes ipv4(const Ipv4& fields, const Layer& layer) {
  const size_t header_size = 20 + fields.options.size();
  const auto words = fields.header_words < 0 ? header_size / 4 : static_cast<size_t>(fields.header_words);
  const auto total =
      fields.total_size < 0 ? header_size + layer.bytes.size() : static_cast<size_t>(fields.total_size);
  Bytes header;
  put(header, static_cast<size_t>(fields.version) << 4 | words, 1);
  put(header, 0, 1);
  put(header, total, 2);
  put(header, 0x1234, 2);
  put(header, (fields.more_fragments ? 0x2000u : 0u) | fields.fragment_offset, 2);
  put(header, fields.ttl, 1);
  put(header, layer.protocol, 1);
  put(header, 0, 2);
  put(header, address(fields.from));
  put(header, address(fields.to));
  put(header, fields.options);
  set_u16(header, 10, internet_checksum(header));
  return joined(header, with_checksum(layer, address(fields.from), address(fields.to)));
}

struct Ipv6 {
  std::string_view from{};
  std::string_view to{};
  uint8_t hop_limit = 64;
  int version = 6;
  int payload_size = -1;  ///< -1: what is right
};

inline Bytes ipv6_from_addresses(const Ipv6& fields, const Bytes& addresses, uint8_t next,
                                 const Bytes& payload) {
  const auto size = fields.payload_size < 0 ? payload.size() : static_cast<size_t>(fields.payload_size);
  Bytes packet;
  put(packet, static_cast<size_t>(fields.version) << 28, 4);
  put(packet, size, 2);
  put(packet, next, 1);
  put(packet, fields.hop_limit, 1);
  return joined(joined(packet, addresses), payload);
}

inline Bytes ipv6(const Ipv6& fields, const Layer& layer) {
  Bytes addresses;
  put(addresses, address(fields.from));
  put(addresses, address(fields.to));
  return ipv6_from_addresses(fields, addresses, layer.protocol,
                             with_checksum(layer, address(fields.from), address(fields.to)));
}

/// An extension header (RFC 8200 §4) of whole 8 bytes in front of a layer.
inline Layer extension(uint8_t protocol, const Bytes& header_after_next, const Layer& layer) {
  Bytes header;
  put(header, layer.protocol, 1);
  put(header, header_after_next);
  const size_t upper_at = header.size() + layer.upper_at;
  return {protocol, joined(header, layer.bytes), layer.upper_protocol, upper_at};
}

inline Layer hop_by_hop(const Layer& layer) { return extension(0, bytes({0, 1, 4, 0, 0, 0, 0}), layer); }
inline Layer destination_options(const Layer& layer) {
  return extension(60, bytes({1, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}), layer);
}
inline Layer routing(const Layer& layer) { return extension(43, bytes({0, 253, 0, 0, 0, 0, 0}), layer); }
inline Layer authentication(const Layer& layer) {
  return extension(51, bytes({1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1}), layer);
}
/// `field`: offset in units of 8 bytes, shifted by 3, and the "more" bit.
inline Layer fragment(uint16_t field, const Layer& layer) {
  return extension(44, bytes({0, field / 256u, field % 256u, 0, 0, 0, 9}), layer);
}

// ---- TCP ----

struct Tcp {
  uint16_t from = 0;
  uint16_t to = 0;
  uint32_t sequence = 0;
  uint32_t acknowledgement = 0;
  uint8_t flags = 0;
  uint16_t window = 64240;
  int header_words = -1;  ///< -1: what is right
  Bytes options{};        ///< whole words
  Bytes data{};
};

inline Layer tcp(const Tcp& fields) {
  const auto words =
      fields.header_words < 0 ? 5 + fields.options.size() / 4 : static_cast<size_t>(fields.header_words);
  Bytes segment;
  put(segment, fields.from, 2);
  put(segment, fields.to, 2);
  put(segment, fields.sequence, 4);
  put(segment, fields.acknowledgement, 4);
  put(segment, words << 4, 1);
  put(segment, fields.flags, 1);
  put(segment, fields.window, 2);
  put(segment, 0, 4);
  return {6, joined(joined(segment, fields.options), fields.data), 6, 0};
}

/// The options of a Linux SYN-ACK, "MSTNW".
inline Bytes linux_options(uint32_t timestamp_value = 1, uint32_t timestamp_echo = 2) {
  Bytes options = bytes({2, 4, 5, 0xb4, 4, 2, 8, 10});
  put(options, timestamp_value, 4);
  put(options, timestamp_echo, 4);
  return joined(options, bytes({1, 3, 3, 7}));
}

// ---- ICMP, and neighbours ----

struct Icmp {
  uint8_t type = 0;
  uint8_t code = 0;
};

inline Bytes icmp_header(const Icmp& fields) { return bytes({fields.type, fields.code, 0, 0, 0, 0, 0, 0}); }

/// `body`: what stands behind the first 8 bytes; of an error the quote.
inline Layer icmp(const Icmp& fields, const Bytes& body) {
  return {1, joined(icmp_header(fields), body), 1, 0};
}
inline Layer icmpv6(const Icmp& fields, const Bytes& body) {
  return {58, joined(icmp_header(fields), body), 58, 0};
}

/// Something that is neither TCP nor ICMP.
inline Layer udp() { return {17, bytes({0, 53, 0xc3, 0x50, 0, 8, 0, 0}), 17, 0}; }

inline Bytes station(unsigned last) { return bytes({0x02, 0, 0, 0, 0, last}); }

struct Arp {
  uint16_t operation = 2;
  std::string_view sender{};
  Bytes sender_station{};
  std::string_view target{};
  uint16_t hardware = 1;
  uint8_t station_size = 6;
};

inline Bytes arp(const Arp& fields) {
  Bytes packet;
  put(packet, fields.hardware, 2);
  put(packet, 0x0800, 2);
  put(packet, fields.station_size, 1);
  put(packet, 4, 1);
  put(packet, fields.operation, 2);
  put(packet, fields.sender_station);
  put(packet, address(fields.sender));
  put(packet, station(0x99));
  put(packet, address(fields.target));
  return packet;
}

/// An option of a neighbour message (RFC 4861 §4.6): type, size in units of 8 bytes, value.
inline Bytes neighbour_option(unsigned type, unsigned units, const Bytes& value) {
  return joined(bytes({type, units}), value);
}

/// 136: an advertisement; 135: a solicitation.
inline Layer neighbour_message(uint8_t type, std::string_view target, const Bytes& options) {
  Bytes body;
  put(body, address(target));
  return icmpv6({type, 0}, joined(body, options));
}

}  // namespace sonde::packets
