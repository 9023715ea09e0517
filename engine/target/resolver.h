#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "net/address.h"
#include "net/base/result.h"

namespace sonde {

/// Host names to addresses. An interface, so that tests need no network.
class Resolver {
 public:
  using Addresses = std::vector<IpAddress>;

  virtual ~Resolver() = default;
  /// All addresses (A and AAAA) of each name, ascending, each once; answers in
  /// the order of the names. A name without an address is an error that names
  /// it and the cause. Blocks until every name has its answer.
  virtual std::vector<Result<Addresses>> resolve_all(std::span<const std::string> names) = 0;
};

struct ResolverOptions {
  /// DNS servers as "127.0.0.1:5353,[::1]:53"; empty for the system's own
  /// (/etc/resolv.conf).
  std::string servers;
  int timeout_ms = 2000;        ///< wait for the first try; c-ares doubles it with each further round
  int tries = 3;                ///< tries per server before the name has failed
  size_t most_in_flight = 256;  ///< names asked for at the same time
};

/// Resolves by c-ares: /etc/hosts first, then DNS, many names at a time, in
/// the calling thread. Objects are independent of one another; one object is
/// for one thread at a time.
class DnsResolver final : public Resolver {
 public:
  explicit DnsResolver(ResolverOptions options = {}) : options_(std::move(options)) {}
  std::vector<Result<Addresses>> resolve_all(std::span<const std::string> names) override;

 private:
  ResolverOptions options_;
};

}  // namespace sonde
