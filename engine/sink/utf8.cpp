#include "engine/sink/utf8.h"

#include <algorithm>
#include <array>

namespace sonde {
namespace {

struct Range {
  char32_t first, last;
};

constexpr std::array kHidden = {Range{0x00, 0x1f},     Range{0x7f, 0x9f},      Range{0xad, 0xad},
                                Range{0x61c, 0x61c},   Range{0x180e, 0x180e},  Range{0x200b, 0x200f},
                                Range{0x2028, 0x202e}, Range{0x2060, 0x206f},  Range{0xfeff, 0xfeff},
                                Range{0xfff9, 0xfffb}, Range{0xe0000, 0xe007f}};

/// What the first byte of a sequence says: its length, its own bits, and the
/// least code point that may be written at this length.
struct Lead {
  size_t length;
  char32_t bits;
  char32_t least;
};

Lead lead_of(unsigned char byte) {
  if (byte < 0x80) return {1, byte, 0};
  if (byte >= 0xc0 && byte < 0xe0) return {2, byte & 0x1fu, 0x80};
  if (byte >= 0xe0 && byte < 0xf0) return {3, byte & 0x0fu, 0x800};
  if (byte >= 0xf0 && byte < 0xf8) return {4, byte & 0x07u, 0x10000};
  return {0, 0, 0};
}

bool is_surrogate(char32_t value) { return value >= 0xd800 && value < 0xe000; }

}  // namespace

std::optional<CodePoint> first_code_point(std::string_view bytes) {
  const Lead lead = lead_of(static_cast<unsigned char>(bytes.front()));
  if (lead.length == 0 || bytes.size() < lead.length) return std::nullopt;
  char32_t value = lead.bits;
  for (const char c : bytes.substr(1, lead.length - 1)) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xc0u) != 0x80u) return std::nullopt;
    value = (value << 6) | (byte & 0x3fu);
  }
  if (value < lead.least || value > 0x10ffff || is_surrogate(value)) return std::nullopt;
  return CodePoint{value, lead.length};
}

bool is_utf8(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto code_point = first_code_point(bytes);
    if (!code_point) return false;
    bytes.remove_prefix(code_point->length);
  }
  return true;
}

bool is_hidden(char32_t code_point) {
  if (code_point >= ' ' && code_point <= '~') return false;  // nearly always
  return std::any_of(kHidden.begin(), kHidden.end(), [&](const Range& range) {
    return range.first <= code_point && code_point <= range.last;
  });
}

bool has_hidden(std::string_view bytes) {
  while (!bytes.empty()) {
    const CodePoint code_point = first_code_point(bytes).value_or(CodePoint{U'?', 1});
    if (code_point.value > 0x1f && is_hidden(code_point.value)) return true;
    bytes.remove_prefix(code_point.length);
  }
  return false;
}

std::string printable_ascii(std::string_view bytes, size_t longest) {
  std::string result(bytes.substr(0, longest));
  for (char& c : result) {
    if (c < ' ' || c > '~') c = '.';
  }
  return result;
}

std::string printable_text(std::string_view text, size_t longest) {
  std::string result;
  for (size_t count = 0; count < longest && !text.empty(); ++count) {
    const CodePoint code_point = first_code_point(text).value_or(CodePoint{0, 1});
    if (is_hidden(code_point.value)) {
      result += '?';
    } else {
      result += text.substr(0, code_point.length);
    }
    text.remove_prefix(code_point.length);
  }
  return result;
}

}  // namespace sonde
