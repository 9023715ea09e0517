#include "engine/target/target_set.h"

namespace sonde {
namespace {

/// Takes numbers and texts in a fixed order, independent of byte order and of
/// the widths of types.
class Digest {
 public:
  void number(uint64_t value) {
    state_ = (state_ ^ value) * 0x9e3779b97f4a7c15u;
    state_ ^= state_ >> 32;
  }
  void address(IpAddress address) {
    number(static_cast<uint64_t>(address.number() >> 64));
    number(static_cast<uint64_t>(address.number()));
  }
  void text(std::string_view text) {
    number(text.size());
    for (const char c : text) number(static_cast<unsigned char>(c));
  }
  uint64_t value() const { return state_; }

 private:
  uint64_t state_ = 0x736f6e6465;
};

}  // namespace

uint64_t TargetSet::digest() const {
  Digest digest;
  digest.number(parts_.ports.size());
  for (const uint16_t port : parts_.ports.ports()) digest.number(port);
  digest.number(parts_.attributes.size());
  for (AttributeId id = 0; id < parts_.attributes.size(); ++id) {
    digest.number(parts_.attributes[id].scope);
    digest.text(parts_.attributes[id].name);
    digest.text(parts_.attributes[id].sni);
  }
  digest.number(parts_.addresses.intervals().size());
  for (const Interval& interval : parts_.addresses.intervals()) {
    digest.address(interval.first);
    digest.address(interval.last);
  }
  digest.number(parts_.hosts.size());
  for (const HostEntry& host : parts_.hosts) {
    digest.address(host.address);
    digest.number(host.attributes);
  }
  digest.number(parts_.pairs.size());
  for (const Pair& pair : parts_.pairs) {
    digest.address(pair.address());
    digest.number(pair.port);
    digest.number(pair.attributes);
  }
  return digest.value();
}

}  // namespace sonde
