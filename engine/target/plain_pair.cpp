#include "engine/target/plain_pair.h"

namespace sonde {
namespace {

/// Reads digits up to `most` from the front of `text`, without leading zeros;
/// the number, or nullopt.
std::optional<uint32_t> take_number(std::string_view& text, uint32_t most) {
  uint32_t number = 0;
  size_t digits = 0;
  for (; digits < text.size() && digits < 5 && text[digits] >= '0' && text[digits] <= '9'; ++digits)
    number = number * 10 + static_cast<uint32_t>(text[digits] - '0');
  if (digits == 0 || number > most || (digits > 1 && text.front() == '0')) return std::nullopt;
  text.remove_prefix(digits);
  return number;
}

bool take_byte(std::string_view& text, char byte) {
  if (!text.starts_with(byte)) return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

std::optional<Endpoint> parse_plain_pair(std::string_view line) {
  uint32_t address = 0;
  for (int octet = 0; octet < 4; ++octet) {
    const auto number = take_number(line, 255);
    if (!number || !take_byte(line, octet < 3 ? '.' : ':')) return std::nullopt;
    address = address << 8 | *number;
  }
  const auto port = take_number(line, 65535);
  if (!port || *port == 0) return std::nullopt;
  take_byte(line, '\r');
  if (!line.empty()) return std::nullopt;
  return Endpoint{IpAddress::v4(address), static_cast<uint16_t>(*port), 0};
}

}  // namespace sonde
