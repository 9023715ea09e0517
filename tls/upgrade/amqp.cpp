/// AMQP 1.0 §5.2.1. AMQP 0-9-1 has no upgrade: its brokers answer with their own header.

#include "tls/upgrade/routines.h"

namespace sonde {

UpgradeRoutine upgrade_amqp(UpgradePeer& peer) {
  const std::string header("AMQP\x02\x01\x00\x00", 8);
  peer.say(header);
  const std::string answer = co_await peer.bytes(8);
  if (answer == header) co_return UpgradeEnd::ready();
  co_return answer.starts_with("AMQP") ? UpgradeEnd::not_offered() : UpgradeEnd::unexpected(answer);
}

}  // namespace sonde
