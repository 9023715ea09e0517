#include "engine/probe/exchange.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <span>

#include "tls/record.h"

namespace sonde {
namespace {

struct OpeningRow {
  uint16_t first_port;
  uint16_t last_port;
  std::string_view line;
};

constexpr std::string_view kHttpHead = "HEAD / HTTP/1.0\r\n\r\n";

constexpr std::array kOpenings = {
    OpeningRow{80, 80, kHttpHead},           OpeningRow{2181, 2181, "ruok\n"},
    OpeningRow{2379, 2379, kHttpHead},       OpeningRow{6379, 6384, "PING\r\n"},
    OpeningRow{8000, 8000, kHttpHead},       OpeningRow{8008, 8008, kHttpHead},
    OpeningRow{8080, 8081, kHttpHead},       OpeningRow{8086, 8086, kHttpHead},
    OpeningRow{8500, 8500, kHttpHead},       OpeningRow{8888, 8888, kHttpHead},
    OpeningRow{8983, 8983, kHttpHead},       OpeningRow{9090, 9090, kHttpHead},
    OpeningRow{9093, 9093, kHttpHead},       OpeningRow{9100, 9100, kHttpHead},
    OpeningRow{9115, 9115, kHttpHead},       OpeningRow{9200, 9200, kHttpHead},
    OpeningRow{11211, 11211, "version\r\n"}, OpeningRow{11300, 11300, "stats\r\n"},
    OpeningRow{15672, 15672, kHttpHead},
};

struct BannerRow {
  std::string_view prefix;
  std::string_view contains;  // anywhere in the first line, letter case ignored; empty: not looked at
  std::string_view service;
};

// The first row that fits decides.
constexpr std::array kBanners = {
    BannerRow{"SSH-", "", "ssh"},
    BannerRow{"HTTP/", "", "http"},
    BannerRow{"220", "ftp", "ftp"},
    BannerRow{"220", "smtp", "smtp"},
    BannerRow{"220", "mail", "smtp"},
    BannerRow{"554", "smtp", "smtp"},
    BannerRow{"* OK", "", "imap"},
    BannerRow{"* PREAUTH", "", "imap"},
    BannerRow{"* BYE", "", "imap"},
    BannerRow{"+PONG", "", "redis"},
    BannerRow{"-NOAUTH", "", "redis"},
    BannerRow{"-DENIED", "", "redis"},
    BannerRow{"-ERR wrong number", "", "redis"},
    BannerRow{"+OK", "", "pop3"},
    BannerRow{"VERSION ", "", "memcached"},
    BannerRow{"RFB ", "", "vnc"},
    BannerRow{"INFO {", "", "nats"},
    BannerRow{"imok", "", "zookeeper"},
    BannerRow{"200 ", "nntp", "nntp"},
    BannerRow{"201 ", "nntp", "nntp"},
    BannerRow{"\"IMPLEMENTATION\"", "", "sieve"},
};

bool contains_ignoring_case(std::string_view text, std::string_view lower) {
  const auto same = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; };
  return std::search(text.begin(), text.end(), lower.begin(), lower.end(), same) != text.end();
}

/// Protocol::HandshakeV10 (MySQL, MariaDB): 3-byte length, sequence 0, version 10, text.
bool is_mysql_greeting(std::string_view bytes) {
  return bytes.size() > 5 && bytes[3] == 0 && bytes[4] == 0x0a &&
         std::isdigit(static_cast<unsigned char>(bytes[5])) != 0;
}

}  // namespace

std::string_view opening_line(uint16_t port) {
  for (const OpeningRow& row : kOpenings) {
    if (row.first_port <= port && port <= row.last_port) return row.line;
  }
  return {};
}

std::string_view service_of_banner(std::string_view bytes) {
  const std::string_view line = bytes.substr(0, bytes.find('\n'));
  for (const BannerRow& row : kBanners) {
    if (line.starts_with(row.prefix) && contains_ignoring_case(line, row.contains)) return row.service;
  }
  if (is_mysql_greeting(bytes)) return "mysql";
  if (parse_tls_record(std::as_bytes(std::span(bytes)))) return "tls";
  return {};
}

}  // namespace sonde
