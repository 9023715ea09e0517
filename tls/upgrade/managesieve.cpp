/// ManageSieve: RFC 5804 §2.2.

#include "tls/upgrade/routines.h"
#include "tls/upgrade/text_replies.h"

namespace sonde {

UpgradeRoutine upgrade_managesieve(UpgradePeer& peer) {
  std::string line;
  bool offered = false;
  do {
    line = co_await peer.line();
    offered = offered || line.starts_with("\"STARTTLS\"");
  } while (line.starts_with("\""));
  if (line.starts_with("NO") || line.starts_with("BYE")) co_return UpgradeEnd::refused(line);
  if (!line.starts_with("OK")) co_return UpgradeEnd::unexpected(line);
  if (!offered) co_return UpgradeEnd::not_offered();
  peer.say("STARTTLS\r\n");
  line = co_await peer.line();
  co_return line.starts_with("OK") ? UpgradeEnd::ready() : UpgradeEnd::refused(line);
}

}  // namespace sonde
