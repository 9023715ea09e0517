#pragma once

#include <cstdint>
#include <string_view>

#include "net/base/clock.h"
#include "net/base/result.h"
#include "net/tcp_socket.h"

namespace sonde {

/// Values as people write them on a command line. Errors name the value and
/// what was expected, without the option's name.

/// "1s", "500ms", "2m", "1h", "1.5" (seconds); more than zero and at most an hour.
Result<Nanos> parse_duration(std::string_view text);
/// "0" (without limit), "10000", "10k", "2.5M": probes a second, at least 0.001.
Result<double> parse_rate(std::string_view text);
/// "99.9%" or "0.999": more than 0, less than 1 (100 % can never be proved).
Result<double> parse_share(std::string_view text);
/// "40000" or "40000-40999".
Result<void> parse_source_ports(std::string_view text, SourceOptions& source);

}  // namespace sonde
