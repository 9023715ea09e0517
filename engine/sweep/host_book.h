#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include <absl/container/flat_hash_map.h>

#include "engine/probe/probe.h"
#include "engine/probe/record.h"

namespace sonde {

/// What the answers of one host have in common: who answers in its stead shows
/// by a TTL unlike the others, and who answers for every port by SYN-ACKs that
/// no service sends. Used from one thread.
class HostBook {
 public:
  /// Hosts that are remembered; of further ones nothing is told.
  static constexpr size_t kMostHosts = 1 << 20;
  /// With fewer ports nothing can be said of "every port".
  static constexpr uint32_t kFewestProxyPorts = 2;

  /// Takes in an answer whose packet was seen. Returns the TTL of the host's
  /// earlier answers when this one has another.
  std::optional<uint8_t> note(const Observation& seen);

  /// Hosts all of whose answers so far look like those of a SYN proxy or
  /// tarpit: SYN-ACKs with window 0 and without options. By address.
  std::vector<ProxyRecord> proxies() const;

  /// Whether hosts were left out because there were too many.
  bool is_full() const { return full_; }

 private:
  struct Host {
    std::optional<uint8_t> ttl;  // of its first answer
    uint32_t proxy_like = 0;
    bool other = false;  // some answer was not
  };
  struct Key {
    IpAddress address;
    uint32_t scope = 0;
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct Hash {
    size_t operator()(const Key& key) const { return hash_of({key.address, 0, key.scope}); }
  };

  absl::flat_hash_map<Key, Host, Hash> hosts_;
  bool full_ = false;
};

}  // namespace sonde
