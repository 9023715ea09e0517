/// VNC: RFB 3.7 and 3.8 (RFC 6143 §7.1) with security type VeNCrypt (19), or TLS
/// (18: anonymous), as registered in the community's rfbproto.

#include <algorithm>

#include "tls/upgrade/big_endian.h"
#include "tls/upgrade/routines.h"

namespace sonde {
namespace {

constexpr char kTls = 18, kVencrypt = 19;
constexpr uint32_t kLongestReason = 4096;

/// With certificates first (X509None, X509Vnc, X509Plain, X509SASL), then without.
constexpr uint32_t kSubTypes[] = {260, 261, 262, 264, 257, 258, 259, 263};

/// The best of what is offered, as a number of four bytes each; 0: none.
uint32_t best_of(std::string_view offered) {
  for (const uint32_t wanted : kSubTypes)
    for (size_t at = 0; at + 4 <= offered.size(); at += 4)
      if (read_big_endian(offered.substr(at, 4)) == wanted) return wanted;
  return 0;
}

}  // namespace

UpgradeRoutine upgrade_vnc(UpgradePeer& peer) {
  const std::string version = co_await peer.line();
  if (!version.starts_with("RFB 00")) co_return UpgradeEnd::unexpected(version);
  if (version < "RFB 003.007") co_return UpgradeEnd::not_offered();  // there the server chooses
  // Never above the server's own (RFC 6143 §7.1.1); those above 3.8 are of one vendor.
  peer.say(version < "RFB 003.008" ? "RFB 003.007\n" : "RFB 003.008\n");
  const std::string count = co_await peer.bytes(1);
  if (count[0] == 0) {
    const std::string head = co_await peer.bytes(4);
    const std::string reason = co_await peer.bytes(std::min(read_big_endian(head), kLongestReason));
    co_return UpgradeEnd::refused(reason);
  }
  const std::string types = co_await peer.bytes(static_cast<unsigned char>(count[0]));
  if (types.find(kVencrypt) == std::string::npos) {
    if (types.find(kTls) == std::string::npos) co_return UpgradeEnd::not_offered();
    peer.say(std::string(1, kTls));
    co_return UpgradeEnd::ready();
  }
  peer.say(std::string(1, kVencrypt));
  const std::string vencrypt = co_await peer.bytes(2);
  if (vencrypt < std::string("\0\2", 2)) co_return UpgradeEnd::refused("VeNCrypt is older than 0.2");
  peer.say(std::string("\0\2", 2));
  const std::string refused = co_await peer.bytes(1);
  if (refused[0] != 0) co_return UpgradeEnd::refused("VeNCrypt 0.2 is not taken");
  const std::string sub_types = co_await peer.bytes(1);
  const std::string offered = co_await peer.bytes(4u * static_cast<unsigned char>(sub_types[0]));
  const uint32_t sub_type = best_of(offered);
  if (sub_type == 0) co_return UpgradeEnd::not_offered();
  peer.say(big_endian(sub_type, 4));
  const std::string taken = co_await peer.bytes(1);
  co_return taken[0] == 1 ? UpgradeEnd::ready() : UpgradeEnd::refused("VeNCrypt sub-type " + std::to_string(sub_type));
}

}  // namespace sonde
