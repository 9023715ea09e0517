/// XMPP, of clients and between servers: RFC 6120 §5.

#include "tls/upgrade/routines.h"

namespace sonde {
namespace {

/// No name is a sentence of XML.
std::string plain_name(const std::string& name) {
  return name.empty() || name.find_first_of("<>&'\"") != std::string::npos ? "localhost" : name;
}

UpgradeRoutine talk(UpgradePeer& peer, const char* content) {
  const std::string name = plain_name(peer.names().server);
  peer.say(std::string("<?xml version='1.0'?><stream:stream xmlns='") + content +
           "' xmlns:stream='http://etherx.jabber.org/streams' to='" + name +
           "' version='1.0'>");
  bool offered = false, told = false;
  while (!told) {
    const std::string tag = co_await peer.tag();
    if (tag.find("<stream:error") != std::string::npos) {
      const std::string condition = co_await peer.tag();
      co_return UpgradeEnd::refused(condition);
    }
    offered = offered || tag.find("<starttls") != std::string::npos;
    told = tag.find("</stream:features") != std::string::npos ||
           (tag.find("<stream:features") != std::string::npos && tag.ends_with("/>"));
    if (!tag.starts_with('<') && tag.find('<') == std::string::npos) co_return UpgradeEnd::unexpected(tag);
  }
  if (!offered) co_return UpgradeEnd::not_offered();
  peer.say("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
  const std::string answer = co_await peer.tag();
  co_return answer.find("<proceed") != std::string::npos ? UpgradeEnd::ready() : UpgradeEnd::refused(answer);
}

}  // namespace

UpgradeRoutine upgrade_xmpp(UpgradePeer& peer) { return talk(peer, "jabber:client"); }
UpgradeRoutine upgrade_xmpp_server(UpgradePeer& peer) { return talk(peer, "jabber:server"); }

}  // namespace sonde
