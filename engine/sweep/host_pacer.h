#pragma once

#include <cstdint>
#include <mutex>
#include <unordered_map>

#include "net/address.h"
#include "net/base/clock.h"

namespace sonde {

/// Keeps the probes to one address apart (--host-rate), over all threads of a
/// sweep. Remembers only addresses whose last reservation still matters: as
/// many as are probed within one interval, plus those that wait. Thread-safe.
class HostPacer {
 public:
  /// `rate` in probes a second to one address; 0 is without limit.
  explicit HostPacer(double rate);

  /// Reserves the next free time for a probe to `address`: `now`, or later.
  /// Who reserves must send then (or let the time pass unused).
  Instant reserve(const IpAddress& address, Instant now);

 private:
  struct AddressHash {
    size_t operator()(const IpAddress& address) const noexcept;
  };
  void forget_past(Instant now);

  const Nanos interval_;
  std::mutex mutex_;
  std::unordered_map<IpAddress, Instant, AddressHash> next_free_;
  size_t clean_at_;
};

}  // namespace sonde
