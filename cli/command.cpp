#include "cli/command.h"

#include <fmt/core.h>

#include <cstdio>

namespace sonde {

ExitCode exit_code_of(const Error& error) {
  switch (error.kind) {
    case ErrorKind::usage: return ExitCode::usage;
    case ErrorKind::impossible: return ExitCode::impossible;
    case ErrorKind::io: return ExitCode::degraded;
  }
  return ExitCode::usage;
}

std::string_view version() { return SONDE_VERSION; }

void print_error(std::string_view text) { fmt::print(stderr, "sonde: {}\n", text); }

}  // namespace sonde
