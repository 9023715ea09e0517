#pragma once

#include "tls/upgrade/dialogue.h"

namespace sonde {

/// Every upgrade, once: its name in code, its name for users, and the ports on
/// which it is spoken by convention (IANA's, or the servers' own defaults).
#define SONDE_FOR_EVERY_UPGRADE(ROW)      \
  ROW(postgresql, "postgres", 5432)       \
  ROW(mysql, "mysql", 3306)               \
  ROW(smtp, "smtp", 25, 587, 2525)        \
  ROW(lmtp, "lmtp", 24)                   \
  ROW(imap, "imap", 143)                  \
  ROW(pop3, "pop3", 110)                  \
  ROW(ftp, "ftp", 21)                     \
  ROW(ldap, "ldap", 389, 3268)            \
  ROW(xmpp, "xmpp", 5222)                 \
  ROW(xmpp_server, "xmpp-server", 5269)   \
  ROW(nntp, "nntp", 119)                  \
  ROW(managesieve, "sieve", 4190)         \
  ROW(irc, "irc", 6667)                   \
  ROW(telnet, "telnet", 23)               \
  ROW(rdp, "rdp", 3389)                   \
  ROW(tds, "mssql", 1433)                 \
  ROW(vnc, "vnc", 5900, 5901)             \
  ROW(nats, "nats", 4222)                 \
  ROW(amqp, "amqp", 5672)

#define SONDE_DECLARE_UPGRADE(symbol, ...) UpgradeRoutine upgrade_##symbol(UpgradePeer& peer);
SONDE_FOR_EVERY_UPGRADE(SONDE_DECLARE_UPGRADE)
#undef SONDE_DECLARE_UPGRADE

}  // namespace sonde
