#include "engine/probe/exchange.h"

#include <gtest/gtest.h>

namespace sonde {
namespace {

TEST(Exchange, KnownServicesAreAskedOneLine) {
  EXPECT_EQ(opening_line(6379), "PING\r\n");
  EXPECT_EQ(opening_line(6384), "PING\r\n");
  EXPECT_EQ(opening_line(11211), "version\r\n");
  EXPECT_TRUE(opening_line(8080).starts_with("HEAD / "));
  EXPECT_TRUE(opening_line(22).empty()) << "SSH talks first";
  EXPECT_TRUE(opening_line(25).empty()) << "SMTP talks first";
}

TEST(Exchange, TheBannerTellsTheService) {
  const std::pair<std::string_view, std::string_view> rows[] = {
      {"SSH-2.0-OpenSSH_9.2\r\n", "ssh"},
      {"220 mail.example ESMTP Postfix\r\n", "smtp"},
      {"220 (vsFTPd 3.0.3)\r\n", "ftp"},
      {"220 ProFTPD Server ready\r\n", "ftp"},
      {"+PONG\r\n", "redis"},
      {"-NOAUTH Authentication required.\r\n", "redis"},
      {"VERSION 1.6.18\r\n", "memcached"},
      {"* OK [CAPABILITY IMAP4rev1] ready\r\n", "imap"},
      {"+OK Dovecot ready.\r\n", "pop3"},
      {"HTTP/1.0 200 OK\r\n", "http"},
      {"RFB 003.008\n", "vnc"},
      {"INFO {\"server_id\":\"x\"}\r\n", "nats"},
      {std::string_view("J\0\0\0\n5.5.5-10.11.6-MariaDB\0", 26), "mysql"},
      {std::string_view("\x15\x03\x01\x00\x02\x02\x0a", 7), "tls"},
      {"hello\r\n", ""},
      {"", ""},
      {"220", ""},
  };
  for (const auto& [banner, service] : rows) EXPECT_EQ(service_of_banner(banner), service) << banner;
}

}  // namespace
}  // namespace sonde
