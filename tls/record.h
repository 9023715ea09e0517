#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace sonde {

/// What the first TLS record of a byte stream is (RFC 8446 §5.1, the same since
/// SSL 3.0): enough to tell that a peer speaks TLS, and what it objects to.
struct TlsRecord {
  enum class Type : uint8_t { change_cipher_spec = 20, alert = 21, handshake = 22, application_data = 23 };
  Type type = Type::alert;
  uint16_t version = 0;                      ///< legacy_record_version: 0x0301 … 0x0304
  uint16_t length = 0;                       ///< of the fragment, in bytes
  std::optional<uint8_t> alert_description;  ///< with a whole alert (RFC 8446 §6)
};

/// Reads the record at the start of `bytes`; nullopt when these are not the
/// first bytes of a TLS record. Pure; foreign bytes are expected.
std::optional<TlsRecord> parse_tls_record(std::span<const std::byte> bytes);

}  // namespace sonde
