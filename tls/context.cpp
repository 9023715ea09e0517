#include "tls/context.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <utility>

#include "tls/openssl_error.h"

namespace sonde {
namespace {

// A chain with 10,000 names has some 250 KiB.
constexpr long kLargestCertificateList = 1 << 20;

/// Below 1.2 there is nothing that OpenSSL's default level takes for safe (SSL_CTX_set_security_level(3)).
void allow_old_versions(SSL_CTX* context) {
  SSL_CTX_set_security_level(context, 0);
  SSL_CTX_set_cipher_list(context, "ALL:COMPLEMENTOFDEFAULT");
  SSL_CTX_set_options(context, SSL_OP_LEGACY_SERVER_CONNECT);
}

tl::unexpected<Error> file_error(const std::string& file, const std::string& what) {
  return usage_error(file + ": " + what + " (" + take_openssl_error() + "): expected PEM");
}

Result<void> use_client_certificate(SSL_CTX* context, const TlsContextOptions& options) {
  if (options.client_certificate.empty()) return {};
  const std::string& key = options.client_key.empty() ? options.client_certificate : options.client_key;
  if (SSL_CTX_use_certificate_chain_file(context, options.client_certificate.c_str()) != 1)
    return file_error(options.client_certificate, "no certificate can be read from it");
  if (SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) != 1)
    return file_error(key, "no private key can be read from it that fits the certificate");
  return {};
}

}  // namespace

void TlsContext::Free::operator()(ssl_ctx_st* context) const { SSL_CTX_free(context); }

Result<std::shared_ptr<const TlsContext>> TlsContext::make(const TlsContextOptions& options) {
  Pointer context(SSL_CTX_new(TLS_client_method()));
  if (!context) return impossible_error("OpenSSL cannot be set up (" + take_openssl_error() + ")");
  SSL_CTX_set_min_proto_version(context.get(), static_cast<int>(options.least));
  SSL_CTX_set_max_proto_version(context.get(), static_cast<int>(options.most));
  if (options.least < TlsVersion::tls1_2) allow_old_versions(context.get());
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
  SSL_CTX_set_max_cert_list(context.get(), kLargestCertificateList);
  SSL_CTX_set_tlsext_status_type(context.get(), TLSEXT_STATUSTYPE_ocsp);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  if (Result<void> used = use_client_certificate(context.get(), options); !used) return tl::unexpected(used.error());
  return std::shared_ptr<const TlsContext>(new TlsContext(std::move(context)));
}

}  // namespace sonde
