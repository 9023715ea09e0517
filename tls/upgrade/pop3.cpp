/// POP3: RFC 2595 §4. CAPA (RFC 2449) is newer: who does not know it may know STLS.

#include "tls/upgrade/routines.h"
#include "tls/upgrade/text_replies.h"

namespace sonde {

UpgradeRoutine upgrade_pop3(UpgradePeer& peer) {
  std::string line = co_await peer.line();
  if (line.starts_with("-ERR")) co_return UpgradeEnd::refused(line);
  if (!line.starts_with("+OK")) co_return UpgradeEnd::unexpected(line);
  peer.say("CAPA\r\n");
  line = co_await peer.line();
  if (line.starts_with("+OK")) {
    bool offered = false;
    for (; line != "."; line = co_await peer.line()) offered = offered || has_word(line, "STLS");
    if (!offered) co_return UpgradeEnd::not_offered();
  }
  peer.say("STLS\r\n");
  line = co_await peer.line();
  co_return line.starts_with("+OK") ? UpgradeEnd::ready() : UpgradeEnd::refused(line);
}

}  // namespace sonde
