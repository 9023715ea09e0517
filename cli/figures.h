#pragma once

#include <cstdint>
#include <string>

#include "net/address.h"
#include "net/base/clock.h"

namespace sonde {

/// Numbers as a reader likes them; for reports, never for machines.

/// "1,234,567".
std::string grouped(U128 number);
/// A rate or an average: grouped and whole from 10 on, two digits below ("0.15").
std::string measured(double number);
/// "512 B", "200 KiB", "3.1 GiB".
std::string in_bytes(uint64_t bytes);
/// "under 1 s", "82 s", "4 min 10 s", "2 h 5 min", "3 d 4 h"; rounded to what is shown.
std::string in_time(double seconds);
/// "3 s", "250 ms": a setting, as short as it is exact to the millisecond.
std::string in_short_time(Nanos time);
/// "1 address", "2 addresses": the number with its noun.
std::string counted(U128 number, const std::string& one, const std::string& many);

}  // namespace sonde
