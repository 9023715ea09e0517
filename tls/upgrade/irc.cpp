/// IRC: IRCv3 "tls" extension (deprecated, and still spoken). Many servers say
/// nothing to STARTTLS: then the time-out ends it.

#include <algorithm>

#include "tls/upgrade/routines.h"

namespace sonde {
namespace {

/// ":server 670 * :…" without its prefix.
std::string_view without_prefix(std::string_view line) {
  if (line.starts_with(':')) line.remove_prefix(std::min(line.find(' '), line.size() - 1) + 1);
  return line;
}

}  // namespace

UpgradeRoutine upgrade_irc(UpgradePeer& peer) {
  peer.say("STARTTLS\r\n");
  while (true) {
    const std::string line = co_await peer.line();
    const std::string_view message = without_prefix(line), command = message.substr(0, message.find(' '));
    if (command == "670") co_return UpgradeEnd::ready();
    if (command == "691" || command == "421" || command == "451" || command == "ERROR")
      co_return UpgradeEnd::refused(line);
    if (command == "PING") peer.say("PONG" + std::string(message.substr(command.size())) + "\r\n");
  }
}

}  // namespace sonde
