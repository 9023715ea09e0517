/// MySQL and MariaDB: "Connection Phase", Protocol::HandshakeV10 and SSLRequest.

#include <algorithm>

#include "tls/upgrade/big_endian.h"
#include "tls/upgrade/routines.h"

namespace sonde {
namespace {

constexpr uint32_t kSsl = 0x0800;
constexpr char kVersion10 = 0x0a, kError = '\xff';
constexpr size_t kLeastGreeting = 4 + 8 + 1 + 2;  // thread id, salt, a zero, capabilities

/// The SSL request: CLIENT_LONG_PASSWORD, PROTOCOL_41, SSL and SECURE_CONNECTION;
/// 16 MiB packets; utf8_general_ci.
std::string ssl_request() {
  std::string packet("\x20\x00\x00\x01\x01\x8a\x00\x00\x00\x00\x00\x01\x21", 13);
  return packet.append(23, '\0');
}

}  // namespace

UpgradeRoutine upgrade_mysql(UpgradePeer& peer) {
  const std::string header = co_await peer.bytes(4);
  const uint32_t size = read_little_endian(std::string_view(header).substr(0, 3));
  if (size == 0 || size > 4096) co_return UpgradeEnd::unexpected(header);
  const std::string greeting = co_await peer.bytes(size);
  if (greeting[0] == kError) co_return UpgradeEnd::refused(std::string_view(greeting).substr(std::min<size_t>(3, size)));
  if (greeting[0] != kVersion10) co_return UpgradeEnd::unexpected(header + greeting);
  const size_t version_end = greeting.find('\0', 1);
  if (version_end == std::string::npos || greeting.size() < version_end + 1 + kLeastGreeting)
    co_return UpgradeEnd::unexpected(header + greeting);
  const uint32_t can = read_little_endian(std::string_view(greeting).substr(version_end + 1 + kLeastGreeting - 2, 2));
  if ((can & kSsl) == 0) co_return UpgradeEnd::not_offered();
  peer.say(ssl_request());
  co_return UpgradeEnd::ready();  // the server says nothing to it
}

}  // namespace sonde
