#include <fmt/core.h>

#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "cli/doctor.h"

namespace sonde {

ExitCode run_doctor(std::span<const std::string> args) {
  bool json = false;
  CLI::App app(
      "What this machine allows a sweep: rights, kernel features, limits, routes; for each\nproblem its "
      "cause and remedy. Sends nothing, changes nothing.",
      "sonde doctor");
  app.add_flag("--json", json, "one JSON object instead of text");
  app.footer("Exit codes: 0 a sweep is possible here, 2 usage, 4 it is not.");
  try {
    app.parse(std::vector<std::string>(args.rbegin(), args.rend()));
  } catch (const CLI::CallForHelp&) {
    fmt::print("{}", app.help());
    return ExitCode::done;
  } catch (const CLI::ParseError& error) {
    print_error(std::string(error.what()) + "; `sonde doctor --help` lists the options");
    return ExitCode::usage;
  }
  const DoctorFacts facts = gather_doctor_facts(std::string(version()));
  fmt::print("{}", json ? render_doctor_json(facts) : render_doctor(facts));
  return static_cast<ExitCode>(doctor_exit_code(facts));
}

ExitCode run_version(std::span<const std::string>) {
  const DoctorFacts facts = gather_doctor_facts(std::string(version()));
  fmt::print("sonde {} on Linux {}\n", version(), facts.kernel.release);
  for (const EngineAvailability& engine : judge_engines(facts)) {
    fmt::print("  engine {}: {}{}\n", engine.name, engine.available ? "available" : "not available",
               engine.why.empty() ? "" : " (" + engine.why + ")");
  }
  return ExitCode::done;
}

}  // namespace sonde
