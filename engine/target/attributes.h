#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace sonde {

/// What belongs to a target beside address and port. `scope` is the interface
/// index of a link-local IPv6 address, 0 when there is none.
struct Attributes {
  uint32_t scope = 0;
  std::string name;  ///< host name or label
  std::string sni;   ///< TLS server name
  friend auto operator<=>(const Attributes&, const Attributes&) = default;
};

/// A place in an AttributeTable.
using AttributeId = uint32_t;
/// Always there: no scope, no name, no server name.
inline constexpr AttributeId kNoAttributes = 0;

/// Attributes, each kept once. Not for several threads while it grows.
class AttributeTable {
 public:
  AttributeTable();

  /// The id of attributes; entered when they are new. At most 2^32 − 1 entries.
  AttributeId intern(const Attributes& attributes);
  /// Precondition: id < size(). The reference holds until the next intern().
  const Attributes& operator[](AttributeId id) const { return entries_[id]; }
  size_t size() const { return entries_.size(); }
  size_t memory_bytes() const;

  /// Sorts the table, drops entries that `used` does not mark, and forgets how
  /// to intern. Returns the new id for each old one (0 for those dropped).
  std::vector<AttributeId> settle(const std::vector<bool>& used);

 private:
  std::vector<Attributes> entries_;
  std::unordered_map<std::string, AttributeId> ids_;
};

}  // namespace sonde
