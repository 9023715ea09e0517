#pragma once

#include <string_view>

namespace sonde {

/// What the line-based protocols share: replies that begin with a code of three
/// digits, of several lines while the code is followed by '-' (RFC 5321 §4.2.1,
/// RFC 959 §4.2), and keywords in any case.

/// "250-STARTTLS": more lines of this reply follow.
inline bool is_continued(std::string_view line) { return line.size() > 3 && line[3] == '-'; }

/// Whether the line is of that code; "2" is any code of the two hundreds.
inline bool has_code(std::string_view line, std::string_view code) { return line.starts_with(code); }

/// Whether a line has a word, in any case: between spaces, quotes or its ends.
bool has_word(std::string_view line, std::string_view word);

}  // namespace sonde
