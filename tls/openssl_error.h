#pragma once

#include <string>

namespace sonde {

/// What OpenSSL last complained of on this thread, in its words ("certificate
/// verify failed"); its queue is empty afterwards. Empty when there was nothing.
std::string take_openssl_error();

}  // namespace sonde
