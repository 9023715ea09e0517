#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace sonde {

/// The server's certificate chain as it was sent, before anybody tries to make sense of it.
struct SentChain {
  std::vector<std::string> certificates;  ///< DER, or what was sent in its place; the server's own first
  std::optional<std::string> ocsp_staple;  ///< of the server's own certificate; DER
  friend bool operator==(const SentChain&, const SentChain&) = default;

  static constexpr size_t kMostCertificates = 1000;
};

/// Reads a handshake message of type certificate (11) with its header of four
/// bytes: RFC 8446 §4.4.2 when `tls13`, otherwise RFC 5246 §7.4.2. nullopt: its
/// lengths do not add up, or it has more than kMostCertificates. Pure; foreign bytes are expected.
std::optional<SentChain> read_certificate_message(std::span<const std::byte> message, bool tls13);

}  // namespace sonde
