#include "tls/upgrade/dialogue.h"

#include <algorithm>

#include "tls/upgrade/upgrade.h"

namespace sonde {
namespace {

/// One line that a terminal may show; what is cut off is told by "…".
std::string printable(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes.substr(0, UpgradeEnd::kMostWords - 3))
    text += byte >= ' ' && byte <= '~' ? byte : '.';
  if (text.size() < bytes.size()) text += "...";
  return text;
}

}  // namespace

UpgradeEnd UpgradeEnd::refused(std::string_view words) { return {Kind::refused, printable(words), Carrier::stream}; }

UpgradeEnd UpgradeEnd::unexpected(std::string_view bytes) {
  return {Kind::unexpected, printable(bytes), Carrier::stream};
}

/// How much of what is left of the input it is; 0: not all is there.
size_t UpgradePeer::Awaited::length() const {
  if (what_ == What::bytes) return peer_.input_.size() - peer_.taken_ >= count_ ? count_ : 0;
  const size_t at = peer_.input_.find(what_ == What::line ? '\n' : '>', std::max(peer_.taken_, peer_.searched_));
  peer_.searched_ = peer_.input_.size();
  return at == std::string::npos ? 0 : at + 1 - peer_.taken_;
}

bool UpgradePeer::Awaited::take() {
  const size_t size = length();
  if (size == 0) return what_ == What::bytes && count_ == 0;
  taken_ = peer_.input_.substr(peer_.taken_, size);
  peer_.taken_ += size;
  peer_.searched_ = 0;
  if (what_ != What::line) return true;
  ++peer_.lines_;
  taken_.pop_back();
  if (taken_.ends_with('\r')) taken_.pop_back();
  return true;
}

UpgradeDialogue::UpgradeDialogue(const Upgrade& upgrade, UpgradeNames names)
    : peer_(std::move(names)), routine_(upgrade.begin(peer_)) {}

std::optional<UpgradeEnd> UpgradeDialogue::start() { return go_on(); }

std::optional<UpgradeEnd> UpgradeDialogue::give(std::span<const std::byte> bytes) {
  heard_ += bytes.size();
  peer_.searched_ -= std::min(peer_.searched_, peer_.taken_);
  peer_.input_.erase(0, std::exchange(peer_.taken_, 0));
  peer_.input_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (peer_.awaited_ != nullptr && peer_.awaited_->take()) return go_on();
  if (heard_ > kMostBytes || peer_.lines_ > kMostLines) return UpgradeEnd{UpgradeEnd::Kind::too_long, {}, {}};
  return std::nullopt;
}

/// Until it awaits what is not there yet.
std::optional<UpgradeEnd> UpgradeDialogue::go_on() {
  do {
    peer_.awaited_ = nullptr;
    routine_.resume();
    if (routine_.end()) {
      UpgradeEnd end = *routine_.end();
      if (end.kind == UpgradeEnd::Kind::ready && !peer_.rest().empty())
        end = {UpgradeEnd::Kind::leftover, printable(peer_.rest()), {}};
      return end;
    }
    if (heard_ > kMostBytes || peer_.lines_ > kMostLines) return UpgradeEnd{UpgradeEnd::Kind::too_long, {}, {}};
  } while (peer_.awaited_ != nullptr && peer_.awaited_->take());
  return std::nullopt;
}

UpgradeEnd UpgradeDialogue::closed() const { return {UpgradeEnd::Kind::closed, printable(peer_.rest()), {}}; }

}  // namespace sonde
