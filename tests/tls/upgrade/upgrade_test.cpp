#include "tls/upgrade/upgrade.h"

#include <gmock/gmock.h>

#include <set>

namespace sonde {
namespace {

using Kind = UpgradeEnd::Kind;

/// Bytes with zeros in them.
template <size_t kSize>
std::string raw(const char (&bytes)[kSize]) {
  return std::string(bytes, kSize - 1);
}

/// A server that says its part, one after another, each once we have said ours.
struct Turn {
  std::string we_say, server_says;
};

/// What a dialogue came to: its end, and whether it spoke as was expected.
UpgradeEnd ended(std::string_view name, const std::vector<Turn>& turns, size_t piece) {
  const Upgrade* const upgrade = find_upgrade(name);
  EXPECT_NE(upgrade, nullptr) << name;
  UpgradeDialogue dialogue(*upgrade, {"db.example", "probe.example"});
  std::optional<UpgradeEnd> end = dialogue.start();
  for (const Turn& turn : turns) {
    EXPECT_EQ(dialogue.take_output(), turn.we_say) << name;
    for (size_t at = 0; at < turn.server_says.size() && !end; at += piece) {
      const std::string part = turn.server_says.substr(at, piece);
      end = dialogue.give(std::as_bytes(std::span(part)));
    }
  }
  EXPECT_TRUE(end) << name << " goes on";
  return end.value_or(UpgradeEnd{Kind::closed, "", {}});
}

/// The same whether it comes at once or byte by byte.
UpgradeEnd ended(std::string_view name, const std::vector<Turn>& turns) {
  const UpgradeEnd whole = ended(name, turns, std::string::npos / 2), pieces = ended(name, turns, 1);
  // What was left over in one piece comes too late in others: then it is TLS's to complain.
  if (whole.kind != Kind::leftover) {
    EXPECT_EQ(whole.kind, pieces.kind) << name;
  }
  return whole;
}

struct Case {
  const char* what;
  const char* upgrade;
  std::vector<Turn> turns;
  Kind kind;
  const char* words = "";
};

const std::string kSslRequest = raw("\x00\x00\x00\x08\x04\xd2\x16\x2f");
const std::string kLdapStart = raw("\x30\x1d\x02\x01\x01\x77\x18\x80\x16") + "1.3.6.1.4.1.1466.20037";
const std::string kRdpRequest =
    raw("\x03\x00\x00\x13\x0e\xe0\x00\x00\x00\x00\x00\x01\x00\x08\x00\x03\x00\x00\x00");
const std::string kMysqlRequest =
    raw("\x20\x00\x00\x01\x01\x8a\x00\x00\x00\x00\x00\x01\x21") + std::string(23, '\0');
const std::string kTdsPrelogin = raw(
    "\x12\x01\x00\x2f\x00\x00\x01\x00"
    "\x00\x00\x1a\x00\x06\x01\x00\x20\x00\x01\x02\x00\x21\x00\x01\x03\x00\x22\x00\x04\x04\x00\x26\x00\x01\xff"
    "\x10\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00");

std::string mysql_greeting(const std::string& capabilities) {
  const std::string body = raw("\x0a") + "8.0.36" + raw("\0\x2a\0\0\0") + "saltsalt" + raw("\0") + capabilities + raw("\x21\x02\0");
  return std::string{static_cast<char>(body.size())} + raw("\0\0\0") + body;
}

std::string tds_reply(char encryption) {
  return raw("\x04\x01\x00\x1a\x00\x00\x01\x00\x00\x00\x0b\x00\x06\x01\x00\x11\x00\x01\xff\x0f\x00\x10\x00\x00\x00") + encryption;
}

std::string xmpp_hello(const std::string& content) {
  return "<?xml version='1.0'?><stream:stream xmlns='" + content +
         "' xmlns:stream='http://etherx.jabber.org/streams' to='db.example' version='1.0'>";
}
constexpr const char* kXmppStart = "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";

const Case kCases[] = {
    {"", "postgres", {{kSslRequest, "S"}}, Kind::ready},
    {"TLS is off", "postgres", {{kSslRequest, "N"}}, Kind::not_offered},
    {"an error", "postgres",
     {{kSslRequest, raw("E\0\0\0\x25") + "SFATAL" + raw("\0") + "C53300" + raw("\0") + "Mtoo many clients" + raw("\0\0")}},
     Kind::refused, "too many clients"},
    {"bytes with the S", "postgres", {{kSslRequest, "SX"}}, Kind::leftover, "X"},
    {"another protocol", "postgres", {{kSslRequest, "HTTP/1.1 400"}}, Kind::unexpected, "H"},
    {"", "mysql", {{"", mysql_greeting(raw("\xff\xff"))}, {kMysqlRequest, ""}}, Kind::ready},
    {"none", "mysql", {{"", mysql_greeting(raw("\xff\xf7"))}}, Kind::not_offered},
    {"too many errors", "mysql", {{"", raw("\x14\0\0\0\xff\x69\x04") + "Host is blocked!!"}}, Kind::refused, "Host is blocked!!"},
    {"", "smtp",
     {{"", "220-mx.example\r\n220 ESMTP\r\n"}, {"EHLO probe.example\r\n", "250-mx\r\n250-SIZE 1\r\n250 starttls\r\n"},
      {"STARTTLS\r\n", "220 go\r\n"}}, Kind::ready},
    {"off for now", "smtp",
     {{"", "220 mx\r\n"}, {"EHLO probe.example\r\n", "250-mx\r\n250 STARTTLS\r\n"}, {"STARTTLS\r\n", "454 4.7.0 TLS not available\r\n"}},
     Kind::refused, "454 4.7.0 TLS not available"},
    {"none", "smtp", {{"", "220 mx\r\n"}, {"EHLO probe.example\r\n", "250-mx\r\n250 XSTARTTLS\r\n"}}, Kind::not_offered},
    {"another protocol", "smtp", {{"", "SSH-2.0-OpenSSH_9.2\r\n"}}, Kind::unexpected, "SSH-2.0-OpenSSH_9.2"},
    {"busy", "smtp", {{"", "421 too many connections\r\n"}}, Kind::refused, "421 too many connections"},
    {"injected", "smtp",
     {{"", "220 mx\r\n"}, {"EHLO probe.example\r\n", "250 STARTTLS\r\n"}, {"STARTTLS\r\n", "220 go\r\n250 injected\r\n"}},
     Kind::leftover, "250 injected.."},
    {"", "lmtp",
     {{"", "220 LMTP\r\n"}, {"LHLO probe.example\r\n", "250 STARTTLS\r\n"}, {"STARTTLS\r\n", "220 go\r\n"}}, Kind::ready},
    {"", "imap",
     {{"", "* OK [CAPABILITY IMAP4rev1] ready\r\n"},
      {"a1 CAPABILITY\r\n", "* CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN\r\na1 OK done\r\n"}, {"a2 STARTTLS\r\n", "a2 OK begin\r\n"}},
     Kind::ready},
    {"too late", "imap", {{"", "* PREAUTH hello\r\n"}}, Kind::refused, "* PREAUTH hello"},
    {"none", "imap", {{"", "* OK\r\n"}, {"a1 CAPABILITY\r\n", "* CAPABILITY IMAP4rev1\r\na1 OK done\r\n"}}, Kind::not_offered},
    {"", "pop3",
     {{"", "+OK hi\r\n"}, {"CAPA\r\n", "+OK\r\nTOP\r\nSTLS\r\n.\r\n"}, {"STLS\r\n", "+OK begin\r\n"}}, Kind::ready},
    {"no CAPA", "pop3", {{"", "+OK hi\r\n"}, {"CAPA\r\n", "-ERR what\r\n"}, {"STLS\r\n", "-ERR no\r\n"}}, Kind::refused, "-ERR no"},
    {"", "ftp", {{"", "220-Welcome\r\nto 220 of you\r\n 220 all\r\n220 ready\r\n"}, {"AUTH TLS\r\n", "234 go\r\n"}}, Kind::ready},
    {"an old one", "ftp", {{"", "220 hi\r\n"}, {"AUTH TLS\r\n", "504 what\r\n"}, {"AUTH SSL\r\n", "334 go\r\n"}}, Kind::ready},
    {"none", "ftp", {{"", "220 hi\r\n"}, {"AUTH TLS\r\n", "530 no\r\n"}, {"AUTH SSL\r\n", "530 please log in\r\n"}}, Kind::refused,
     "530 please log in"},
    {"", "ldap", {{kLdapStart, raw("\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00")}}, Kind::ready},
    {"long lengths", "ldap",
     {{kLdapStart, raw("\x30\x84\x00\x00\x00\x10\x02\x01\x01\x78\x84\x00\x00\x00\x07\x0a\x01\x00\x04\x00\x04\x00")}}, Kind::ready},
    {"no certificate", "ldap", {{kLdapStart, raw("\x30\x0e\x02\x01\x01\x78\x09\x0a\x01\x34\x04\x00\x04\x02no")}}, Kind::refused,
     "result code 52: no"},
    {"a length that lies", "ldap", {{kLdapStart, raw("\x30\x05\x02\x01\x01\x78\x60")}}, Kind::unexpected, "...x`"},
    {"", "xmpp",
     {{xmpp_hello("jabber:client"), "<?xml version='1.0'?><stream:stream id='1'><stream:features><starttls xmlns='u'><required/>"
                                    "</starttls></stream:features>"}, {kXmppStart, "<proceed xmlns='u'/>"}}, Kind::ready},
    {"unknown host", "xmpp",
     {{xmpp_hello("jabber:client"), "<stream:stream><stream:error><host-unknown xmlns='u'/></stream:error>"}}, Kind::refused,
     "<host-unknown xmlns='u'/>"},
    {"", "xmpp-server",
     {{xmpp_hello("jabber:server"), "<stream:stream><stream:features><starttls/></stream:features>"}, {kXmppStart, "<proceed/>"}},
     Kind::ready},
    {"refused", "xmpp-server",
     {{xmpp_hello("jabber:server"), "<stream:stream><stream:features><starttls/></stream:features>"}, {kXmppStart, "<failure/>"}},
     Kind::refused, "<failure/>"},
    {"none", "xmpp-server", {{xmpp_hello("jabber:server"), "<stream:stream><stream:features xmlns='u'/>"}}, Kind::not_offered},
    {"", "nntp",
     {{"", "201 hi\r\n"}, {"CAPABILITIES\r\n", "101 list\r\nVERSION 2\r\nSTARTTLS\r\n.\r\n"}, {"STARTTLS\r\n", "382 go\r\n"}}, Kind::ready},
    {"none", "nntp", {{"", "200 hi\r\n"}, {"CAPABILITIES\r\n", "500 what\r\n"}, {"STARTTLS\r\n", "580 no\r\n"}}, Kind::refused, "580 no"},
    {"", "sieve",
     {{"", "\"IMPLEMENTATION\" \"x\"\r\n\"STARTTLS\"\r\nOK \"ready\"\r\n"}, {"STARTTLS\r\n", "OK\r\n"}}, Kind::ready},
    {"none", "sieve", {{"", "\"SASL\" \"STARTTLS\"\r\nOK\r\n"}}, Kind::not_offered},
    {"", "irc", {{"STARTTLS\r\n", "NOTICE AUTH :*** hello\r\n:irc.example PING :x\r\n"}, {"PONG :x\r\n", ":irc.example 670 * :go\r\n"}}, Kind::ready},
    {"none", "irc", {{"STARTTLS\r\n", ":irc.example 421 * STARTTLS :Unknown command\r\n"}}, Kind::refused,
     ":irc.example 421 * STARTTLS :Unknown command"},
    {"", "telnet",
     {{raw("\xff\xfb\x2e"), raw("\xff\xfd\x18\xff\xfd\x2e")},
      {raw("\xff\xfc\x18\xff\xfa\x2e\x01\xff\xf0"), raw("login: \xff\xfa\x2e\x01\xff\xf0")}}, Kind::ready},
    {"none", "telnet", {{raw("\xff\xfb\x2e"), raw("\xff\xfe\x2e")}}, Kind::not_offered},
    {"", "rdp",
     {{kRdpRequest, raw("\x03\x00\x00\x13\x0e\xd0\x00\x00\x12\x34\x00\x02\x00\x08\x00\x02\x00\x00\x00")}}, Kind::ready},
    {"no certificate", "rdp",
     {{kRdpRequest, raw("\x03\x00\x00\x13\x0e\xd0\x00\x00\x12\x34\x00\x03\x00\x08\x00\x03\x00\x00\x00")}}, Kind::refused,
     "SSL_CERT_NOT_ON_SERVER"},
    {"an old one", "rdp", {{kRdpRequest, raw("\x03\x00\x00\x0b\x06\xd0\x00\x00\x12\x34\x00")}}, Kind::not_offered},
    {"", "mssql", {{kTdsPrelogin, tds_reply(1)}}, Kind::ready},
    {"none", "mssql", {{kTdsPrelogin, tds_reply(2)}}, Kind::not_offered},
    {"", "vnc",
     {{"", "RFB 003.008\n"}, {"RFB 003.008\n", raw("\x02\x02\x13")}, {"\x13", raw("\x00\x02")}, {raw("\x00\x02"), raw("\0")},
      {"", raw("\x02\x00\x00\x01\x01\x00\x00\x01\x05")}, {raw("\x00\x00\x01\x05"), "\1"}}, Kind::ready},
    {"anonymous", "vnc", {{"", "RFB 003.007\n"}, {"RFB 003.007\n", raw("\x01\x12")}}, Kind::ready},
    {"none", "vnc", {{"", "RFB 003.008\n"}, {"RFB 003.008\n", raw("\x01\x02")}}, Kind::not_offered},
    {"too many", "vnc", {{"", "RFB 003.008\n"}, {"RFB 003.008\n", raw("\x00\x00\x00\x00\x04wait")}}, Kind::refused, "wait"},
    {"", "nats", {{"", "INFO {\"tls_available\":true}\r\n"}}, Kind::ready},
    {"none", "nats", {{"", "INFO {\"tls_required\":false}\r\n"}}, Kind::not_offered},
    {"", "amqp", {{raw("AMQP\2\1\0\0"), raw("AMQP\2\1\0\0")}}, Kind::ready},
    {"an older one", "amqp", {{raw("AMQP\2\1\0\0"), raw("AMQP\0\0\x09\1")}}, Kind::not_offered},
};

TEST(Upgrade, SpeaksAsItsSpecificationHasItAndTellsHowItEnded) {
  for (const Case& test : kCases) {
    SCOPED_TRACE(std::string(test.upgrade) + " " + test.what);
    const UpgradeEnd end = ended(test.upgrade, test.turns);
    EXPECT_EQ(end.kind, test.kind) << end.words;
    if (*test.words != '\0') {
      EXPECT_EQ(end.words, test.words);
    }
  }
}

TEST(Upgrade, EveryOneHasACaseThatWorks) {
  std::set<std::string_view> works;
  for (const Case& test : kCases)
    if (test.kind == Kind::ready) works.insert(test.upgrade);
  for (const Upgrade& upgrade : all_upgrades()) EXPECT_TRUE(works.contains(upgrade.name)) << upgrade.name;
}

TEST(Upgrade, RecordsOfTdsTravelInItsPackets) {
  EXPECT_EQ(ended("mssql", {{kTdsPrelogin, tds_reply(3)}}).carrier, UpgradeEnd::Carrier::tds);
  EXPECT_EQ(ended("postgres", {{kSslRequest, "S"}}).carrier, UpgradeEnd::Carrier::stream);
}

/// Gives the dialogue that, again and again, until it ends; how much it listened to.
std::pair<Kind, size_t> endless(std::string_view name, const std::string& said) {
  UpgradeDialogue dialogue(*find_upgrade(name), {"db.example", "probe.example"});
  std::optional<UpgradeEnd> end = dialogue.start();
  size_t heard = 0;
  for (; !end && heard < 10 * UpgradeDialogue::kMostBytes; heard += said.size())
    end = dialogue.give(std::as_bytes(std::span(said)));
  return {end ? end->kind : Kind::closed, heard};
}

TEST(Upgrade, AnEndlessServerIsNotListenedToForEver) {
  for (const Upgrade& upgrade : all_upgrades()) {
    for (const char* said : {"220-and more\r\n", "* OK and more\r\n", "<a>", "x", "\xff\xfd\x01"}) {
      const auto [kind, heard] = endless(upgrade.name, said);
      EXPECT_NE(kind, Kind::ready) << upgrade.name;
      EXPECT_LE(heard, UpgradeDialogue::kMostBytes + 64) << upgrade.name << " " << said;
    }
  }
  EXPECT_EQ(endless("smtp", "220-and more\r\n").first, Kind::too_long);
  EXPECT_LT(endless("smtp", "220-and more\r\n").second, 15 * (UpgradeDialogue::kMostLines + 2));
}

TEST(Upgrade, WhatAServerSaidBeforeItHungUpIsKept) {
  UpgradeDialogue dialogue(*find_upgrade("smtp"), {"db.example", "probe.example"});
  EXPECT_FALSE(dialogue.start());
  const std::string half = "554 go aw";
  EXPECT_FALSE(dialogue.give(std::as_bytes(std::span(half))));
  EXPECT_EQ(dialogue.closed().kind, Kind::closed);
  EXPECT_EQ(dialogue.closed().words, half);
}

TEST(Upgrade, WordsArePrintableAndCut) {
  const UpgradeEnd end = UpgradeEnd::refused("\x1b[31m" + std::string(1000, 'x'));
  EXPECT_TRUE(end.words.starts_with(".[31mx"));
  EXPECT_EQ(end.words.size(), UpgradeEnd::kMostWords);
}

TEST(Upgrade, IsFoundByPortAndByGreeting) {
  const auto name = [](const Upgrade* upgrade) { return upgrade == nullptr ? "" : upgrade->name; };
  EXPECT_EQ(name(upgrade_of_port(587)), "smtp");
  EXPECT_EQ(name(upgrade_of_port(443)), "");
  EXPECT_EQ(name(upgrade_of_greeting("220 ProFTPD ready")), "ftp");
  EXPECT_EQ(name(upgrade_of_greeting("220-FileZilla Server 1.8")), "ftp");
  EXPECT_EQ(name(upgrade_of_greeting("220 ftp-and-mail.FTP.example ESMTP")), "smtp");
  EXPECT_EQ(name(upgrade_of_greeting("* OK Dovecot ready")), "imap");
  EXPECT_EQ(name(upgrade_of_greeting(mysql_greeting(raw("\xff\xff")))), "mysql");
  EXPECT_EQ(name(upgrade_of_greeting("HTTP/1.1 400")), "");
}

}  // namespace
}  // namespace sonde
