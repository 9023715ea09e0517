#pragma once

#include <cstdint>
#include <string>

#include "engine/probe/record.h"

namespace sonde {

// How single facts are written, the same in every format. Each appends to
// `out`, so that a line is built without a string for each of its fields.

/// RFC 3339 in UTC with microseconds: "2026-01-02T03:04:05.678901Z" (cut, not
/// rounded: a record never comes from the future).
void append_time(std::string& out, WallTime time);

/// A decimal number.
void append_number(std::string& out, uint64_t number);

/// A duration in microseconds with the decimals it has, at most three: "183.4".
/// Negative ones (a clock that ran backwards) are 0.
void append_microseconds(std::string& out, Nanos duration);

/// An address, as IpAddress::to_string() tells it.
void append_address(std::string& out, const IpAddress& address);

/// The name of an errno ("EMFILE"), or its number when it has none ("errno 999").
void append_errno_name(std::string& out, int error);

}  // namespace sonde
