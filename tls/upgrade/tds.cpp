/// SQL Server: [MS-TDS] 2.2.6.5 (PRELOGIN). The records of the handshake travel
/// in packets of the same type. TDS 8 is TLS at once, with ALPN tds/8.0.

#include <optional>

#include "tls/upgrade/big_endian.h"
#include "tls/upgrade/routines.h"

namespace sonde {
namespace {

constexpr char kPrelogin = 0x12, kReply = 0x04, kEndOfMessage = 1;
constexpr char kVersion = 0, kEncryption = 1, kInstance = 2, kThread = 3, kMars = 4, kTerminator = '\xff';
constexpr char kOn = 1, kNotSupported = 2;
constexpr size_t kHeader = 8, kOption = 5, kLongestReply = 4096;

std::string prelogin() {
  struct Option {
    char token;
    std::string value;
  };
  const Option options[] = {{kVersion, std::string("\x10\x00\x00\x00\x00\x00", 6)},
                            {kEncryption, {kOn}},
                            {kInstance, std::string(1, '\0')},
                            {kThread, std::string(4, '\0')},
                            {kMars, std::string(1, '\0')}};
  size_t at = std::size(options) * kOption + 1;
  std::string head, values;
  for (const Option& option : options) {
    head += option.token + big_endian(static_cast<uint32_t>(at), 2) +
            big_endian(static_cast<uint32_t>(option.value.size()), 2);
    values += option.value;
    at += option.value.size();
  }
  head += kTerminator;
  const auto size = static_cast<uint32_t>(kHeader + head.size() + values.size());
  return std::string{kPrelogin, kEndOfMessage} + big_endian(size, 2) + std::string("\0\0\1\0", 4) + head + values;
}

/// The value of the ENCRYPTION option.
std::optional<char> encryption_of(std::string_view body) {
  for (size_t at = 0; at + kOption <= body.size() && body[at] != kTerminator; at += kOption) {
    if (body[at] != kEncryption) continue;
    const size_t value_at = read_big_endian(body.substr(at + 1, 2));
    return value_at < body.size() ? std::optional(body[value_at]) : std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

UpgradeRoutine upgrade_tds(UpgradePeer& peer) {
  peer.say(prelogin());
  const std::string header = co_await peer.bytes(kHeader);
  const uint32_t size = read_big_endian(std::string_view(header).substr(2, 2));
  if (header[0] != kReply || size <= kHeader || size > kLongestReply) co_return UpgradeEnd::unexpected(header);
  const std::string body = co_await peer.bytes(size - kHeader);
  const std::optional<char> encryption = encryption_of(body);
  if (!encryption) co_return UpgradeEnd::unexpected(header + body);
  if (*encryption == kNotSupported) co_return UpgradeEnd::not_offered();
  co_return UpgradeEnd::ready(UpgradeEnd::Carrier::tds);
}

}  // namespace sonde
