#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <random>

#include "cli/command.h"
#include "cli/figures.h"
#include "cli/output_files.h"
#include "cli/progress.h"
#include "cli/scan_options.h"
#include "cli/scan_plan.h"
#include "cli/silent_gateways.h"
#include "cli/stop_signal.h"
#include "cli/unresolved.h"
#include "cli/wiring.h"
#include "cli/xdp_wiring.h"
#include "net/drop_counters.h"
#include "net/privilege.h"

namespace sonde {
namespace {

/// Everything that is settled before the first packet.
struct Preparation {
  ScanOptions options;
  std::vector<std::string> args;
  std::unique_ptr<Journal> journal;  ///< of a resumed sweep; otherwise made later
  BuiltTargets targets;
  std::vector<Interface> interfaces;
  EngineChoice engine;
  JournalPlan plan;                ///< of the journal: of this run or of the one that is resumed
  CrewFactory crew;                ///< once everything that takes a right is open
  PlannedRoutes routes;            ///< not of the syn engine, which looks at them itself
  std::vector<std::string> notes;  ///< for the summary
  std::string shortfall;           ///< what the targets lack, in a sentence; empty when they are whole
  bool resumed = false;
};

ExitCode fail(const Error& error) {
  print_error(error.text);
  return exit_code_of(error);
}

uint64_t random_seed() {
  std::random_device device;
  return ((uint64_t{device()} << 32) | device()) & ((uint64_t{1} << 53) - 1);
}

/// The options of the journal's first run, with those that are given now on top.
Result<void> take_resumed_options(Preparation& ready, std::span<const std::string> args) {
  Result<std::unique_ptr<Journal>> journal = Journal::open(ready.options.output.resume);
  if (!journal) return tl::unexpected(journal.error());
  ready.journal = std::move(*journal);
  const Result<std::optional<ScanOptions>> first = parse_scan_options(ready.journal->plan().args);
  if (!first) return usage_error("the journal's command line is not to be had again: " + first.error().text);
  if (!*first) return usage_error("the journal's command line is damaged");
  Result<std::optional<ScanOptions>> now = parse_scan_options(args, &**first);
  if (!now) return tl::unexpected(now.error());
  Result<std::vector<std::string>> notes = check_resumed_outputs((*first)->output, (*now)->output);
  if (!notes) return tl::unexpected(notes.error());
  ready.notes = std::move(*notes);
  ready.options = **now;
  recall_outputs(*ready.journal, (*first)->output, ready.options.output);
  ready.args = ready.journal->plan().args;
  ready.resumed = true;
  return {};
}

Result<void> prepare_targets(Preparation& ready) {
  Result<BuiltTargets> targets = ready.resumed ? rebuild_targets(ready.journal->plan())
                                               : build_targets(ready.options.subject, ready.interfaces);
  if (!targets) return tl::unexpected(targets.error());
  ready.targets = std::move(*targets);
  ready.shortfall =
      ready.resumed ? ready.journal->plan().shortfall : unresolved_text(ready.targets.unresolved);
  return {};
}

Shard shard_of(const Preparation& ready) {
  if (!ready.journal) return ready.options.subject.shard;
  return {ready.journal->plan().shard_index, ready.journal->plan().shard_count};
}

Result<void> prepare(Preparation& ready) {
  Result<std::vector<Interface>> interfaces = list_interfaces();
  if (!interfaces) return tl::unexpected(interfaces.error());
  ready.interfaces = std::move(*interfaces);
  if (Result<void> targets = prepare_targets(ready); !targets) return targets;
  const uint64_t steps = ShardWalk(ready.targets.set.size(), shard_of(ready)).steps();
  if (steps == 0)
    return usage_error("shard " + shard_of(ready).to_string() +
                       " is empty: there are fewer endpoints than shards");
  Result<EngineChoice> engine = choose_engine(ready.options.conduct, ready.interfaces, steps);
  if (!engine) return tl::unexpected(engine.error());
  ready.engine = std::move(*engine);
  return {};
}

JournalPlan plan_of(const Preparation& ready) {
  if (ready.journal) return ready.journal->plan();
  const ScanSubject& subject = ready.options.subject;
  JournalPlan plan;
  plan.args = ready.args;
  plan.ports = ready.targets.set.ports().to_string();
  plan.shortfall = ready.shortfall;
  plan.digest = ready.targets.set.digest();
  plan.seed = subject.seed.value_or(random_seed());
  plan.shard_index = subject.shard.index;
  plan.shard_count = subject.shard.count;
  plan.steps = ShardWalk(ready.targets.set.size(), subject.shard).steps();
  plan.slice_steps = ready.engine.xdp ? kMostXdpSliceSteps : kMostSliceSteps;
  if (!ready.options.output.journal.empty()) plan.targets = ready.targets.set.canonical_text();
  return plan;
}

Result<void> make_journal(Preparation& ready) {
  if (ready.journal) return {};
  const std::string& path = ready.options.output.journal;
  Result<std::unique_ptr<Journal>> journal =
      path.empty() ? Journal::in_memory(ready.plan)
                   : Journal::create(path, ready.plan, files_of(ready.options.output));
  if (!journal) return tl::unexpected(journal.error());
  ready.journal = std::move(*journal);
  return {};
}

std::vector<IpAddress> own_addresses(const std::vector<Interface>& interfaces) {
  std::vector<IpAddress> addresses;
  for (const Interface& interface : interfaces) {
    for (const InterfaceAddress& address : interface.addresses) addresses.push_back(address.address);
  }
  return addresses;
}

/// Warnings first, which --quiet does not silence.
void tell_start(const Preparation& ready) {
  if (!ready.shortfall.empty()) print_error(ready.shortfall);
  for (const std::string& note : ready.notes) print_error(note);
  if (ready.options.output.quiet) return;
  const uint64_t steps = ready.journal->plan().steps;
  const uint32_t slots = ready.engine.slots_per_thread;
  print_error(
      fmt::format("{} by {}, {}{}; seed {}", counted(steps, "endpoint", "endpoints"), ready.engine.name,
                  counted(ready.engine.threads, "thread", "threads"),
                  slots > 0 ? fmt::format(" with up to {} connects in flight each", grouped(slots)) : "",
                  ready.journal->plan().seed));
  if (!shard_of(ready).whole()) {
    print_error(fmt::format(
        "target digest {:016x}: equal on every machine of this sweep, or the shards do not fit together",
        ready.journal->plan().digest));
  }
  for (const std::string& note : ready.engine.notes) print_error(note);
}

/// How an unfinished sweep is completed; empty when it kept no journal.
std::string way_to_resume(const Preparation& ready) {
  const ScanOutput& output = ready.options.output;
  const std::string& path = ready.resumed ? output.resume : output.journal;
  return path.empty() ? "" : "go on with: sonde scan --resume " + path;
}

/// The verdicts of the whole sweep, and how much of it this run did.
std::string closing_line(const SummaryRecord& summary) {
  std::string line = fmt::format("{} open, {} closed, {} filtered, {}; {} in {}", grouped(summary.open),
                                 grouped(summary.closed), grouped(summary.filtered),
                                 counted(summary.errors, "error", "errors"),
                                 counted(summary.books.sent, "probe", "probes"), in_time(summary.elapsed_s));
  if (summary.resumed == 0) return line;
  if (summary.resumed >= summary.endpoints) return line + "; all was decided before, nothing was left to do";
  const uint64_t decided = summary.endpoints - summary.unreported;
  return line + fmt::format("; {} endpoints decided before, {} now", grouped(summary.resumed),
                            grouped(decided - std::min(decided, summary.resumed)));
}

void tell_end(const Preparation& ready, const SummaryRecord& summary) {
  const ScanOutput& output = ready.options.output;
  if (summary.interrupted) {
    const std::string way = way_to_resume(ready);
    print_error(fmt::format("interrupted: {} of {} endpoints have no verdict yet; {}",
                            grouped(summary.unreported), grouped(summary.endpoints),
                            way.empty() ? "with --journal FILE a sweep can be resumed" : way));
  }
  const bool table_tells = std::ranges::any_of(output.outputs, [](const OutputSpec& spec) {
    return spec.path == "-" && spec.format.value_or(OutputFormat::table) == OutputFormat::table;
  });
  if (output.quiet || table_tells) return;
  print_error(closing_line(summary));
  for (const std::string& note : summary.notes) print_error(note);
}

ExitCode exit_code_of(const SummaryRecord& summary) {
  if (summary.interrupted) return ExitCode::interrupted;
  return summary.degraded ? ExitCode::degraded : ExitCode::done;
}

ExitCode fail_sweep(const Preparation& ready, const Error& error) {
  print_error(error.text);
  if (const std::string way = way_to_resume(ready); !way.empty()) print_error(way);
  return exit_code_of(error);
}

std::vector<InterfaceCounters> counters_of(std::span<const uint32_t> interfaces) {
  return read_interface_counters(interfaces).value_or(std::vector<InterfaceCounters>{});
}

/// What the kernel drops unseen, from now on, each in a sentence.
decltype(Sweep::Parts::explain_drops) drops_from_now(const Preparation& ready) {
  if (ready.engine.syn) {
    return [&engine = ready.engine](const std::optional<PacketBooks>& packets) {
      return engine.syn->explain_drops(packets.value_or(PacketBooks{}));
    };
  }
  std::vector<uint32_t> used = interfaces_of(ready.routes);
  std::vector<InterfaceCounters> before = counters_of(used);
  if (ready.engine.xdp) {
    return [used = std::move(used), before = std::move(before)](const std::optional<PacketBooks>& packets) {
      const PacketBooks books = packets.value_or(PacketBooks{});
      return explain_interface_drops(before, counters_of(used), {.refused = books.refused, .taken = books.answers});
    };
  }
  return [&ready, used = std::move(used), before = std::move(before),
          dropped = read_drop_counters()](const std::optional<PacketBooks>&) {
    std::vector<std::string> drops = explain_drops(dropped, read_drop_counters());
    std::ranges::move(explain_link_losses(before, counters_of(used)), std::back_inserter(drops));
    std::ranges::move(silent_gateways(ready.routes), std::back_inserter(drops));
    return drops;
  };
}

SummaryRecord summary_of(const Preparation& ready) {
  SummaryRecord summary;
  summary.version = version();
  summary.args = ready.args;
  summary.notes = ready.notes;
  if (!ready.shortfall.empty()) {
    summary.notes.push_back(ready.shortfall);
    summary.degraded = true;
  }
  summary.notes.insert(summary.notes.end(), ready.engine.notes.begin(), ready.engine.notes.end());
  return summary;
}

SweepOptions options_of(const Preparation& ready) {
  SweepOptions options = sweep_options(ready.options);
  if (!ready.engine.syn && !ready.engine.xdp) protect_neighbour_table(options, ready.interfaces);
  return options;
}

/// Everything that takes a right is open; what comes now is foreign bytes.
Result<void> give_up_rights(const EngineChoice& engine) {
  return engine.syn || engine.xdp ? drop_capabilities() : Result<void>{};
}

ExitCode run_sweep(Preparation& ready, std::span<const std::unique_ptr<Sink>> sinks, const Clock& clock,
                   const StopSignal& stop) {
  if (Result<void> given_up = give_up_rights(ready.engine); !given_up)
    return fail_sweep(ready, given_up.error());
  tell_start(ready);
  Progress progress(stderr, isatty(STDERR_FILENO) != 0);
  Sweep::Parts parts{.targets = ready.targets.set,
                     .journal = *ready.journal,
                     .clock = clock,
                     .crew_factory = std::move(ready.crew),
                     .sinks = sinks,
                     .explain_drops = drops_from_now(ready),
                     .stop_asked = [&stop] { return stop.asked(); },
                     .on_status = {}};
  if (!ready.options.output.quiet)
    parts.on_status = [&progress](const SweepStatus& status) { progress.update(status); };
  const Result<SummaryRecord> done = Sweep(options_of(ready), std::move(parts)).run(summary_of(ready));
  progress.clear();
  if (!done) return fail_sweep(ready, done.error());
  tell_end(ready, *done);
  if (ready.engine.syn) {
    if (const Result<void> captured = ready.engine.syn->capture_state(); !captured)
      return fail(captured.error());
  }
  return exit_code_of(*done);
}

Result<void> open_capture(Preparation& ready, const Clock& clock) {
  const std::string& path = ready.options.conduct.capture;
  if (path.empty()) return {};
  const Result<void> opened = ready.engine.syn->open_capture(path, clock);
  if (!opened)
    return usage_error("--capture " + opened.error().text +
                       ": name a file in a directory that you may write to");
  return {};
}

/// Opens everything that the sweep writes, and only then changes what is there
/// already: a run that cannot start leaves all files as they were. The journal
/// is made last but for that, so that there is one only when there are outputs
/// to go on with.
Result<std::vector<std::unique_ptr<Sink>>> open_files(Preparation& ready, const Clock& clock) {
  const std::string& capture = ready.options.conduct.capture;
  if (Result<void> free = check_new_files(ready.resumed ? "" : ready.options.output.journal, capture); !free)
    return tl::unexpected(free.error());
  Result<std::vector<std::unique_ptr<Sink>>> sinks = make_sinks(ready.options.output, ready.resumed);
  if (!sinks) return sinks;
  if (Result<void> opened = open_capture(ready, clock); !opened) return tl::unexpected(opened.error());
  Result<void> made = make_journal(ready);
  if (!made) {
    if (!capture.empty()) unlink(capture.c_str());  // it was made here, and holds nothing yet
    return tl::unexpected(made.error());
  }
  if (Result<void> begun = begin_outputs(ready.options.output, *sinks, *ready.journal); !begun)
    return tl::unexpected(begun.error());
  return sinks;
}

/// With everything open that takes a right.
Result<CrewFactory> open_crew(Preparation& ready, const Clock& clock, const StopSignal& stop) {
  const ScanConduct& conduct = ready.options.conduct;
  ready.plan = plan_of(ready);
  if (!ready.engine.syn) ready.routes = plan_routes(ready.targets.set, conduct.source).value_or(PlannedRoutes{});
  if (!ready.engine.xdp)
    return make_crew_factory(ready.engine, conduct, own_addresses(ready.interfaces), clock);
  const XdpOrder order{conduct,
                       ready.interfaces,
                       ready.targets.set,
                       ready.plan,
                       ready.options.output.show,
                       ready.engine.threads};
  return open_xdp(order, clock, [&stop] { return stop.asked(); });
}

ExitCode sweep(Preparation& ready) {
  const StopSignal stop;  // opening a named pipe waits for its reader, and Ctrl-C must end that too
  const SystemClock clock;
  Result<CrewFactory> crew = open_crew(ready, clock, stop);
  if (!crew) return fail(crew.error());
  if (stop.asked()) return ExitCode::interrupted;  // before it has touched any file
  ready.crew = std::move(*crew);
  const Result<std::vector<std::unique_ptr<Sink>>> sinks = open_files(ready, clock);
  if (!sinks) return fail(sinks.error());
  return run_sweep(ready, *sinks, clock, stop);
}

ExitCode tell_plan(const Preparation& ready) {
  if (ready.engine.xdp) {
    const Result<void> possible =
        check_xdp_targets(ready.options.conduct, ready.interfaces, ready.targets.set);
    if (!possible) return fail(possible.error());
  }
  const Result<std::string> plan = describe_plan(ready.options, ready.targets, ready.engine, shard_of(ready));
  if (!plan) return fail(plan.error());
  fmt::print("{}", *plan);
  return ExitCode::done;
}

}  // namespace

ExitCode run_scan(std::span<const std::string> args) {
  Preparation ready;
  ready.args.assign(args.begin(), args.end());
  Result<std::optional<ScanOptions>> options = parse_scan_options(args);
  if (!options) return fail(options.error());
  if (!*options) return ExitCode::done;  // --help
  ready.options = **options;
  if (!ready.options.output.resume.empty()) {
    if (Result<void> taken = take_resumed_options(ready, args); !taken) return fail(taken.error());
  }
  if (Result<void> prepared = prepare(ready); !prepared) return fail(prepared.error());
  return ready.options.output.plan ? tell_plan(ready) : sweep(ready);
}

}  // namespace sonde
