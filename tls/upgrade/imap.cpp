/// IMAP: RFC 3501 §6.2.1, RFC 9051 §6.2.1.

#include "tls/upgrade/routines.h"
#include "tls/upgrade/text_replies.h"

namespace sonde {

UpgradeRoutine upgrade_imap(UpgradePeer& peer) {
  std::string line = co_await peer.line();
  // After PREAUTH it is too late for STARTTLS.
  if (line.starts_with("* PREAUTH") || line.starts_with("* BYE")) co_return UpgradeEnd::refused(line);
  if (!line.starts_with("* OK")) co_return UpgradeEnd::unexpected(line);
  peer.say("a1 CAPABILITY\r\n");
  bool offered = false;
  do {
    line = co_await peer.line();
    offered = offered || (line.starts_with("* CAPABILITY") && has_word(line, "STARTTLS"));
  } while (line.starts_with("* "));
  if (!line.starts_with("a1 OK")) co_return UpgradeEnd::refused(line);
  if (!offered) co_return UpgradeEnd::not_offered();
  peer.say("a2 STARTTLS\r\n");
  do line = co_await peer.line();
  while (line.starts_with("* "));
  co_return line.starts_with("a2 OK") ? UpgradeEnd::ready() : UpgradeEnd::refused(line);
}

}  // namespace sonde
