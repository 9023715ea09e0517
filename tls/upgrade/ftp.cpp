/// FTP: RFC 4217 §4. Old servers know the name SSL only.

#include "tls/upgrade/routines.h"
#include "tls/upgrade/text_replies.h"

namespace sonde {

UpgradeRoutine upgrade_ftp(UpgradePeer& peer) {
  std::string line;
  do line = co_await peer.line();
  while (!has_code(line, "220 ") && (is_continued(line) || line.starts_with(" ")));
  if (!has_code(line, "220")) co_return UpgradeEnd::refused(line);
  peer.say("AUTH TLS\r\n");
  do line = co_await peer.line();
  while (is_continued(line));
  if (has_code(line, "234")) co_return UpgradeEnd::ready();
  peer.say("AUTH SSL\r\n");
  do line = co_await peer.line();
  while (is_continued(line));
  co_return has_code(line, "234") || has_code(line, "334") ? UpgradeEnd::ready() : UpgradeEnd::refused(line);
}

}  // namespace sonde
