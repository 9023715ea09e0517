#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "net/base/result.h"

namespace sonde {

/// What a service of the fleet does with an accepted connection.
enum class Manner : uint8_t {
  open,     ///< accepts and listens; silent connections cost nothing but a kernel request
  silence,  ///< accepts at once, says nothing
  reset,    ///< sends a RST
  close,    ///< sends a FIN
  banner,   ///< sends a text
  reply,    ///< answers known requests
};

/// One service: a loopback port and what happens on it.
struct Service {
  uint16_t port = 0;
  Manner manner = Manner::open;
  std::string banner;                                        ///< Manner::banner only
  std::vector<std::pair<std::string, std::string>> replies;  ///< Manner::reply only: request, answer
};

/// Reads a list of services, one a line: a port, a word, and the word's texts
/// in hexadecimal: "20001 open", "20002 banner 3232300d0a",
/// "20003 reply REQUEST ANSWER REQUEST ANSWER". The words are those of a truth
/// file. An error names the line.
Result<std::vector<Service>> parse_services(const std::string& text);

}  // namespace sonde
