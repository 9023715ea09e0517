#pragma once

#include <string>
#include <string_view>

#include "engine/target/fault.h"

namespace sonde {

/// Reads a host name (RFC 1123, and underscores, which DNS has): letters,
/// digits, "-" and "_" in labels of 1 to 63, at most 253 in all; a dot may end
/// it. Gives it in lower case. A name whose last label is all digits is a
/// mistyped address ("10.0.0.300") and refused.
Parsed<std::string> parse_host_name(std::string_view text);

}  // namespace sonde
