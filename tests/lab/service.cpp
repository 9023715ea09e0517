#include "tests/lab/service.h"

#include <charconv>
#include <map>
#include <optional>
#include <sstream>

namespace sonde {
namespace {

std::optional<std::string> from_hex(const std::string& hex) {
  std::string bytes;
  if (hex.size() % 2 != 0) return std::nullopt;
  for (size_t at = 0; at < hex.size(); at += 2) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(hex.data() + at, hex.data() + at + 2, value, 16);
    if (error != std::errc{} || end != hex.data() + at + 2) return std::nullopt;
    bytes.push_back(static_cast<char>(value));
  }
  return bytes;
}

std::optional<Manner> manner_of(const std::string& word) {
  static const std::map<std::string, Manner> kWords = {
      {"open", Manner::open},
      {"accept-and-silence", Manner::silence},
      {"reset-after-accept", Manner::reset},
      {"close-after-accept", Manner::close},
      {"banner", Manner::banner},
      {"reply", Manner::reply},
  };
  const auto found = kWords.find(word);
  return found == kWords.end() ? std::nullopt : std::optional(found->second);
}

bool take_texts(Service& service, const std::vector<std::string>& texts) {
  if (service.manner == Manner::banner) {
    if (texts.size() == 1) service.banner = texts[0];
    return texts.size() == 1;
  }
  if (service.manner != Manner::reply) return texts.empty();
  for (size_t at = 0; at + 1 < texts.size(); at += 2) service.replies.emplace_back(texts[at], texts[at + 1]);
  return !texts.empty() && texts.size() % 2 == 0;
}

std::optional<Service> parse_line(const std::string& line) {
  std::istringstream words(line);
  Service service;
  std::string word;
  std::vector<std::string> texts;
  if (!(words >> service.port >> word) || service.port == 0) return std::nullopt;
  const auto manner = manner_of(word);
  if (!manner) return std::nullopt;
  service.manner = *manner;
  while (words >> word) {
    auto text = from_hex(word);
    if (!text) return std::nullopt;
    texts.push_back(std::move(*text));
  }
  if (!take_texts(service, texts)) return std::nullopt;
  return service;
}

}  // namespace

Result<std::vector<Service>> parse_services(const std::string& text) {
  std::vector<Service> services;
  std::istringstream lines(text);
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    auto service = parse_line(line);
    if (!service) {
      return usage_error("line " + std::to_string(number) + ": expected PORT WORD HEX...: " + line);
    }
    services.push_back(std::move(*service));
  }
  return services;
}

}  // namespace sonde
