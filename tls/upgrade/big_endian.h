#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sonde {

/// The number in so many bytes, most significant first.
inline std::string big_endian(uint32_t number, size_t bytes) {
  std::string text;
  for (size_t i = bytes; i-- > 0;) text += static_cast<char>(number >> (8 * i) & 0xff);
  return text;
}

/// At most four bytes, most significant first.
inline uint32_t read_big_endian(std::string_view bytes) {
  uint32_t number = 0;
  for (const char byte : bytes) number = number << 8 | static_cast<unsigned char>(byte);
  return number;
}

/// At most four bytes, least significant first.
inline uint32_t read_little_endian(std::string_view bytes) {
  uint32_t number = 0;
  for (size_t i = bytes.size(); i-- > 0;) number = number << 8 | static_cast<unsigned char>(bytes[i]);
  return number;
}

}  // namespace sonde
