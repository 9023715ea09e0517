#include "cli/wiring.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "cli/xdp_wiring.h"
#include "engine/probe/connect_prober.h"
#include "engine/sweep/probing_crew.h"
#include "net/epoll_tcp_driver.h"
#include "net/held_neighbours.h"
#include "net/kernel_features.h"
#include "net/limits.h"
#include "net/neighbour_limits.h"
#include "net/privilege.h"
#include "net/route.h"
#include "net/uring_tcp_driver.h"

namespace sonde {
namespace {

constexpr uint32_t kDefaultConcurrency = 16384;
// Descriptors that are not for probes: outputs, journal, terminal, ring.
constexpr uint64_t kReservedDescriptors = 64;
// A thread for fewer endpoints than that costs more than it brings.
constexpr uint64_t kFewestStepsPerThread = 1024;

uint32_t choose_threads(uint32_t asked, uint32_t cpus, uint64_t steps) {
  if (asked > 0) return asked;
  const uint64_t useful = steps / kFewestStepsPerThread + 1;
  return static_cast<uint32_t>(std::min<uint64_t>(cpus, useful));
}

/// How many slots one thread can have under the descriptor limit: a table of
/// direct descriptors may be as large as the limit, in every ring; ordinary
/// descriptors are shared by all threads.
uint64_t most_slots(bool io_uring, uint64_t descriptor_limit, uint32_t threads) {
  if (io_uring) return std::min<uint64_t>(descriptor_limit, kMostUringSlots);
  const uint64_t usable = descriptor_limit > 2 * kReservedDescriptors
                              ? descriptor_limit - kReservedDescriptors
                              : descriptor_limit / 2;
  return std::max<uint64_t>(1, usable / threads);
}

Result<bool> choose_io(IoChoice asked, EngineChoice& engine) {
  if (asked == IoChoice::epoll) {
    engine.why = "--io epoll";
    return false;
  }
  // The sure way to know is to try.
  const Result<std::unique_ptr<TcpDriver>> trial = make_uring_tcp_driver(1, {});
  if (trial) {
    engine.why = "full handshakes by the kernel, no privilege needed";
    return true;
  }
  if (asked == IoChoice::io_uring) return tl::unexpected(trial.error());
  engine.why = trial.error().text;
  engine.notes.push_back("on epoll, since " + trial.error().text);
  return false;
}

/// `instead`: why it is not the SYN engine; empty when connects were asked for.
Result<EngineChoice> choose_connect(const ScanConduct& conduct, uint64_t steps, const EngineBounds& bounds,
                                    const std::string& instead) {
  EngineChoice engine;
  const Result<bool> io_uring = choose_io(conduct.io, engine);
  if (!io_uring) return tl::unexpected(io_uring.error());
  engine.io_uring = *io_uring;
  engine.name = engine.io_uring ? "connect (io_uring)" : "connect (epoll)";
  if (!instead.empty()) engine.notes.push_back("by connects instead of raw SYNs: " + instead);
  share_out(engine, conduct, steps, bounds);
  return engine;
}

Result<EngineChoice> choose_syn(const ScanConduct& conduct, std::span<const Interface> interfaces,
                                uint64_t steps, const EngineBounds& bounds) {
  if (const Result<void> raised = raise_capability(Capability::net_raw); !raised)
    return impossible_error(raised.error().text + ", or use --engine connect");
  EngineChoice engine;
  engine.threads = choose_threads(conduct.threads, bounds.cpus, steps);
  Result<std::unique_ptr<SynSetup>> setup = SynSetup::open(conduct, interfaces, engine.threads);
  if (!setup) return tl::unexpected(setup.error());
  engine.syn = std::move(*setup);
  engine.name = "syn";
  engine.why = "half-open, by packets of its own";
  engine.slots_per_thread = 0;
  engine.notes = engine.syn->notes();
  return engine;
}

/// Its programs are loaded later, when the order of the sweep is known.
Result<EngineChoice> choose_xdp(const ScanConduct& conduct, std::span<const Interface> interfaces,
                                uint64_t steps, const EngineBounds& bounds) {
  if (conduct.rate > 0 && conduct.rate < kLeastXdpRate) {
    Result<EngineChoice> syn = choose_syn(conduct, interfaces, steps, bounds);
    if (syn) syn->notes.push_back("by raw SYNs instead of XDP: below --rate 50k they do as well");
    return syn;
  }
  if (Result<void> raised = raise_xdp_rights(); !raised) return tl::unexpected(raised.error());
  EngineChoice engine;
  engine.xdp = true;
  engine.name = "xdp";
  engine.why = "half-open, by programs in the kernel";
  engine.threads = std::max(1u, conduct.threads);
  engine.slots_per_thread = 0;
  return engine;
}

/// What was asked for that half-open probing cannot do; empty when nothing was.
std::string only_connects_can(const ScanConduct& conduct) {
  if (conduct.polite) return "--polite ends real connections";
  if (conduct.concurrency > 0) return "--concurrency counts connects";
  if (conduct.io != IoChoice::automatic) return "--io is about connects";
  return "";
}

TargetRequest request_of(const ScanSubject& subject) {
  TargetRequest request;
  request.arguments = subject.targets;
  request.files = subject.target_files;
  request.excludes = subject.excludes;
  request.exclude_files = subject.exclude_files;
  request.allow_public = subject.allow_public;
  request.stdin_fd = STDIN_FILENO;
  return request;
}

Result<void> read_ports(const ScanSubject& subject, TargetRequest& request) {
  if (subject.ports.empty() && subject.top_ports == 0) return {};
  Result<PortSet> ports =
      subject.top_ports > 0 ? PortSet::top(subject.top_ports) : PortSet::parse(subject.ports);
  if (!ports) return usage_error((subject.top_ports > 0 ? "--top-ports: " : "-p: ") + ports.error().text);
  request.ports = std::move(*ports);
  return {};
}

/// An anonymous file that holds the text, at its start; the caller owns it.
Result<int> file_of(const std::string& text) {
  const int descriptor = memfd_create("targets", MFD_CLOEXEC);
  for (size_t written = 0; descriptor >= 0 && written < text.size();) {
    const ssize_t count = write(descriptor, text.data() + written, text.size() - written);
    if (count < 0) {
      close(descriptor);
      return impossible_error(std::string("no memory for the journal's targets: ") + std::strerror(errno));
    }
    written += static_cast<size_t>(count);
  }
  if (descriptor < 0)
    return impossible_error(std::string("no memory file for the journal's targets: ") + std::strerror(errno));
  lseek(descriptor, 0, SEEK_SET);
  return descriptor;
}

/// Asks the kernel's routing, over a socket of its own: for one thread.
std::function<bool(const IpAddress&)> neighbour_question() {
  const auto table = std::make_shared<Result<RouteTable>>(RouteTable::open());
  return [table](const IpAddress& address) {
    if (address.is_link_local_v6() || !*table) return true;
    const Result<Route> route = (*table)->route_to(address);
    return !route || !route->gateway;
  };
}

/// What a sweep may take of a neighbour table: others need it too.
size_t share_of(const NeighbourLimit& limit) {
  return std::max<size_t>(1, static_cast<size_t>(limit.most) * 4 / 5);
}

ProberFactory connect_prober_factory(const EngineChoice& engine, const ScanConduct& conduct,
                                     std::vector<IpAddress> own_addresses, const Clock& clock) {
  ConnectProberOptions options;
  options.timeout = conduct.timeout;
  options.banner = conduct.banner;
  options.close_mode = conduct.polite ? CloseMode::polite : CloseMode::reset;
  options.own_addresses = std::move(own_addresses);
  SourceOptions from = conduct.source;
  from.own_addresses = options.own_addresses;
  std::sort(from.own_addresses.begin(), from.own_addresses.end());
  return [options, from, io_uring = engine.io_uring, slots = engine.slots_per_thread,
          &clock](uint32_t) -> Result<std::unique_ptr<Prober>> {
    auto driver = io_uring ? make_uring_tcp_driver(slots, from) : make_epoll_tcp_driver(slots, from);
    if (!driver) return tl::unexpected(driver.error());
    ConnectProberOptions own = options;
    own.is_neighbour = neighbour_question();
    return std::make_unique<ConnectProber>(std::move(*driver), std::move(own), clock.now());
  };
}

}  // namespace

void protect_neighbour_table(SweepOptions& options, std::span<const Interface> interfaces) {
  const NeighbourLimits limits = read_neighbour_limits();
  options.most_neighbours_v4 = share_of(limits.v4);
  options.most_neighbours_v6 = share_of(limits.v6);
  if (Result<NeighbourTable> neighbours = NeighbourTable::open()) {
    const auto shared = std::make_shared<NeighbourTable>(std::move(*neighbours));
    options.neighbour_census = [shared] { return shared->held().value_or(std::vector<IpAddress>()); };
  }
  Result<RouteTable> table = RouteTable::open();
  if (!table) return;
  const Result<std::vector<TableRoute>> routes = table->routes();
  if (routes) options.attached_networks = attached_networks(*routes, interfaces);
}

Result<EngineChoice> choose_engine(const ScanConduct& conduct, std::span<const Interface> interfaces,
                                   uint64_t steps) {
  if (Result<void> sound = check_source_options(conduct.source); !sound) return tl::unexpected(sound.error());
  const Result<ResourceLimit> descriptors = raise_descriptor_limit();
  const Limits limits = read_limits();
  const EngineBounds bounds{limits.cpus, descriptors ? descriptors->soft : limits.descriptors.soft};
  if (conduct.engine == EngineKind::xdp) return choose_xdp(conduct, interfaces, steps, bounds);
  const std::string obstacle = only_connects_can(conduct);
  if (conduct.engine == EngineKind::connect || !obstacle.empty()) {
    return choose_connect(conduct, steps, bounds, conduct.engine == EngineKind::connect ? "" : obstacle);
  }
  Result<EngineChoice> syn = choose_syn(conduct, interfaces, steps, bounds);
  if (syn || conduct.engine == EngineKind::syn || !conduct.capture.empty()) return syn;
  return choose_connect(conduct, steps, bounds, syn.error().text);
}

void share_out(EngineChoice& engine, const ScanConduct& conduct, uint64_t steps, const EngineBounds& bounds) {
  const uint32_t wanted = conduct.concurrency > 0 ? conduct.concurrency : kDefaultConcurrency;
  engine.threads = std::min(choose_threads(conduct.threads, bounds.cpus, steps), wanted);
  if (engine.threads < conduct.threads) {
    engine.notes.push_back("threads are " + std::to_string(engine.threads) + " instead of " +
                           std::to_string(conduct.threads) + ": there is one for each connect in flight");
  }
  const uint64_t fair = wanted / engine.threads;
  const uint64_t useful = steps / engine.threads + kFewestStepsPerThread;
  const uint64_t possible = most_slots(engine.io_uring, bounds.descriptors, engine.threads);
  engine.slots_per_thread = static_cast<uint32_t>(std::min({fair, useful, possible}));
  if (possible < std::min(fair, useful)) {
    engine.notes.push_back("concurrency is " + std::to_string(possible * engine.threads) + " instead of " +
                           std::to_string(wanted) +
                           ": the descriptor limit allows no more; raise `ulimit -n`" +
                           (engine.io_uring ? " or --threads" : ""));
  }
}

CrewFactory make_crew_factory(EngineChoice& engine, const ScanConduct& conduct,
                              std::vector<IpAddress> own_addresses, const Clock& clock) {
  ProberFactory probers = engine.syn
                              ? engine.syn->prober_factory(conduct, std::move(own_addresses), clock)
                              : connect_prober_factory(engine, conduct, std::move(own_addresses), clock);
  return [probers = std::move(probers), threads = engine.threads](SweepWorker::Shared shared) {
    return ProbingCrew::start(threads, probers, shared);
  };
}

Result<std::vector<std::unique_ptr<Sink>>> make_sinks(const ScanOutput& output, bool resumed) {
  std::vector<std::unique_ptr<Sink>> sinks;
  for (OutputSpec spec : output.outputs) {
    spec.mode = resumed ? OutputMode::resume : OutputMode::create;
    spec.show = output.show;
    spec.colour = spec.path == "-" && isatty(STDOUT_FILENO) != 0 && std::getenv("NO_COLOR") == nullptr;
    Result<std::unique_ptr<Sink>> sink = make_sink(spec);
    if (!sink) return tl::unexpected(sink.error());
    sinks.push_back(std::move(*sink));
  }
  return sinks;
}

SweepOptions sweep_options(const ScanOptions& options) {
  SweepOptions sweep;
  sweep.rate = options.conduct.rate;
  sweep.host_rate = options.conduct.host_rate;
  sweep.retries = options.conduct.retries;
  sweep.retry_wait = options.conduct.retry_wait;
  sweep.answer_wait = options.conduct.timeout;
  sweep.completeness = options.conduct.completeness;
  sweep.show = options.output.show;
  return sweep;
}

Result<BuiltTargets> build_targets(const ScanSubject& subject, std::span<const Interface> interfaces) {
  TargetRequest request = request_of(subject);
  if (Result<void> read = read_ports(subject, request); !read) return tl::unexpected(read.error());
  // Broadcast addresses differ from machine to machine. Left out of a shard, they
  // would shift what every index means, and the shards would not fit together.
  if (subject.shard.whole()) request.broadcasts = broadcast_addresses(interfaces);
  DnsResolver resolver;
  return build_target_set(request, resolver);
}

Result<BuiltTargets> rebuild_targets(const JournalPlan& plan) {
  const Result<int> file = file_of(plan.targets);
  if (!file) return tl::unexpected(file.error());
  TargetRequest request;
  request.files = {"-"};
  request.stdin_fd = *file;
  request.allow_public = true;
  if (!plan.ports.empty()) {
    Result<PortSet> ports = PortSet::parse(plan.ports);
    if (!ports) return usage_error("the journal's ports are damaged: " + ports.error().text);
    request.ports = std::move(*ports);
  }
  DnsResolver resolver;
  Result<BuiltTargets> built = build_target_set(request, resolver);
  close(*file);
  if (built && built->set.digest() != plan.digest) {
    return usage_error("the journal's targets are damaged, or were written by another version of sonde");
  }
  return built;
}

}  // namespace sonde
