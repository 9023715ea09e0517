#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace sonde {

/// The code point at the start of `bytes`, with its length; nullopt when no
/// valid UTF-8 sequence starts there (RFC 3629: no overlong forms, no
/// surrogates, nothing above U+10FFFF). `bytes` is not empty.
struct CodePoint {
  char32_t value = 0;
  size_t length = 0;
};
std::optional<CodePoint> first_code_point(std::string_view bytes);

/// Whether all of it is valid UTF-8.
bool is_utf8(std::string_view bytes);

/// Whether a code point can do something to a terminal, or to the reader,
/// rather than show a character: control characters (C0, DEL, C1), line and
/// paragraph separators, direction and joining marks, tags.
bool is_hidden(char32_t code_point);

/// Whether some code point in valid or invalid UTF-8 is_hidden() beyond C0
/// (which every format escapes anyway).
bool has_hidden(std::string_view bytes);

/// For a person's terminal, from bytes that a peer chose: printable ASCII as
/// it is, '.' for each other byte; at most `longest` bytes.
std::string printable_ascii(std::string_view bytes, size_t longest);

/// For a person's terminal, from text that a user chose: UTF-8 as it is, '?'
/// for each hidden code point and each byte that is not UTF-8; at most
/// `longest` code points.
std::string printable_text(std::string_view text, size_t longest);

}  // namespace sonde
