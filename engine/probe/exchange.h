#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sonde {

/// What to send to a service that waits for the client to speak first, by port:
/// one harmless line that every version answers. Empty: listen only.
std::string_view opening_line(uint16_t port);

/// The service that the first bytes of a conversation show ("ssh", "smtp",
/// "redis", "tls" …), or empty when they show none. Pure; foreign bytes.
std::string_view service_of_banner(std::string_view bytes);

}  // namespace sonde
