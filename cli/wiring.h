#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/scan_options.h"
#include "engine/sweep/sweep.h"
#include "engine/target/target_builder.h"
#include "net/interfaces.h"

namespace sonde {

/// How a sweep is going to probe on this machine, decided before it starts.
struct EngineChoice {
  std::string name;            ///< "connect (io_uring)"
  std::string why;             ///< in one sentence
  bool io_uring = false;
  uint32_t threads = 1;
  uint32_t slots_per_thread = 1;
  std::vector<std::string> notes;  ///< limits that were hit
};

/// Decides it: io_uring where it is permitted, else epoll; as many threads and
/// slots as the machine's limits and the `steps` of the sweep call for. Raises
/// the soft descriptor limit to the hard one. Error: what was asked for by name
/// is not to be had.
Result<EngineChoice> choose_engine(const ScanConduct& conduct, uint64_t steps);

/// Makes each worker's prober.
ProberFactory make_prober_factory(const EngineChoice& engine, const ScanConduct& conduct,
                                  std::vector<IpAddress> own_addresses, const Clock& clock);

/// Opens all outputs; `resumed`: those of the resumed sweep are continued.
Result<std::vector<std::unique_ptr<Sink>>> make_sinks(const ScanOutput& output, bool resumed);

/// The sweep's options from the command line's.
SweepOptions sweep_options(const ScanOptions& options, const EngineChoice& engine);

/// Reads and resolves the targets of a command line.
Result<BuiltTargets> build_targets(const ScanSubject& subject, std::span<const Interface> interfaces);

/// The targets of a journal, as they were when it was made.
Result<BuiltTargets> rebuild_targets(const JournalPlan& plan);

}  // namespace sonde
