#include "tests/engine/target/dns_server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

namespace sonde {
namespace {

constexpr size_t kHeaderBytes = 12;

/// The name in a question, from its length-prefixed labels (RFC 1035 §4.1.2).
std::string name_in(const std::string& question) {
  std::string name;
  size_t at = kHeaderBytes;
  while (at < question.size() && question[at] != 0) {
    const auto length = static_cast<size_t>(question[at]);
    name += (name.empty() ? "" : ".") + question.substr(at + 1, length);
    at += length + 1;
  }
  return name;
}

size_t question_end(const std::string& question) { return question.find('\0', kHeaderBytes) + 5; }

/// 1 is A, 28 is AAAA.
int type_in(const std::string& question) { return question[question_end(question) - 3]; }

std::string record(const std::string& address) {
  std::array<char, 16> bytes{};
  const bool is_v4 = ::inet_pton(AF_INET, address.c_str(), bytes.data()) == 1;
  EXPECT_TRUE(is_v4 || ::inet_pton(AF_INET6, address.c_str(), bytes.data()) == 1) << address;
  const char type = is_v4 ? 1 : 28;
  const char size = is_v4 ? 4 : 16;
  std::string text{'\xc0', '\x0c', 0, type, 0, 1, 0, 0, 0, 60, 0, size};
  return text.append(bytes.data(), static_cast<size_t>(size));
}

}  // namespace

struct DnsServer::Waiting {
  std::string reply;
  sockaddr_in from;
};

DnsServer::DnsServer(std::map<std::string, DnsAnswer> names, size_t hold)
    : names_(std::move(names)), hold_(hold) {
  socket_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_in here{};
  here.sin_family = AF_INET;
  here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::bind(socket_, reinterpret_cast<sockaddr*>(&here), sizeof here), 0);
  socklen_t length = sizeof here;
  ::getsockname(socket_, reinterpret_cast<sockaddr*>(&here), &length);
  port_ = ntohs(here.sin_port);
  stop_ = ::eventfd(0, EFD_CLOEXEC);
  thread_ = std::thread([this] { serve(); });
}

DnsServer::~DnsServer() {
  ::eventfd_write(stop_, 1);
  thread_.join();
  ::close(socket_);
  ::close(stop_);
}

std::string DnsServer::address() const { return "127.0.0.1:" + std::to_string(port_); }

void DnsServer::serve() {
  while (true) {
    std::array<pollfd, 2> ready{{{socket_, POLLIN, 0}, {stop_, POLLIN, 0}}};
    ::poll(ready.data(), ready.size(), -1);
    if (ready[1].revents != 0) return;
    take_question();
    if (waiting_.size() < hold_) continue;
    for (const Waiting& answer : waiting_)
      ::sendto(socket_, answer.reply.data(), answer.reply.size(), 0,
               reinterpret_cast<const sockaddr*>(&answer.from), sizeof answer.from);
    waiting_.clear();
  }
}

void DnsServer::take_question() {
  std::string question(512, '\0');
  sockaddr_in from{};
  socklen_t length = sizeof from;
  const ssize_t got =
      ::recvfrom(socket_, question.data(), question.size(), 0, reinterpret_cast<sockaddr*>(&from), &length);
  if (got < static_cast<ssize_t>(kHeaderBytes)) return;
  question.resize(static_cast<size_t>(got));
  if (const std::string reply = reply_to(question); !reply.empty()) waiting_.push_back({reply, from});
}

std::string DnsServer::reply_to(const std::string& question) const {
  const auto known = names_.find(name_in(question));
  const DnsAnswer answer =
      known == names_.end() ? DnsAnswer{DnsAnswer::Kind::no_such_name, {}} : known->second;
  if (answer.kind == DnsAnswer::Kind::silence) return {};
  std::string records;
  char count = 0;
  for (const std::string& address : answer.addresses) {
    const bool is_v6 = address.find(':') != std::string::npos;
    if ((type_in(question) == 28) != is_v6) continue;
    records += record(address);
    ++count;
  }
  const char code = answer.kind == DnsAnswer::Kind::no_such_name     ? 3
                    : answer.kind == DnsAnswer::Kind::server_failure ? 2
                                                                     : 0;
  std::string reply = question.substr(0, question_end(question));
  reply[2] = '\x81';
  reply[3] = static_cast<char>(0x80 | code);
  reply[6] = 0, reply[7] = count;
  reply[8] = reply[9] = reply[10] = reply[11] = 0;
  return reply + records;
}

}  // namespace sonde
