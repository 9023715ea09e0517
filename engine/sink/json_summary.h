#pragma once

#include <cstddef>
#include <string>

#include "engine/probe/record.h"

namespace sonde {

/// How many hosts that look like SYN proxies a summary line lists; that there
/// were more is in its notes.
inline constexpr size_t kMostProxiesListed = 1000;

/// Appends the line of a sweep's summary, with its line end: the "summary" of
/// schema.json. All of it is ASCII. Measures that are no number are left out.
void append_json_line(std::string& out, const SummaryRecord& summary);

}  // namespace sonde
