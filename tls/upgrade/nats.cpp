/// NATS: the client protocol's INFO says whether TLS follows; the client begins at once.

#include <nlohmann/json.hpp>

#include "tls/upgrade/routines.h"

namespace sonde {

UpgradeRoutine upgrade_nats(UpgradePeer& peer) {
  const std::string line = co_await peer.line();
  if (line.starts_with("-ERR")) co_return UpgradeEnd::refused(line);
  if (!line.starts_with("INFO ")) co_return UpgradeEnd::unexpected(line);
  const auto info = nlohmann::json::parse(line.substr(5), nullptr, false);
  if (!info.is_object()) co_return UpgradeEnd::unexpected(line);
  const auto says = [&info](const char* key) { return info.contains(key) && info[key] == true; };
  co_return says("tls_required") || says("tls_available") ? UpgradeEnd::ready() : UpgradeEnd::not_offered();
}

}  // namespace sonde
