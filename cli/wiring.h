#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/scan_options.h"
#include "cli/syn_wiring.h"
#include "engine/sweep/sweep.h"
#include "engine/target/target_builder.h"
#include "net/interfaces.h"

namespace sonde {

/// How a sweep is going to probe on this machine, decided before it starts.
struct EngineChoice {
  std::string name;  ///< "connect (io_uring)"
  std::string why;   ///< in one sentence
  bool io_uring = false;
  bool xdp = false;
  uint32_t threads = 1;
  uint32_t slots_per_thread = 1;   ///< connects in flight; 0: the engine holds none
  std::vector<std::string> notes;  ///< limits that were hit
  std::unique_ptr<SynSetup> syn;   ///< of the SYN engine; its packet ports are open
};

/// Decides it: the SYN engine where it is permitted and nothing that only
/// connects can do was asked for; else connects, by io_uring where that is
/// permitted, else by epoll; as many threads and slots as the machine's limits
/// and the `steps` of the sweep call for. Raises the soft descriptor limit to
/// the hard one. Error: what was asked for by name is not to be had.
Result<EngineChoice> choose_engine(const ScanConduct& conduct, std::span<const Interface> interfaces,
                                   uint64_t steps);

/// What bounds threads and connects in flight on this machine.
struct EngineBounds {
  uint32_t cpus = 1;         ///< that this process may run on
  uint64_t descriptors = 0;  ///< the soft limit of this process
};

/// The part of choose_engine() that calculates: fills threads, slots_per_thread
/// and notes, by what was asked for and engine.io_uring. All threads together
/// never get more slots than were asked for. Pure.
void share_out(EngineChoice& engine, const ScanConduct& conduct, uint64_t steps, const EngineBounds& bounds);

/// Makes the sweep's crew. The engine must outlive it.
CrewFactory make_crew_factory(EngineChoice& engine, const ScanConduct& conduct,
                              std::vector<IpAddress> own_addresses, const Clock& clock);

/// Opens all outputs; `resumed`: those of the resumed sweep are continued.
Result<std::vector<std::unique_ptr<Sink>>> make_sinks(const ScanOutput& output, bool resumed);

/// The sweep's options from the command line's.
SweepOptions sweep_options(const ScanOptions& options);

/// Tells a sweep by connects which networks are attached, and how much of the
/// kernel's neighbour table it may take. (The SYN engine asks for neighbours itself.)
void protect_neighbour_table(SweepOptions& options, std::span<const Interface> interfaces);

/// Reads and resolves the targets of a command line. A sweep of one machine
/// leaves out the broadcast addresses of its `interfaces`; a shard does not.
Result<BuiltTargets> build_targets(const ScanSubject& subject, std::span<const Interface> interfaces);

/// The targets of a journal, as they were when it was made.
Result<BuiltTargets> rebuild_targets(const JournalPlan& plan);

}  // namespace sonde
