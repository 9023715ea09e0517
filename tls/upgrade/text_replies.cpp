#include "tls/upgrade/text_replies.h"

#include <algorithm>
#include <cctype>

namespace sonde {
namespace {

bool is_same(char one, char other) {
  return std::tolower(static_cast<unsigned char>(one)) == std::tolower(static_cast<unsigned char>(other));
}

bool is_border(char byte) { return byte == ' ' || byte == '"' || byte == '\t' || byte == '-' || byte == '='; }

}  // namespace

bool has_word(std::string_view line, std::string_view word) {
  for (auto at = line.begin();; ++at) {
    at = std::search(at, line.end(), word.begin(), word.end(), is_same);
    if (at == line.end()) return false;
    const auto after = at + static_cast<std::ptrdiff_t>(word.size());
    if ((at == line.begin() || is_border(*(at - 1))) && (after == line.end() || is_border(*after))) return true;
  }
}

}  // namespace sonde
