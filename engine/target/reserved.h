#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "engine/target/interval_set.h"

namespace sonde {

/// A range with a special meaning in the IANA special-purpose address
/// registries, or a multicast range.
struct SpecialRange {
  Interval range;
  std::string_view what;  ///< "multicast (RFC 5771)": what it is, and which document says so
};

/// Ranges in which no address is one host's: never probed, with no way to ask
/// for it. Disjoint.
std::span<const SpecialRange> never_probed();

/// Ranges that may be probed without --allow-public, because packets to them
/// do not reach a stranger: private, loopback, link-local, shared (carrier
/// NAT), benchmarking, and documentation, which laboratories use and nobody
/// on the Internet owns.
std::span<const SpecialRange> free_to_probe();

/// The first part of a set that lies outside free_to_probe(): nullopt when no
/// permission is needed.
std::optional<Interval> needs_permission(const IntervalSet& addresses);

/// The same as one set, for many look-ups.
IntervalSet free_to_probe_set();

}  // namespace sonde
