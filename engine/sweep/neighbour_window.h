#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <span>
#include <unordered_map>

#include "net/address.h"
#include "net/base/clock.h"

namespace sonde {

/// The addresses of one family that are in use: those taken lately, until their
/// time is over, and those that the kernel was last seen to hold. All steps are
/// O(1) amortised but for a census, which is O(size). Not thread-safe.
///
/// Memory: one entry for each address, at most `most` (and one more, see add).
class NeighbourWindow {
 public:
  /// `most` is at least 1; `hold` is how long a taken address is in use.
  NeighbourWindow(size_t most, Nanos hold);

  /// Takes an address that is in use already, which extends its time from `now`
  /// on; false when it is not in use.
  bool refresh(const IpAddress& address, Instant now);
  /// Takes an address that is not in use. Precondition: has_room().
  void add(const IpAddress& address, Instant now);
  /// Fewer than `most` are in use. Also when the kernel holds that many but none
  /// is ours: a sweep goes on, if slowly, whatever neighbours others have.
  bool has_room() const { return taken_.empty() || entries_.size() < most_; }

  /// Drops the addresses whose time is over.
  void expire(Instant now);
  /// Takes over what the kernel holds now: an address that it holds is in use
  /// until the next census, one that it does not hold is dropped when its time
  /// is over. At most `most` are noted.
  void census(std::span<const IpAddress> held, Instant now);

  /// When the time of the next address is over; nullopt without any.
  std::optional<Instant> next_expiry() const;
  /// Whether some are in use because the kernel holds them.
  bool holds_any() const { return !held_.empty(); }
  size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    IpAddress address;
    Instant expires;    // Instant::min(): in the list held_
    uint64_t seen = 0;  // in which census it was last held
  };
  struct Hash {
    size_t operator()(const IpAddress& address) const noexcept;
  };
  using Entries = std::list<Entry>;
  void drop_front();
  void keep_or_drop_expired(Instant now);

  const size_t most_;
  const Nanos hold_;
  Entries taken_;  // by expiry
  Entries held_;
  uint64_t censuses_ = 0;
  std::unordered_map<IpAddress, Entries::iterator, Hash> entries_;
};

}  // namespace sonde
