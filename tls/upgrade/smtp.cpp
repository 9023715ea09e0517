/// SMTP (RFC 3207) and LMTP (RFC 2033), which differ in their greeting alone.

#include "tls/upgrade/routines.h"
#include "tls/upgrade/text_replies.h"

namespace sonde {
namespace {

UpgradeRoutine talk(UpgradePeer& peer, const char* greeting) {
  std::string line;
  do line = co_await peer.line();
  while (is_continued(line));
  if (says_no(line)) co_return UpgradeEnd::refused(line);
  if (!has_code(line, "220")) co_return UpgradeEnd::unexpected(line);
  peer.say(std::string(greeting) + " " + peer.names().client + "\r\n");
  bool offered = false;
  do {
    line = co_await peer.line();
    offered = offered || has_word(line, "STARTTLS");
  } while (is_continued(line));
  if (!has_code(line, "250")) co_return UpgradeEnd::refused(line);
  if (!offered) co_return UpgradeEnd::not_offered();
  peer.say("STARTTLS\r\n");
  do line = co_await peer.line();
  while (is_continued(line));
  co_return has_code(line, "220") ? UpgradeEnd::ready() : UpgradeEnd::refused(line);
}

}  // namespace

UpgradeRoutine upgrade_smtp(UpgradePeer& peer) { return talk(peer, "EHLO"); }
UpgradeRoutine upgrade_lmtp(UpgradePeer& peer) { return talk(peer, "LHLO"); }

}  // namespace sonde
