#include "engine/target/pair_list.h"

namespace sonde {

bool operator<(const Pair& a, const Pair& b) {
  if (a.address_high != b.address_high) return a.address_high < b.address_high;
  if (a.address_low != b.address_low) return a.address_low < b.address_low;
  if (a.port != b.port) return a.port < b.port;
  return a.attributes < b.attributes;
}

bool operator==(const Pair& a, const Pair& b) { return a.same_place(b) && a.attributes == b.attributes; }

}  // namespace sonde
