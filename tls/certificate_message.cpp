#include "tls/certificate_message.h"

#include <cstdint>

namespace sonde {
namespace {

constexpr uint32_t kCertificate = 11;
constexpr uint32_t kStatusRequest = 5, kOcsp = 1;

/// Takes numbers and vectors off the front; once something does not fit, nothing does.
class Cursor {
 public:
  explicit Cursor(std::span<const std::byte> bytes) : rest_(bytes) {}

  bool at_end() const { return rest_.empty(); }
  bool failed() const { return failed_; }

  uint32_t number(size_t size) {
    uint32_t value = 0;
    for (const std::byte byte : take(size)) value = value << 8 | std::to_integer<uint32_t>(byte);
    return value;
  }
  std::span<const std::byte> take(size_t size) {
    if (failed_ || size > rest_.size()) {
      failed_ = true;
      return {};
    }
    const auto taken = rest_.first(size);
    rest_ = rest_.subspan(size);
    return taken;
  }
  /// What has its length before it, in so many bytes.
  std::span<const std::byte> vector(size_t length_size) { return take(number(length_size)); }

 private:
  std::span<const std::byte> rest_;
  bool failed_ = false;
};

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// The OCSP response among a certificate's extensions (RFC 8446 §4.4.2.1).
std::optional<std::string> staple_among(std::span<const std::byte> extensions, bool& fits) {
  std::optional<std::string> staple;
  Cursor cursor(extensions);
  while (!cursor.at_end() && !cursor.failed()) {
    const uint32_t type = cursor.number(2);
    Cursor content(cursor.vector(2));
    if (type != kStatusRequest || cursor.failed()) continue;
    if (content.number(1) == kOcsp) staple = text_of(content.vector(3));
    fits = fits && !content.failed();
  }
  fits = fits && !cursor.failed();
  return staple;
}

}  // namespace

std::optional<SentChain> read_certificate_message(std::span<const std::byte> message, bool tls13) {
  Cursor header(message);
  const uint32_t type = header.number(1);
  Cursor cursor(header.vector(3));
  if (type != kCertificate || header.failed() || !header.at_end()) return std::nullopt;
  if (tls13) cursor.vector(1);  // the request context: empty from servers
  Cursor list(cursor.vector(3));
  if (cursor.failed() || !cursor.at_end()) return std::nullopt;
  SentChain chain;
  bool fits = true;
  while (!list.at_end() && !list.failed()) {
    if (chain.certificates.size() == SentChain::kMostCertificates) return std::nullopt;
    chain.certificates.push_back(text_of(list.vector(3)));
    if (!tls13) continue;
    const auto staple = staple_among(list.vector(2), fits);
    if (chain.certificates.size() == 1) chain.ocsp_staple = staple;
  }
  return fits && !list.failed() ? std::optional(std::move(chain)) : std::nullopt;
}

}  // namespace sonde
