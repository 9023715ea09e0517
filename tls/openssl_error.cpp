#include "tls/openssl_error.h"

#include <openssl/err.h>

namespace sonde {

std::string take_openssl_error() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* const reason = code != 0 ? ERR_reason_error_string(code) : nullptr;
  return reason != nullptr ? reason : "";
}

}  // namespace sonde
