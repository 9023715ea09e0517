#pragma once

#include <optional>
#include <string_view>

#include "net/address.h"

namespace sonde {

/// The short way for the bulk of long files: the endpoint when a line is
/// exactly "a.b.c.d:port" (a carriage return may follow), else nullopt, which
/// says nothing about the line.
std::optional<Endpoint> parse_plain_pair(std::string_view line);

}  // namespace sonde
