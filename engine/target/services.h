#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace sonde {

/// The usual service of a TCP port: its IANA name where there is one
/// ("postgresql" is 5432), else the name that the service goes by. Empty when
/// the table has none. What really listens there is another question. The
/// view lives as long as the program.
std::string_view service_name(uint16_t port);

/// The ports that a service name or an alias ("postgres") stands for,
/// ascending; without regard to case. Empty when the name is not known.
std::vector<uint16_t> service_ports(std::string_view name);

}  // namespace sonde
