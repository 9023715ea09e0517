#pragma once

#include <cstddef>
#include <string_view>

namespace sonde {

/// What the line-based protocols share: replies that begin with a code of three
/// digits, of several lines while the code is followed by '-' (RFC 5321 §4.2.1,
/// RFC 959 §4.2), and keywords in any case.

/// Whether the line begins with a code of three digits.
inline bool has_any_code(std::string_view line) {
  constexpr std::string_view kDigits = "0123456789";
  return line.size() >= 3 && line.substr(0, 3).find_first_not_of(kDigits) == std::string_view::npos;
}

/// "250-STARTTLS": more lines of this reply follow.
inline bool is_continued(std::string_view line) { return has_any_code(line) && line.size() > 3 && line[3] == '-'; }

/// A code that says no: of the four hundreds (not now) or five hundreds (never).
inline bool says_no(std::string_view line) { return has_any_code(line) && (line[0] == '4' || line[0] == '5'); }

/// Whether the line is of that code; "2" is any code of the two hundreds.
inline bool has_code(std::string_view line, std::string_view code) { return line.starts_with(code); }

/// Whether a line has a word, in any case: between spaces, quotes or its ends.
bool has_word(std::string_view line, std::string_view word);

}  // namespace sonde
