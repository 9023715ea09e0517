#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace sonde {

/// What the DNS server of the tests says of a name.
struct DnsAnswer {
  enum class Kind { addresses, no_such_name, server_failure, silence };
  Kind kind = Kind::addresses;
  std::vector<std::string> addresses;  ///< IPv4 and IPv6, as text
};

/// A DNS server on a UDP port of 127.0.0.1 that knows a few names; all others
/// do not exist. Its thread ends with the object.
class DnsServer {
 public:
  /// `hold` keeps answers back until that many questions are waiting.
  explicit DnsServer(std::map<std::string, DnsAnswer> names, size_t hold = 1);
  ~DnsServer();
  DnsServer(const DnsServer&) = delete;
  DnsServer& operator=(const DnsServer&) = delete;

  /// "127.0.0.1:PORT".
  std::string address() const;

 private:
  struct Waiting;
  void serve();
  void take_question();
  std::string reply_to(const std::string& question) const;

  std::map<std::string, DnsAnswer> names_;
  size_t hold_;
  int socket_ = -1;
  int stop_ = -1;
  uint16_t port_ = 0;
  std::vector<Waiting> waiting_;
  std::thread thread_;
};

}  // namespace sonde
