#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tls/certificate_message.h"
#include "tls/context.h"

struct ssl_st;

namespace sonde {

/// What one handshake asks for.
struct TlsOffer {
  std::string server_name;        ///< SNI (RFC 6066 §3); empty: none. An IP address is never sent
  std::vector<std::string> alpn;  ///< RFC 7301; none: the extension is left out
};

/// An alert, of either side (RFC 8446 §6).
struct TlsAlert {
  uint8_t description = 0;
  bool fatal = false;
  bool received = false;  ///< otherwise it is ours
  friend bool operator==(const TlsAlert&, const TlsAlert&) = default;
};

/// How far a handshake came.
enum class TlsStep : uint8_t {
  client_hello,   ///< ours is sent, and nothing came
  server_hello,   ///< version and cipher are settled
  server_flight,  ///< certificate, keys and proof
  finished,       ///< both sides have proved that they saw the same
};

/// What a handshake brought to light, complete or not.
struct TlsFacts {
  TlsStep step = TlsStep::client_hello;
  std::optional<TlsVersion> version;
  std::string cipher;     ///< IANA's name: "TLS_AES_128_GCM_SHA256"
  std::string group;      ///< of the key exchange: "x25519"
  std::string signature;  ///< the server's proof: "rsa_pss_rsae_sha256"
  std::string alpn;       ///< what the server chose
  std::optional<SentChain> chain;  ///< nothing was sent, or nothing that can be taken apart
  std::vector<TlsAlert> alerts;    ///< at most kMostAlerts
  bool wants_client_certificate = false;
  uint64_t heard = 0;  ///< bytes

  static constexpr size_t kMostAlerts = 8;
};

/// Why a handshake failed.
struct TlsFailure {
  enum class Cause : uint8_t {
    alert,      ///< the server's: the last of TlsFacts::alerts
    protocol,   ///< what came is not TLS, or breaks its rules
    closed,     ///< the server ended the connection
    too_long,   ///< more came than TlsHandshake::kMostBytes
  };
  Cause cause = Cause::protocol;
  std::string text;  ///< OpenSSL's words; may be empty
};

/// A client's handshake, without its connection: bytes in, bytes out. It believes
/// every certificate. One thread.
class TlsHandshake {
 public:
  /// A flight with a chain of 10,000 names fits; more is not listened to.
  static constexpr size_t kMostBytes = 2 << 20;

  enum class State : uint8_t { going_on, done, failed };

  /// The context must live as long.
  TlsHandshake(const TlsContext& context, const TlsOffer& offer);
  ~TlsHandshake();
  TlsHandshake(const TlsHandshake&) = delete;
  TlsHandshake& operator=(const TlsHandshake&) = delete;

  /// Begins; from then on take_output() has something to send.
  State start() { return go_on(); }
  /// Takes what came.
  State give(std::span<const std::byte> bytes);
  /// The server sends no more.
  State closed();
  /// Says goodbye (close_notify), once it is done.
  void finish();

  /// What is to be sent now, each byte once.
  std::string take_output();
  const TlsFacts& facts() const { return facts_; }
  /// After State::failed.
  const std::optional<TlsFailure>& failure() const { return failure_; }

 private:
  struct Free {
    void operator()(ssl_st* connection) const;
  };

  static void on_message(int sent, int version, int type, const void* bytes, size_t size, ssl_st* connection,
                         void* handshake);
  void note_message(std::span<const std::byte> message);
  void note_alert(std::span<const std::byte> alert, bool received);
  void note_settled();
  State go_on();
  State fail(TlsFailure::Cause cause, std::string text);

  std::unique_ptr<ssl_st, Free> connection_;
  TlsFacts facts_;
  std::optional<TlsFailure> failure_;
};

}  // namespace sonde
