#pragma once

#include <optional>
#include <span>

#include "cli/scan_options.h"
#include "net/interfaces.h"
#include "net/packet/syn_packet.h"
#include "net/route.h"
#include "net/source_ports.h"

namespace sonde {

// What the engines that make packets of their own have in common.

/// A key for the cookies of one run.
CookieKey random_key();
/// The source ports asked for, or some; reserved, so that no local socket gets them.
Result<SourcePorts> reserve_ports(const SourceOptions& source);
/// The interface and the source address asked for.
RouteOptions route_options(const SourceOptions& source, std::span<const Interface> interfaces);
/// The second --source, when both families have one.
std::optional<IpAddress> other_source(const SourceOptions& source);

}  // namespace sonde
