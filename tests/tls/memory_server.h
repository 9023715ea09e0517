#pragma once

#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <cstring>
#include <memory>
#include <span>
#include <string>

namespace sonde {

/// OpenSSL's server in memory, with a certificate of its own making.
class MemoryServer {
 public:
  struct Options {
    int least = TLS1_2_VERSION, most = TLS1_3_VERSION;
    std::string alpn = {};  ///< that it chooses; empty: none
    bool wants_client_certificate = false;
  };

  explicit MemoryServer(Options options) : options_(std::move(options)) {
    make_certificate();
    context_.reset(SSL_CTX_new(TLS_server_method()));
    SSL_CTX_set_min_proto_version(context_.get(), options_.least);
    SSL_CTX_set_max_proto_version(context_.get(), options_.most);
    EXPECT_EQ(SSL_CTX_use_certificate(context_.get(), certificate_.get()), 1);
    EXPECT_EQ(SSL_CTX_use_PrivateKey(context_.get(), key_.get()), 1);
    SSL_CTX_set_alpn_select_cb(context_.get(), choose_alpn, this);
    if (options_.wants_client_certificate)
      SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, [](int, X509_STORE_CTX*) { return 1; });
    connection_.reset(SSL_new(context_.get()));
    SSL_set_bio(connection_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_accept_state(connection_.get());
  }

  /// Takes what the client says; what the server answers.
  std::string answer(const std::string& said) {
    BIO_write(SSL_get_rbio(connection_.get()), said.data(), static_cast<int>(said.size()));
    SSL_do_handshake(connection_.get());
    std::string answer(BIO_ctrl_pending(SSL_get_wbio(connection_.get())), '\0');
    if (!answer.empty()) BIO_read(SSL_get_wbio(connection_.get()), answer.data(), static_cast<int>(answer.size()));
    return answer;
  }

  /// Its certificate, DER.
  std::string certificate() const {
    unsigned char* bytes = nullptr;
    const int size = i2d_X509(certificate_.get(), &bytes);
    const std::string der(reinterpret_cast<char*>(bytes), static_cast<size_t>(size));
    OPENSSL_free(bytes);
    return der;
  }
  /// The name that the client asked for.
  std::string asked_for() const {
    const char* const name = SSL_get_servername(connection_.get(), TLSEXT_NAMETYPE_host_name);
    return name != nullptr ? name : "";
  }

 private:
  struct Free {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
    void operator()(SSL* connection) const { SSL_free(connection); }
    void operator()(X509* certificate) const { X509_free(certificate); }
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  };

  static int choose_alpn(SSL*, const unsigned char** chosen, unsigned char* size, const unsigned char*, unsigned,
                         void* server) {
    const std::string& alpn = static_cast<MemoryServer*>(server)->options_.alpn;
    if (alpn.empty()) return SSL_TLSEXT_ERR_NOACK;
    *chosen = reinterpret_cast<const unsigned char*>(alpn.data());
    *size = static_cast<unsigned char>(alpn.size());
    return SSL_TLSEXT_ERR_OK;
  }

  void make_certificate() {
    key_.reset(EVP_EC_gen("P-256"));
    certificate_.reset(X509_new());
    X509_NAME* const name = X509_get_subject_name(certificate_.get());
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("server.example"), -1, -1, 0);
    X509_set_issuer_name(certificate_.get(), name);
    X509_gmtime_adj(X509_getm_notBefore(certificate_.get()), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate_.get()), 3600);
    X509_set_pubkey(certificate_.get(), key_.get());
    EXPECT_GT(X509_sign(certificate_.get(), key_.get(), EVP_sha256()), 0);
  }

  Options options_;
  std::unique_ptr<EVP_PKEY, Free> key_;
  std::unique_ptr<X509, Free> certificate_;
  std::unique_ptr<SSL_CTX, Free> context_;
  std::unique_ptr<SSL, Free> connection_;
};

}  // namespace sonde
