#pragma once

#include <span>
#include <string>
#include <string_view>

#include "net/base/result.h"

namespace sonde {

/// What the process ends with.
enum class ExitCode : int {
  done = 0,
  usage = 2,       ///< usage or configuration
  degraded = 3,    ///< done, but incomplete; or an output could not be written
  impossible = 4,  ///< not possible here: rights, kernel, limits
  interrupted = 130,
};

/// The exit code that an error stands for.
ExitCode exit_code_of(const Error& error);

/// "0.1.0", from the build.
std::string_view version();

/// One verb of the command line. `args` are the words after the verb.
struct Command {
  std::string_view name;
  std::string_view summary;
  ExitCode (*run)(std::span<const std::string> args);
};

/// Prints "sonde: …" on standard error.
void print_error(std::string_view text);

ExitCode run_scan(std::span<const std::string> args);
ExitCode run_doctor(std::span<const std::string> args);
/// `sonde --version`: version, kernel features found, engines available.
ExitCode run_version(std::span<const std::string> args);

}  // namespace sonde
