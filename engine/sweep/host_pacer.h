#pragma once

#include <cstdint>
#include <mutex>
#include <unordered_map>

#include "net/address.h"
#include "net/base/clock.h"

namespace sonde {

/// Keeps the probes to one address apart (--host-rate), over all threads of a
/// sweep. Remembers only addresses that still matter: as many as are probed
/// within one interval, plus those that wait. Thread-safe.
class HostPacer {
 public:
  /// `rate` in probes a second to one address; 0 is without limit.
  explicit HostPacer(double rate);

  /// `now` when a probe to `address` may start: it then counts as sent.
  /// Otherwise a later time at which to ask again; who waits for it is not
  /// counted as sent, so that lateness never adds up to a burst. Those times
  /// are spread, one interval apart. A probe may be up to a tenth of an interval
  /// early after a late one, so that lateness does not make the rate lower.
  Instant take(const IpAddress& address, Instant now);

 private:
  struct AddressHash {
    size_t operator()(const IpAddress& address) const noexcept;
  };
  struct Entry {
    Instant next;  // by the rate, after what was sent
    Instant last_planned;
  };
  void forget_past(Instant now);

  const Nanos interval_;
  std::mutex mutex_;
  std::unordered_map<IpAddress, Entry, AddressHash> entries_;
  size_t clean_at_;
};

}  // namespace sonde
