#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace sonde {

/// What is wrong within a piece of text that does not know where it stands:
/// whoever knows the place turns it into an Error.
struct Fault {
  size_t offset = 0;  ///< from the start of the piece, in bytes from 0
  std::string text;   ///< "found …, expected …"
};

/// A value, or what is wrong with the text that should have given it.
template <typename T>
using Parsed = tl::expected<T, Fault>;

/// `return found_fault(3, part, "expected …")`: the found part is quoted.
tl::unexpected<Fault> found_fault(size_t offset, std::string_view found, std::string_view expected);

/// Text in double quotes for a message: bytes that are not printable ASCII as
/// \xNN, and cut off after 60 bytes. Safe for terminals.
std::string quoted_part(std::string_view text);

}  // namespace sonde
