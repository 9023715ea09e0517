/// PostgreSQL: "Message Flow", SSL Session Encryption. What follows the one byte
/// must not have come with it (CVE-2021-23222).

#include "tls/upgrade/big_endian.h"
#include "tls/upgrade/routines.h"

namespace sonde {
namespace {

constexpr uint32_t kSslRequest = 80877103;
constexpr uint32_t kLongestError = 8192;

/// The text of an ErrorResponse: fields of a type byte and a string each.
std::string_view message_of(std::string_view fields) {
  for (size_t at = 0; at < fields.size() && fields[at] != '\0';) {
    const std::string_view text = fields.substr(at + 1, fields.find('\0', at + 1) - at - 1);
    if (fields[at] == 'M') return text;
    at += text.size() + 2;
  }
  return fields;
}

}  // namespace

UpgradeRoutine upgrade_postgresql(UpgradePeer& peer) {
  peer.say(big_endian(8, 4) + big_endian(kSslRequest, 4));
  const std::string answer = co_await peer.bytes(1);
  if (answer == "S") co_return UpgradeEnd::ready();
  if (answer == "N") co_return UpgradeEnd::not_offered();
  if (answer != "E") co_return UpgradeEnd::unexpected(answer);
  const std::string head = co_await peer.bytes(4);
  const uint32_t size = read_big_endian(head);
  if (size <= 4 || size > kLongestError) co_return UpgradeEnd::unexpected(answer + head);
  const std::string fields = co_await peer.bytes(size - 4);
  co_return UpgradeEnd::refused(message_of(fields));
}

}  // namespace sonde
