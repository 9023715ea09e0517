#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace sonde {

/// What a set-up error means to the caller's exit code.
enum class ErrorKind {
  usage,       ///< the input is wrong: exit code 2
  impossible,  ///< not possible here (rights, kernel, limits): exit code 4
  io,          ///< a file or a device failed: the run is not complete, exit code 3
};

/// A set-up error. Its text names the cause and, where there is one, the
/// remedy, in one sentence that needs no context ("targets.txt:3:7: …").
struct Error {
  ErrorKind kind = ErrorKind::usage;
  std::string text;
};

/// A value, or the Error that explains why there is none.
template <typename T>
using Result = tl::expected<T, Error>;

/// Shorthands for `return usage_error("…")` in a function that returns a Result.
inline tl::unexpected<Error> usage_error(std::string text) {
  return tl::unexpected<Error>(Error{ErrorKind::usage, std::move(text)});
}
inline tl::unexpected<Error> impossible_error(std::string text) {
  return tl::unexpected<Error>(Error{ErrorKind::impossible, std::move(text)});
}
inline tl::unexpected<Error> io_error(std::string text) {
  return tl::unexpected<Error>(Error{ErrorKind::io, std::move(text)});
}

}  // namespace sonde
