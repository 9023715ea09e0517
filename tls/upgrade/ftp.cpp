/// FTP: RFC 4217 §4. Old servers know the name SSL only.

#include "tls/upgrade/routines.h"
#include "tls/upgrade/text_replies.h"

namespace sonde {
namespace {

/// Whether a line ends the reply that began with `first`: "220-" goes on until
/// "220 ", and what is between may begin with anything (RFC 959 §4.2).
bool ends_reply(std::string_view first, std::string_view line) {
  return !is_continued(first) || (line.starts_with(first.substr(0, 3)) && !is_continued(line));
}

}  // namespace

UpgradeRoutine upgrade_ftp(UpgradePeer& peer) {
  std::string first = co_await peer.line(), line = first;
  while (!ends_reply(first, line)) line = co_await peer.line();
  if (says_no(line)) co_return UpgradeEnd::refused(line);
  if (!has_code(line, "220")) co_return UpgradeEnd::unexpected(line);
  for (const char* const mechanism : {"TLS", "SSL"}) {
    peer.say(std::string("AUTH ") + mechanism + "\r\n");
    first = co_await peer.line();
    line = first;
    while (!ends_reply(first, line)) line = co_await peer.line();
    if (has_code(line, "234") || has_code(line, "334")) co_return UpgradeEnd::ready();
  }
  co_return UpgradeEnd::refused(line);
}

}  // namespace sonde
