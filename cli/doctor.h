#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/base/result.h"
#include "net/firewall.h"
#include "net/interfaces.h"
#include "net/kernel_features.h"
#include "net/limits.h"
#include "net/privilege.h"
#include "net/route.h"

namespace sonde {

/// Everything that `sonde doctor` knows about this machine. Plain data: what
/// could not be found out is an error text instead of a value.
struct DoctorFacts {
  std::string version;  ///< of sonde
  KernelFeatures kernel;
  Result<Privileges> privileges;
  Limits limits;
  Result<std::vector<Interface>> interfaces;
  Result<std::vector<TableRoute>> routes;  ///< of the main table, and of tables that rules lead to
  Result<std::vector<FirewallChain>> firewall;
};

/// Finds them out. Sends nothing, changes nothing.
DoctorFacts gather_doctor_facts(std::string version);

/// How bad a diagnosis is.
enum class Severity : uint8_t {
  note,     ///< worth knowing
  warning,  ///< a sweep works, with less speed or less certainty
  problem,  ///< no sweep is possible before this is mended
};

/// "note", "warning", "problem".
std::string_view to_string(Severity severity);

/// Something about this machine that stands in a sweep's way.
struct Diagnosis {
  Severity severity = Severity::note;
  std::string cause;
  std::string remedy;
  friend bool operator==(const Diagnosis&, const Diagnosis&) = default;
};

/// One way to sweep, and whether it is to be had here.
struct EngineAvailability {
  std::string name;  ///< "syn", "connect (io_uring)", "connect (epoll)"
  bool available = false;
  std::string why;  ///< in one sentence
};

/// The engines of this version, best first. Pure.
std::vector<EngineAvailability> judge_engines(const DoctorFacts& facts);

/// What stands in a sweep's way, worst first. Pure.
std::vector<Diagnosis> diagnose(const DoctorFacts& facts);

/// The report for a reader: plain text, ends with a newline. Pure.
std::string render_doctor(const DoctorFacts& facts);

/// The same as one JSON object, ends with a newline. Always valid UTF-8. Pure.
std::string render_doctor_json(const DoctorFacts& facts);

/// 0 when a sweep is possible here, 4 when it is not.
int doctor_exit_code(const DoctorFacts& facts);

}  // namespace sonde
