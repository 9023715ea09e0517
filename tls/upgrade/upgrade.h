#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "tls/upgrade/dialogue.h"

namespace sonde {

/// A protocol that goes over to TLS within its connection.
struct Upgrade {
  std::string_view name;  ///< as users write it: "smtp"
  UpgradeRoutine (*begin)(UpgradePeer& peer);
  std::span<const uint16_t> ports;  ///< where it is spoken by convention
};

/// All of them. Valid for ever.
std::span<const Upgrade> all_upgrades();
/// nullptr: there is none of that name.
const Upgrade* find_upgrade(std::string_view name);
/// The one that is spoken on a port by convention; nullptr: none is.
const Upgrade* upgrade_of_port(uint16_t port);
/// The one whose server speaks first, and has said this; nullptr: it tells nothing.
const Upgrade* upgrade_of_greeting(std::string_view said);

}  // namespace sonde
