#pragma once

#include <string_view>
#include <vector>

#include "engine/target/fault.h"
#include "engine/target/interval_set.h"

namespace sonde {

/// Reads nmap's octet ranges: four octets, each a comma list of numbers,
/// ranges with or without ends, and *: "10.0.0-3.1-254", "10.0,1.3-7.*".
Parsed<std::vector<Interval>> parse_octet_range(std::string_view text);

}  // namespace sonde
