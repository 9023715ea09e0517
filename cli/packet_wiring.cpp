#include "cli/packet_wiring.h"

#include <algorithm>
#include <random>

namespace sonde {
namespace {

// Enough that the same endpoint, tried again, is a new flow to whatever stands in between.
constexpr uint16_t kSourcePorts = 64;

}  // namespace

CookieKey random_key() {
  std::random_device device;
  const auto word = [&device] { return (uint64_t{device()} << 32) | device(); };
  return {word(), word()};
}

Result<SourcePorts> reserve_ports(const SourceOptions& source) {
  return source.first_port != 0 ? SourcePorts::reserve(source.first_port, source.last_port)
                                : SourcePorts::reserve(kSourcePorts);
}

RouteOptions route_options(const SourceOptions& source, std::span<const Interface> interfaces) {
  RouteOptions options;
  const auto named = std::ranges::find(interfaces, source.interface, &Interface::name);
  if (!source.interface.empty() && named != interfaces.end()) options.interface_index = named->index;
  options.source = source.source_v4 ? source.source_v4 : source.source_v6;
  return options;
}

/// The second --source, when both families have one.
std::optional<IpAddress> other_source(const SourceOptions& source) {
  return source.source_v4 ? source.source_v6 : std::nullopt;
}

}  // namespace sonde
