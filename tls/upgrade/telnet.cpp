/// Telnet: the START_TLS option (46) of draft-altman-telnet-starttls. Options in
/// general: RFC 854, RFC 855.

#include "tls/upgrade/routines.h"

namespace sonde {
namespace {

constexpr char kIac = '\xff', kDont = '\xfe', kDo = '\xfd', kWont = '\xfc', kWill = '\xfb', kSubnegotiation = '\xfa',
               kEndOfSubnegotiation = '\xf0';
constexpr char kStartTls = 46, kFollows = 1;

std::string command(char verb, char option) { return {kIac, verb, option}; }
std::string follows() { return {kIac, kSubnegotiation, kStartTls, kFollows, kIac, kEndOfSubnegotiation}; }

/// We take no other option: "no" to what is asked of us or offered.
std::string refuse(char verb, char option) {
  if (verb == kDo) return command(kWont, option);
  if (verb == kWill) return command(kDont, option);
  return {};
}

}  // namespace

UpgradeRoutine upgrade_telnet(UpgradePeer& peer) {
  peer.say(command(kWill, kStartTls));
  bool agreed = false;
  while (true) {
    const std::string first = co_await peer.bytes(1);
    if (first[0] != kIac) continue;  // what a person would read
    const std::string verb = co_await peer.bytes(1);
    if (verb[0] == kSubnegotiation) {
      std::string content;
      while (!content.ends_with(std::string{kIac, kEndOfSubnegotiation})) content += co_await peer.bytes(1);
      if (!content.starts_with(std::string{kStartTls, kFollows})) continue;
      if (!agreed) peer.say(follows());
      co_return UpgradeEnd::ready();
    } else if (verb[0] == kWill || verb[0] == kWont || verb[0] == kDo || verb[0] == kDont) {
      const std::string option = co_await peer.bytes(1);
      if (option[0] != kStartTls) {
        peer.say(refuse(verb[0], option[0]));
      } else if (verb[0] == kDont) {
        co_return UpgradeEnd::not_offered();
      } else if (verb[0] == kDo && !agreed) {
        agreed = true;
        peer.say(follows());
      }
    }
  }
}

}  // namespace sonde
