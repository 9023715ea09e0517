#include "tls/handshake.h"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <array>

#include "net/base/check.h"
#include "tls/openssl_error.h"

namespace sonde {
namespace {

// Handshake types (RFC 8446 §4, RFC 5246 §7.4).
constexpr uint8_t kServerHello = 2, kCertificate = 11, kCertificateRequest = 13;
constexpr uint8_t kFatal = 2;

bool is_address(const std::string& name) {
  std::array<std::byte, sizeof(in6_addr)> address{};
  return inet_pton(AF_INET, name.c_str(), address.data()) == 1 || inet_pton(AF_INET6, name.c_str(), address.data()) == 1;
}

/// RFC 7301 §3.1: each with its length before it.
std::string alpn_list(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) {
    CHECK(!name.empty() && name.size() <= 255);
    list += static_cast<char>(name.size());
    list += name;
  }
  return list;
}

const char* or_empty(const char* text) { return text != nullptr ? text : ""; }

}  // namespace

void TlsHandshake::Free::operator()(ssl_st* connection) const { SSL_free(connection); }

TlsHandshake::TlsHandshake(const TlsContext& context, const TlsOffer& offer) : connection_(SSL_new(context.get())) {
  CHECK(connection_ != nullptr);
  BIO* const input = BIO_new(BIO_s_mem());
  BIO* const output = BIO_new(BIO_s_mem());
  CHECK(input != nullptr && output != nullptr);
  SSL_set_bio(connection_.get(), input, output);
  SSL_set_connect_state(connection_.get());
  if (!offer.server_name.empty() && !is_address(offer.server_name))
    SSL_set_tlsext_host_name(connection_.get(), offer.server_name.c_str());
  if (const std::string list = alpn_list(offer.alpn); !list.empty())
    SSL_set_alpn_protos(connection_.get(), reinterpret_cast<const unsigned char*>(list.data()),
                        static_cast<unsigned>(list.size()));
  SSL_set_msg_callback(connection_.get(), on_message);
  SSL_set_msg_callback_arg(connection_.get(), this);
}

TlsHandshake::~TlsHandshake() = default;

TlsHandshake::State TlsHandshake::give(std::span<const std::byte> bytes) {
  facts_.heard += bytes.size();
  if (facts_.heard > kMostBytes) return fail(TlsFailure::Cause::too_long, {});
  BIO_write(SSL_get_rbio(connection_.get()), bytes.data(), static_cast<int>(bytes.size()));
  return go_on();
}

TlsHandshake::State TlsHandshake::closed() { return fail(TlsFailure::Cause::closed, {}); }

void TlsHandshake::finish() { SSL_shutdown(connection_.get()); }

std::string TlsHandshake::take_output() {
  BIO* const output = SSL_get_wbio(connection_.get());
  std::string bytes(BIO_ctrl_pending(output), '\0');
  if (!bytes.empty()) BIO_read(output, bytes.data(), static_cast<int>(bytes.size()));
  return bytes;
}

TlsHandshake::State TlsHandshake::go_on() {
  ERR_clear_error();
  const int result = SSL_do_handshake(connection_.get());
  if (facts_.step != TlsStep::client_hello) note_settled();
  if (result == 1) {
    facts_.step = TlsStep::finished;
    return State::done;
  }
  if (SSL_get_error(connection_.get(), result) == SSL_ERROR_WANT_READ) return State::going_on;
  const bool theirs = !facts_.alerts.empty() && facts_.alerts.back().received && facts_.alerts.back().fatal;
  return fail(theirs ? TlsFailure::Cause::alert : TlsFailure::Cause::protocol, take_openssl_error());
}

TlsHandshake::State TlsHandshake::fail(TlsFailure::Cause cause, std::string text) {
  failure_ = TlsFailure{cause, std::move(text)};
  return State::failed;
}

/// What was agreed on so far; OpenSSL tells some of it only at the end.
void TlsHandshake::note_settled() {
  SSL* const connection = connection_.get();
  facts_.version = static_cast<TlsVersion>(SSL_version(connection));
  if (const SSL_CIPHER* const cipher = SSL_get_current_cipher(connection); cipher != nullptr)
    facts_.cipher = or_empty(SSL_CIPHER_standard_name(cipher));
  if (facts_.cipher.empty()) {
    if (const SSL_CIPHER* const pending = SSL_get_pending_cipher(connection); pending != nullptr)
      facts_.cipher = or_empty(SSL_CIPHER_standard_name(pending));
  }
  if (const int group = static_cast<int>(SSL_get_negotiated_group(connection)); group > 0)
    facts_.group = or_empty(SSL_group_to_name(connection, group));
  int signature = 0;
  if (SSL_get_peer_signature_type_nid(connection, &signature) == 1) facts_.signature = or_empty(OBJ_nid2sn(signature));
  const unsigned char* alpn = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(connection, &alpn, &size);
  if (size > 0) facts_.alpn.assign(reinterpret_cast<const char*>(alpn), size);
}

/// OpenSSL shows every message, in clear, before it tries to understand it: so
/// a chain is kept that nobody can parse.
void TlsHandshake::on_message(int sent, int, int type, const void* bytes, size_t size, ssl_st*, void* handshake) {
  auto& self = *static_cast<TlsHandshake*>(handshake);
  const std::span<const std::byte> message(static_cast<const std::byte*>(bytes), size);
  if (type == SSL3_RT_ALERT) self.note_alert(message, sent == 0);
  if (type == SSL3_RT_HANDSHAKE && sent == 0) self.note_message(message);
}

void TlsHandshake::note_message(std::span<const std::byte> message) {
  if (message.empty()) return;
  const auto type = std::to_integer<uint8_t>(message[0]);
  if (type == kServerHello) facts_.step = TlsStep::server_hello;
  if (type != kCertificate && type != kCertificateRequest) return;
  facts_.step = TlsStep::server_flight;
  if (type == kCertificateRequest) facts_.wants_client_certificate = true;
  if (type == kCertificate)
    facts_.chain = read_certificate_message(message, SSL_version(connection_.get()) == TLS1_3_VERSION);
}

void TlsHandshake::note_alert(std::span<const std::byte> alert, bool received) {
  if (alert.size() != 2 || facts_.alerts.size() >= TlsFacts::kMostAlerts) return;
  facts_.alerts.push_back({std::to_integer<uint8_t>(alert[1]), std::to_integer<uint8_t>(alert[0]) == kFatal, received});
}

}  // namespace sonde
