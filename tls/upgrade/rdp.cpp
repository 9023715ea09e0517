/// RDP: [MS-RDPBCGR] 2.2.1.1 and 2.2.1.2, X.224 in TPKT (RFC 1006).

#include "tls/upgrade/big_endian.h"
#include "tls/upgrade/routines.h"

namespace sonde {
namespace {

constexpr char kConfirm = '\xd0', kResponse = 2, kFailure = 3;
constexpr size_t kNegotiationAt = 7, kConfirmSize = 15;
constexpr uint32_t kTls = 1, kMostProtocol = 8;

/// Connection request that asks for TLS or CredSSP (which is within TLS).
std::string request() {
  return std::string("\x03\x00\x00\x13\x0e\xe0\x00\x00\x00\x00\x00\x01\x00\x08\x00\x03\x00\x00\x00", 19);
}

/// [MS-RDPBCGR] 2.2.1.2.2
std::string failure_text(uint32_t code) {
  switch (code) {
    case 1: return "SSL_REQUIRED_BY_SERVER";
    case 2: return "SSL_NOT_ALLOWED_BY_SERVER";
    case 3: return "SSL_CERT_NOT_ON_SERVER";
    case 4: return "INCONSISTENT_FLAGS";
    case 5: return "HYBRID_REQUIRED_BY_SERVER";
    case 6: return "SSL_WITH_USER_AUTH_REQUIRED_BY_SERVER";
    default: return "failure code " + std::to_string(code);
  }
}

}  // namespace

UpgradeRoutine upgrade_rdp(UpgradePeer& peer) {
  peer.say(request());
  const std::string header = co_await peer.bytes(4);
  const uint32_t size = read_big_endian(std::string_view(header).substr(2));
  if (header[0] != 3 || size < 4 + kNegotiationAt || size > 512) co_return UpgradeEnd::unexpected(header);
  const std::string confirm = co_await peer.bytes(size - 4);
  if (confirm[1] != kConfirm) co_return UpgradeEnd::unexpected(header + confirm);
  if (confirm.size() < kConfirmSize) co_return UpgradeEnd::not_offered();  // RDP's own security only
  const uint32_t value = read_little_endian(std::string_view(confirm).substr(kNegotiationAt + 4, 4));
  if (confirm[kNegotiationAt] == kFailure) co_return UpgradeEnd::refused(failure_text(value));
  if (confirm[kNegotiationAt] != kResponse) co_return UpgradeEnd::unexpected(header + confirm);
  co_return value >= kTls && value <= kMostProtocol ? UpgradeEnd::ready() : UpgradeEnd::not_offered();
}

}  // namespace sonde
