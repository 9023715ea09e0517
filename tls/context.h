#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "net/base/result.h"

struct ssl_ctx_st;

namespace sonde {

/// By their numbers on the wire (RFC 8446 §4.1.2).
enum class TlsVersion : uint16_t { tls1_0 = 0x0301, tls1_1 = 0x0302, tls1_2 = 0x0303, tls1_3 = 0x0304 };

/// What a run's handshakes have in common.
struct TlsContextOptions {
  TlsVersion least = TlsVersion::tls1_2;  ///< below 1.2 also ciphers and keys are offered that are safe for nothing
  TlsVersion most = TlsVersion::tls1_3;
  std::string client_certificate = {};  ///< a PEM file, own certificate first; empty: none is shown
  std::string client_key = {};          ///< a PEM file; empty: it is in the same one
};

/// The same for all handshakes, and not changed by any: shared by all threads.
/// Nothing is verified here: what a server shows is taken as it comes, and judged afterwards.
class TlsContext {
 public:
  /// Error: a file that cannot be read or used, and why.
  static Result<std::shared_ptr<const TlsContext>> make(const TlsContextOptions& options);

  ssl_ctx_st* get() const { return context_.get(); }

 private:
  struct Free {
    void operator()(ssl_ctx_st* context) const;
  };
  using Pointer = std::unique_ptr<ssl_ctx_st, Free>;

  explicit TlsContext(Pointer context) : context_(std::move(context)) {}

  Pointer context_;
};

}  // namespace sonde
