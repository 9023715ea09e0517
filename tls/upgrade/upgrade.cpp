#include "tls/upgrade/upgrade.h"

#include <algorithm>
#include <array>

#include "tls/upgrade/routines.h"
#include "tls/upgrade/text_replies.h"

namespace sonde {
namespace {

#define SONDE_UPGRADE_PORTS(symbol, name, ...) constexpr uint16_t kPorts_##symbol[] = {__VA_ARGS__};
SONDE_FOR_EVERY_UPGRADE(SONDE_UPGRADE_PORTS)
#undef SONDE_UPGRADE_PORTS

#define SONDE_UPGRADE_ROW(symbol, name, ...) Upgrade{name, upgrade_##symbol, kPorts_##symbol},
constexpr std::array kUpgrades = {SONDE_FOR_EVERY_UPGRADE(SONDE_UPGRADE_ROW)};
#undef SONDE_UPGRADE_ROW

/// What the servers that speak first begin with.
struct Greeting {
  std::string_view begins, has, upgrade;
};
constexpr Greeting kGreetings[] = {
    {"RFB 00", "", "vnc"},       {"INFO {", "", "nats"},       {"* OK", "", "imap"},
    {"* PREAUTH", "", "imap"},     {"+OK", "", "pop3"},          {"\"IMPLEMENTATION\"", "", "sieve"},
    {"220", "LMTP", "lmtp"},       {"220", "SMTP", "smtp"},      {"220", "FTP", "ftp"},
    {"220", "FileZilla", "ftp"},   {"220", "", "smtp"},          {"200", "", "nntp"},          {"201", "", "nntp"},
    {"\xff\xfd", "", "telnet"},    {"\xff\xfb", "", "telnet"},
};

/// A greeting of MySQL: a length of three bytes, number 0, version 10 or an error.
bool is_mysql(std::string_view said) {
  return said.size() > 5 && said[2] == '\0' && said[3] == '\0' && (said[4] == '\x0a' || said[4] == '\xff');
}

}  // namespace

std::span<const Upgrade> all_upgrades() { return kUpgrades; }

const Upgrade* find_upgrade(std::string_view name) {
  const auto found = std::ranges::find(kUpgrades, name, &Upgrade::name);
  return found == kUpgrades.end() ? nullptr : &*found;
}

const Upgrade* upgrade_of_port(uint16_t port) {
  const auto found = std::ranges::find_if(
      kUpgrades, [port](const Upgrade& upgrade) { return std::ranges::count(upgrade.ports, port) > 0; });
  return found == kUpgrades.end() ? nullptr : &*found;
}

const Upgrade* upgrade_of_greeting(std::string_view said) {
  if (is_mysql(said)) return find_upgrade("mysql");
  for (const Greeting& greeting : kGreetings)
    if (said.starts_with(greeting.begins) && (greeting.has.empty() || said.find(greeting.has) != std::string_view::npos))
      return find_upgrade(greeting.upgrade);
  return nullptr;
}

}  // namespace sonde
