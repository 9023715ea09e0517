#include "engine/target/attributes.h"

#include <algorithm>
#include <numeric>

namespace sonde {
namespace {

/// Unambiguous, because names hold no line feed.
std::string key_of(const Attributes& attributes) {
  return std::to_string(attributes.scope) + '\n' + attributes.name + '\n' + attributes.sni;
}

/// Heap memory of a string: none while it fits into the object itself.
size_t heap_bytes(const std::string& text) {
  return text.capacity() > std::string().capacity() ? text.capacity() + 1 : 0;
}

}  // namespace

AttributeTable::AttributeTable() { intern({}); }

AttributeId AttributeTable::intern(const Attributes& attributes) {
  const auto [entry, is_new] =
      ids_.try_emplace(key_of(attributes), static_cast<AttributeId>(entries_.size()));
  if (is_new) entries_.push_back(attributes);
  return entry->second;
}

size_t AttributeTable::memory_bytes() const {
  size_t bytes = entries_.capacity() * sizeof(Attributes);
  for (const Attributes& entry : entries_) bytes += heap_bytes(entry.name) + heap_bytes(entry.sni);
  return bytes;
}

std::vector<AttributeId> AttributeTable::settle(const std::vector<bool>& used) {
  std::vector<AttributeId> order(entries_.size());
  std::iota(order.begin(), order.end(), AttributeId{0});
  std::sort(order.begin(), order.end(),
            [&](AttributeId a, AttributeId b) { return entries_[a] < entries_[b]; });
  std::vector<AttributeId> new_ids(entries_.size(), kNoAttributes);
  std::vector<Attributes> kept;
  for (const AttributeId old : order) {
    if (old != kNoAttributes && !used[old]) continue;
    new_ids[old] = static_cast<AttributeId>(kept.size());
    kept.push_back(std::move(entries_[old]));
  }
  kept.shrink_to_fit();
  entries_ = std::move(kept);
  ids_.clear();
  return new_ids;
}

}  // namespace sonde
