#include "engine/target/host_name.h"

#include <algorithm>

namespace sonde {
namespace {

constexpr size_t kLongestName = 253;
constexpr size_t kLongestLabel = 63;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name_byte(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
}
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool labels_fit(std::string_view name) {
  while (true) {
    const size_t dot = name.find('.');
    const std::string_view label = name.substr(0, dot);
    if (label.empty() || label.size() > kLongestLabel || label.front() == '-' || label.back() == '-')
      return false;
    if (dot == std::string_view::npos) return true;
    name.remove_prefix(dot + 1);
  }
}

/// Where the first byte is that no name has; npos when all are good.
size_t first_strange(std::string_view text) {
  const auto* const strange =
      std::find_if_not(text.begin(), text.end(), [](char c) { return c == '.' || is_name_byte(c); });
  return strange == text.end() ? std::string_view::npos : static_cast<size_t>(strange - text.begin());
}

}  // namespace

Parsed<std::string> parse_host_name(std::string_view text) {
  if (const size_t strange = first_strange(text); strange != std::string_view::npos)
    return found_fault(
        strange, text.substr(strange, 1),
        "expected an address or a host name (letters, digits, dots, hyphens; separate targets by "
        "spaces; international names in their xn-- form)");
  const std::string_view name = text.ends_with('.') ? text.substr(0, text.size() - 1) : text;
  if (name.size() > kLongestName || !labels_fit(name))
    return found_fault(0, text, "expected a host name of parts of 1 to 63 letters, digits and inner hyphens");
  const std::string_view last = name.substr(name.rfind('.') + 1);
  if (std::all_of(last.begin(), last.end(), is_digit))
    return found_fault(0, text, "expected an address (a host name does not end in a number)");
  std::string lowered(text);
  std::transform(lowered.begin(), lowered.end(), lowered.begin(), lower);
  return lowered;
}

}  // namespace sonde
