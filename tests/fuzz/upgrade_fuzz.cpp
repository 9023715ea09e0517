// Foreign bytes: what a server says before TLS. The first byte chooses the
// upgrade, the second how long the pieces are in which the rest comes.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "tls/upgrade/upgrade.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using sonde::UpgradeEnd;
  if (size < 2) return 0;
  const auto upgrades = sonde::all_upgrades();
  const size_t piece = data[1] == 0 ? size : data[1];
  const auto said = std::as_bytes(std::span(data, size)).subspan(2);
  sonde::UpgradeDialogue dialogue(upgrades[data[0] % upgrades.size()], {"db.example", "probe.example"});
  std::optional<UpgradeEnd> end = dialogue.start();
  size_t at = 0, sent = dialogue.take_output().size();
  for (; at < said.size() && !end; at += piece) {
    end = dialogue.give(said.subspan(at, std::min(piece, said.size() - at)));
    sent += dialogue.take_output().size();
  }
  if (!end) end = dialogue.closed();
  // No server makes us say much more than it says itself.
  if (end->words.size() > UpgradeEnd::kMostWords || sent > 1024 + 4 * said.size()) std::abort();
  const bool told = std::ranges::all_of(end->words, [](char byte) { return byte >= ' ' && byte <= '~'; });
  if (!told) std::abort();
  return 0;
}
