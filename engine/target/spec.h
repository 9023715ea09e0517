#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/target/interval_set.h"
#include "net/base/result.h"

namespace sonde {

/// The interface index of a zone ("eth0" of fe80::1%eth0), 0 when there is none.
using ZoneLookup = std::function<uint32_t(const std::string& zone)>;
/// if_nametoindex(3).
uint32_t system_zone_index(const std::string& zone);

/// The longest line of targets that is read, in bytes.
inline constexpr size_t kLongestTargetLine = size_t{64} << 10;
/// The most separate runs of addresses that the octet ranges of one line may
/// fall into.
inline constexpr size_t kMostIntervalsOfLine = size_t{1} << 20;
/// The longest label, in bytes.
inline constexpr size_t kLongestLabelText = 255;

/// Where a line comes from, for errors.
struct LineOrigin {
  std::string_view file;  ///< empty: a command line argument, which is `text`
  uint64_t line = 0;      ///< from 1, in a file
  std::string_view text;  ///< the argument
  /// "targets.txt:3:7: " or `argument "10.0.0.300":1: `; column counts bytes from 1.
  std::string prefix(size_t column) const;
};

/// One target as written: addresses (`ranges`), or a host name (`name`).
struct TargetSpec {
  std::vector<Interval> ranges;
  std::string name;    ///< in lower case
  uint16_t port = 0;   ///< of an exact pair; 0 when none is given
  uint32_t scope = 0;  ///< interface index of the zone; 0 when none is given
  std::string label;   ///< label=TEXT
  std::string sni;     ///< sni=NAME, in lower case, without a dot at its end
  size_t column = 1;   ///< where it begins in its line, in bytes from 1
};

/// Reads one line of targets:
///   TARGET [label=TEXT] [sni=NAME]  TARGET …  # comment
/// A TARGET is an address, a CIDR (host bits are masked off), a range a-b, an
/// nmap octet range (10.0.0-3.1-254, with lists and *), a host name, or any of
/// these with a port: 10.0.0.0/28:6379, [2001:db8::/124]:443. One link-local
/// IPv6 address can have a zone, fe80::1%eth0 or %3. White space separates; a
/// carriage return counts as such. The specs go to the end of `specs`. An
/// error says where, what was found and what was expected. Thread-safe when
/// zone_index is.
Result<void> parse_target_line(std::string_view line, const LineOrigin& origin, const ZoneLookup& zone_index,
                               std::vector<TargetSpec>& specs);

}  // namespace sonde
