#pragma once

#include "net/base/result.h"
#include "tests/lab/service.h"

namespace sonde {

/// A listening, non-blocking socket on the loopback address of a family
/// (AF_INET, AF_INET6) at the service's port; transparent, so that tproxy rules
/// may lead connections for any address to it. The caller closes it. An error
/// names the port and the cause.
Result<int> open_listener(const Service& service, int family);

}  // namespace sonde
