#include "tls/record.h"

namespace sonde {
namespace {

constexpr size_t kHeaderSize = 5;
constexpr uint16_t kLongestFragment = (1 << 14) + 2048;  // RFC 5246 §6.2.3, the larger of the two bounds

uint16_t load_u16(std::span<const std::byte> bytes, size_t at) {
  return static_cast<uint16_t>((std::to_integer<unsigned>(bytes[at]) << 8) |
                               std::to_integer<unsigned>(bytes[at + 1]));
}

}  // namespace

std::optional<TlsRecord> parse_tls_record(std::span<const std::byte> bytes) {
  if (bytes.size() < kHeaderSize) return std::nullopt;
  const auto type = std::to_integer<uint8_t>(bytes[0]);
  if (type < 20 || type > 23) return std::nullopt;
  TlsRecord record;
  record.type = static_cast<TlsRecord::Type>(type);
  record.version = load_u16(bytes, 1);
  record.length = load_u16(bytes, 3);
  if (record.version < 0x0300 || record.version > 0x0304) return std::nullopt;
  if (record.length == 0 || record.length > kLongestFragment) return std::nullopt;
  if (record.type == TlsRecord::Type::alert && record.length == 2 && bytes.size() >= kHeaderSize + 2) {
    record.alert_description = std::to_integer<uint8_t>(bytes[6]);
  }
  return record;
}

}  // namespace sonde
