#include <fmt/core.h>

#include <array>
#include <csignal>
#include <string>
#include <vector>

#include "cli/command.h"

namespace {

using sonde::Command;
using sonde::ExitCode;

constexpr std::array kCommands = {
    Command{"scan", "sweep a fleet: which endpoints are open, closed, filtered, and why", sonde::run_scan},
    Command{"doctor", "what this machine allows a sweep: rights, kernel, limits, routes", sonde::run_doctor},
};

void print_usage(std::FILE* to) {
  fmt::print(to, "sonde {}: finds out what a fleet's TCP services really do, fast and truthfully\n\n",
             sonde::version());
  fmt::print(to, "usage: sonde COMMAND [OPTION...]\n\n");
  for (const Command& command : kCommands) fmt::print(to, "  {:<8} {}\n", command.name, command.summary);
  fmt::print(to,
             "\n`sonde COMMAND --help` tells all of a command, with examples; `sonde --version` what this "
             "build is.\n"
             "Exit codes: 0 done and complete, 2 usage, 3 done but degraded, 4 not possible here, 130 "
             "interrupted.\n");
}

ExitCode run(const std::vector<std::string>& words) {
  if (words.empty()) {
    print_usage(stderr);
    return ExitCode::usage;
  }
  if (words[0] == "--help" || words[0] == "-h" || words[0] == "help") {
    print_usage(stdout);
    return ExitCode::done;
  }
  const std::vector<std::string> args(words.begin() + 1, words.end());
  if (words[0] == "--version" || words[0] == "-V") return sonde::run_version(args);
  for (const Command& command : kCommands) {
    if (words[0] == command.name) return command.run(args);
  }
  sonde::print_error("there is no command '" + words[0] + "': `sonde --help` lists the commands");
  return ExitCode::usage;
}

}  // namespace

int main(int argc, char** argv) {
  // A reader that went away is an error of write(2) with a text, not a silent death.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  return static_cast<int>(run(std::vector<std::string>(argv + 1, argv + argc)));
}
