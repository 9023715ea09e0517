#pragma once

#include <cstdint>
#include <vector>

#include "engine/target/attributes.h"
#include "net/address.h"

namespace sonde {

/// An exact endpoint with its attributes, 22 bytes.
struct [[gnu::packed]] Pair {
  uint64_t address_high = 0;
  uint64_t address_low = 0;
  uint16_t port = 0;
  AttributeId attributes = kNoAttributes;

  Pair() = default;
  Pair(IpAddress address, uint16_t port_number, AttributeId id)
      : address_high(static_cast<uint64_t>(address.number() >> 64)),
        address_low(static_cast<uint64_t>(address.number())),
        port(port_number),
        attributes(id) {}
  IpAddress address() const { return IpAddress::from_number(U128{address_high} << 64 | address_low); }
  bool same_place(const Pair& other) const {
    return address_low == other.address_low && port == other.port && address_high == other.address_high;
  }
};
static_assert(sizeof(Pair) == 22);

/// By address, port, attributes.
bool operator<(const Pair& a, const Pair& b);
bool operator==(const Pair& a, const Pair& b);

/// Exact endpoints. The memory is 22 bytes for each.
using PairList = std::vector<Pair>;

}  // namespace sonde
