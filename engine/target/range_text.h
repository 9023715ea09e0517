#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "engine/target/fault.h"
#include "engine/target/interval_set.h"

namespace sonde {

/// The most separate intervals that one octet range may fall into:
/// "10.*.*.1" has 65,536, "*.*.*.1" too many.
inline constexpr uint64_t kMostIntervalsOfOctets = uint64_t{1} << 20;

/// True when a target's text is meant as addresses and not as a host name:
/// it has a colon or a slash, or consists of digits and "., * -" alone.
bool looks_like_addresses(std::string_view text);

/// Reads an address, a CIDR, a range a-b or an nmap octet range, without
/// brackets, zone or port. Intervals come in ascending order. A range of IPv6
/// does not include the v4-mapped addresses, which are IPv4 here.
Parsed<std::vector<Interval>> parse_ranges(std::string_view text);

}  // namespace sonde
