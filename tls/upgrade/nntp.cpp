/// NNTP: RFC 4642 §2.2.

#include "tls/upgrade/routines.h"
#include "tls/upgrade/text_replies.h"

namespace sonde {

UpgradeRoutine upgrade_nntp(UpgradePeer& peer) {
  std::string line = co_await peer.line();
  if (says_no(line)) co_return UpgradeEnd::refused(line);
  if (!has_code(line, "200") && !has_code(line, "201")) co_return UpgradeEnd::unexpected(line);
  peer.say("CAPABILITIES\r\n");
  line = co_await peer.line();
  if (has_code(line, "101")) {  // before RFC 3977 there was no such command
    bool offered = false;
    for (; line != "."; line = co_await peer.line()) offered = offered || has_word(line, "STARTTLS");
    if (!offered) co_return UpgradeEnd::not_offered();
  }
  peer.say("STARTTLS\r\n");
  line = co_await peer.line();
  co_return has_code(line, "382") ? UpgradeEnd::ready() : UpgradeEnd::refused(line);
}

}  // namespace sonde
