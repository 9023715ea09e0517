#include "tls/handshake.h"

#include <gmock/gmock.h>

#include "tests/tls/memory_server.h"

namespace sonde {
namespace {

using State = TlsHandshake::State;
using testing::Contains;
using testing::ElementsAre;

std::shared_ptr<const TlsContext> context(TlsContextOptions options = {}) {
  auto made = TlsContext::make(options);
  EXPECT_TRUE(made) << made.error().text;
  return made ? *made : nullptr;
}

TlsHandshake::State give(TlsHandshake& handshake, const std::string& bytes) {
  return handshake.give(std::as_bytes(std::span(bytes)));
}

/// Until both have nothing more to say.
State talk(TlsHandshake& handshake, MemoryServer& server, size_t piece = std::string::npos / 2) {
  State state = handshake.start();
  for (std::string said = handshake.take_output(); !said.empty(); said = handshake.take_output()) {
    const std::string answer = server.answer(said);
    for (size_t at = 0; at < answer.size() && state == State::going_on; at += piece)
      state = give(handshake, answer.substr(at, piece));
  }
  return state;
}

TEST(TlsHandshake, TellsWhatWasAgreedOnAndWhatWasShown) {
  const auto shared = context();
  for (const bool tls13 : {false, true}) {
    for (const size_t piece : {size_t{1}, size_t{1000}, size_t{100000}}) {
      MemoryServer server({.most = tls13 ? TLS1_3_VERSION : TLS1_2_VERSION, .alpn = "h2"});
      TlsHandshake handshake(*shared, {"server.example", {"http/1.1", "h2"}});
      ASSERT_EQ(talk(handshake, server, piece), State::done) << handshake.failure()->text;
      const TlsFacts& facts = handshake.facts();
      EXPECT_EQ(facts.step, TlsStep::finished);
      EXPECT_EQ(facts.version, tls13 ? TlsVersion::tls1_3 : TlsVersion::tls1_2);
      EXPECT_EQ(facts.cipher, tls13 ? "TLS_AES_256_GCM_SHA384" : "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384");
      EXPECT_EQ(facts.group, "x25519");
      EXPECT_EQ(facts.alpn, "h2");
      ASSERT_TRUE(facts.chain);
      EXPECT_THAT(facts.chain->certificates, ElementsAre(server.certificate()));
      EXPECT_FALSE(facts.wants_client_certificate);
      EXPECT_EQ(server.asked_for(), "server.example");
    }
  }
}

TEST(TlsHandshake, AnAddressIsNoServerName) {
  const auto shared = context();
  for (const char* name : {"192.0.2.1", "2001:db8::1", ""}) {
    MemoryServer server({});
    TlsHandshake handshake(*shared, {name, {}});
    EXPECT_EQ(talk(handshake, server), State::done);
    EXPECT_EQ(server.asked_for(), "");
  }
}

TEST(TlsHandshake, ADemandForAClientCertificateIsAFact) {
  const auto shared = context();
  for (const int most : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    MemoryServer server({.most = most, .wants_client_certificate = true});
    TlsHandshake handshake(*shared, {});
    EXPECT_EQ(talk(handshake, server), State::done);
    EXPECT_TRUE(handshake.facts().wants_client_certificate);
  }
}

TEST(TlsHandshake, TheServersAlertIsWhyItFailed) {
  const auto modern = context();
  MemoryServer old({.least = TLS1_1_VERSION, .most = TLS1_1_VERSION});
  TlsHandshake handshake(*modern, {});
  EXPECT_EQ(talk(handshake, old), State::failed);
  ASSERT_TRUE(handshake.failure());
  EXPECT_EQ(handshake.failure()->cause, TlsFailure::Cause::alert);
  EXPECT_THAT(handshake.facts().alerts, Contains(TlsAlert{70, true, true}));  // protocol_version
  EXPECT_EQ(handshake.facts().step, TlsStep::client_hello);
}

TEST(TlsHandshake, WhatIsNotTlsIsSaidToBeSo) {
  const auto shared = context();
  for (const char* said : {"HTTP/1.1 400 Bad Request\r\n", "SSH-2.0-OpenSSH\r\n"}) {
    TlsHandshake handshake(*shared, {});
    EXPECT_EQ(handshake.start(), State::going_on);
    EXPECT_EQ(give(handshake, said), State::failed);
    EXPECT_EQ(handshake.failure()->cause, TlsFailure::Cause::protocol);
    EXPECT_NE(handshake.failure()->text, "");
  }
}

TEST(TlsHandshake, AServerThatHangsUpIsNotOneThatBreaksRules) {
  const auto shared = context();
  TlsHandshake handshake(*shared, {});
  EXPECT_EQ(handshake.start(), State::going_on);
  EXPECT_EQ(handshake.closed(), State::failed);
  EXPECT_EQ(handshake.failure()->cause, TlsFailure::Cause::closed);
}

TEST(TlsHandshake, AnEndlessServerIsNotListenedToForEver) {
  const auto shared = context();
  TlsHandshake handshake(*shared, {});
  State state = handshake.start();
  // Handshake messages of an unknown kind may be as long as a certificate; records of one byte carry them.
  for (size_t heard = 0; state == State::going_on && heard < 2 * TlsHandshake::kMostBytes; heard += 6)
    state = give(handshake, std::string("\x16\x03\x03\x00\x01\x02", 6));
  EXPECT_EQ(state, State::failed);
  EXPECT_LE(handshake.facts().heard, TlsHandshake::kMostBytes + 6);
}

TEST(TlsHandshake, SaysGoodbye) {
  const auto shared = context();
  MemoryServer server({.most = TLS1_2_VERSION});
  TlsHandshake handshake(*shared, {});
  ASSERT_EQ(talk(handshake, server), State::done);
  handshake.finish();
  EXPECT_EQ(handshake.take_output().substr(0, 3), "\x15\x03\x03");
}

TEST(TlsContext, FilesThatCannotBeUsedAreErrorsWithTheirName) {
  const auto missing = TlsContext::make({.client_certificate = "/nonexistent/client.pem"});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind, ErrorKind::usage);
  EXPECT_THAT(missing.error().text, testing::StartsWith("/nonexistent/client.pem: "));
}

}  // namespace
}  // namespace sonde
