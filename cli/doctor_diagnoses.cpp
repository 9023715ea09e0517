#include <algorithm>

#include "cli/doctor.h"
#include "cli/figures.h"
#include "net/uring_tcp_driver.h"

namespace sonde {
namespace {

// Below this many descriptors not even a small sweep gets anywhere.
constexpr uint64_t kFewestDescriptors = 64;
// Below this a sweep of silent endpoints is slow: 1,000 probes/s at a time-out of 4 s.
constexpr uint64_t kComfortableDescriptors = 4096;
constexpr uint32_t kComfortablePorts = 10'000;
constexpr uint64_t kComfortableMemory = uint64_t{64} << 20;
// The default rate of a sweep, probes/s.
constexpr uint64_t kDefaultRate = 10'000;

using Diagnoses = std::vector<Diagnosis>;

bool enough_descriptors(const DoctorFacts& facts) {
  return facts.limits.descriptors.hard >= kFewestDescriptors;
}

/// A capability that is only permitted is put in force by the engine itself.
bool may_send_raw(const DoctorFacts& facts) {
  if (facts.kernel.raw_socket_errno == 0) return true;
  return facts.privileges && facts.privileges->of(Capability::net_raw).permitted;
}

EngineAvailability syn_engine(const DoctorFacts& facts) {
  if (may_send_raw(facts)) return {"syn", true, "half-open, by packets of its own"};
  return {"syn", false, "raw packets need CAP_NET_RAW: " + how_to_grant(Capability::net_raw)};
}

/// What the kernel and the drivers make of its programs shows when they are loaded.
EngineAvailability xdp_engine(const DoctorFacts& facts) {
  for (const Capability needed :
       {Capability::bpf, Capability::net_admin, Capability::perfmon, Capability::net_raw}) {
    if (!facts.privileges || !facts.privileges->of(needed).permitted)
      return {"xdp", false,
              "programs in the kernel need " + std::string(to_string(needed)) +
                  " among others: be root, or run `scripts/grant --xdp`"};
  }
  if (facts.kernel.types_errno != 0)
    return {"xdp", false, "this kernel does not describe its types (BTF): it takes one with CONFIG_DEBUG_INFO_BTF"};
  return {"xdp", true, "half-open, in the kernel, from Linux 5.19; the fastest, and only by --engine xdp"};
}

EngineAvailability uring_engine(const DoctorFacts& facts) {
  EngineAvailability engine{"connect (io_uring)", false, {}};
  if (!facts.kernel.uring.can_connect()) {
    engine.why = explain_uring(facts.kernel.uring);
  } else if (!enough_descriptors(facts)) {
    engine.why = "too few descriptors";
  } else {
    engine.available = true;
    engine.why = "full handshakes; needs no rights";
  }
  return engine;
}

EngineAvailability epoll_engine(const DoctorFacts& facts) {
  if (!enough_descriptors(facts)) return {"connect (epoll)", false, "too few descriptors"};
  return {"connect (epoll)", true, "works everywhere; needs no rights"};
}

void judge_engine(const DoctorFacts& facts, Diagnoses& diagnoses) {
  if (!enough_descriptors(facts)) {
    diagnoses.push_back({Severity::problem,
                         "a process may hold only " + grouped(facts.limits.descriptors.hard) + " descriptors",
                         "raise the hard limit: `ulimit -Hn 20000` as root, or LimitNOFILE= in the unit"});
    return;
  }
  if (!uring_engine(facts).available) {
    diagnoses.push_back({Severity::warning,
                         "connects run on epoll, which is slower and holds fewer in flight",
                         explain_uring(facts.kernel.uring)});
  } else if (!facts.kernel.uring.install_descriptor) {
    diagnoses.push_back({Severity::note,
                         "round-trip times are taken by the application's clock, not the kernel's",
                         "with io_uring the kernel's clock needs Linux 6.8 (IORING_OP_FIXED_FD_INSTALL)"});
  }
}

void judge_descriptors(const Limits& limits, Diagnoses& diagnoses) {
  if (limits.descriptors.hard >= kComfortableDescriptors || limits.descriptors.hard < kFewestDescriptors)
    return;
  diagnoses.push_back({Severity::warning,
                       "only " + grouped(limits.descriptors.hard) +
                           " descriptors a process: that many connects in "
                           "flight, so silent endpoints make a sweep slow",
                       "raise the hard limit: `ulimit -Hn 20000` as root, or LimitNOFILE= in the unit"});
}

void judge_source_ports(const Limits& limits, Diagnoses& diagnoses) {
  if (!limits.source_ports || limits.source_ports->count() >= kComfortablePorts) return;
  diagnoses.push_back(
      {Severity::warning,
       "only " + grouped(limits.source_ports->count()) +
           " source ports "
           "(net.ipv4.ip_local_port_range)",
       "run `sysctl net.ipv4.ip_local_port_range=\"32768 60999\"`, the kernel's own setting"});
}

// A table that is empty although this machine talks to others is in no rule's
// use, which makes it a note.
void judge_conntrack(const Limits& limits, Diagnoses& diagnoses) {
  if (!limits.conntrack) return;
  const ConntrackTable& table = *limits.conntrack;
  const uint64_t free = table.most - std::min(table.used, table.most);
  const uint64_t demand = kDefaultRate * kConntrackSilentSeconds;
  diagnoses.push_back({table.used > 0 && free < demand ? Severity::warning : Severity::note,
                       "connection tracking is loaded: where a rule uses it, every probe takes one of " +
                           grouped(free) +
                           " free entries, a silent one for 120 s; at 10,000 probes/s that is up to " +
                           grouped(demand) + ", and a full table drops packets of everyone on this machine",
                       "exempt the probes (nft: `notrack` in a raw output chain), raise "
                       "net.netfilter.nf_conntrack_max, or lower "
                       "--rate"});
}

void judge_memory(const Limits& limits, Diagnoses& diagnoses) {
  if (!limits.memory_available_bytes || *limits.memory_available_bytes >= kComfortableMemory) return;
  diagnoses.push_back(
      {Severity::warning, "only " + in_bytes(*limits.memory_available_bytes) + " of memory available",
       "free some, or raise the memory limit of the container: connects in flight take kernel memory"});
}

void judge_link(const Interface& link, Diagnoses& diagnoses) {
  if (link.up && !link.carrier && !link.addresses.empty())
    diagnoses.push_back({Severity::warning,
                         link.name + " is up but has no carrier: probes that leave by it are lost",
                         "check the cable, or the other end of the virtual link"});
  for (const InterfaceAddress& address : link.addresses)
    if (address.tentative)
      diagnoses.push_back({Severity::note,
                           "the address " + address.address.to_string() + " of " + link.name +
                               " is not in use: duplicate detection runs, or has found a duplicate",
                           "wait a second, or look for the other owner of the address"});
}

void judge_interfaces(const DoctorFacts& facts, Diagnoses& diagnoses) {
  if (!facts.interfaces) {
    diagnoses.push_back({Severity::warning, facts.interfaces.error().text, "allow netlink to this process"});
    return;
  }
  for (const Interface& link : *facts.interfaces) judge_link(link, diagnoses);
  if (outgoing_addresses(*facts.interfaces).empty())
    diagnoses.push_back({Severity::warning,
                         "no interface has an address to send from: only this machine itself can "
                         "be swept",
                         "set one up (`ip address add`), or run sonde in the right network namespace"});
}

bool is_default(const TableRoute& entry) { return entry.prefix.length == 0 && is_usable(entry.route.kind); }

void judge_routes(const DoctorFacts& facts, Diagnoses& diagnoses) {
  if (!facts.routes) {
    diagnoses.push_back({Severity::warning, facts.routes.error().text, "allow netlink to this process"});
    return;
  }
  if (std::any_of(facts.routes->begin(), facts.routes->end(), is_default)) return;
  diagnoses.push_back({Severity::note, "there is no default route: only the networks listed can be swept",
                       "add a route if the targets are elsewhere (`ip route add`)"});
}

// Only a filter may drop; that ours are accepted does not mean that answers are.
void judge_firewall(const DoctorFacts& facts, Diagnoses& diagnoses) {
  if (!facts.firewall) {
    diagnoses.push_back({Severity::note, "whether a firewall of this machine drops probes is unknown",
                         facts.firewall.error().text});
    return;
  }
  for (const FirewallChain& chain : *facts.firewall) {
    if (chain.type != "filter") continue;
    diagnoses.push_back(
        {chain.drops_by_default ? Severity::warning : Severity::note,
         "the firewall chain " + chain.family + " " + chain.table + " " + chain.name + " (" + chain.hook +
             ", policy " + (chain.drops_by_default ? "drop" : "accept") +
             ") may drop probes or their answers",
         "look at it: `nft list chain " + chain.family + " " + chain.table + " " + chain.name + "`"});
  }
}

void judge_ipv6(const DoctorFacts& facts, Diagnoses& diagnoses) {
  if (facts.kernel.ipv6) return;
  diagnoses.push_back({Severity::note, "IPv6 is not to be had: IPv6 targets end as local errors",
                       "boot without ipv6.disable=1, or give IPv4 targets alone"});
}

}  // namespace

std::string_view to_string(Severity severity) {
  switch (severity) {
    case Severity::note: return "note";
    case Severity::warning: return "warning";
    case Severity::problem: return "problem";
  }
  return "note";
}

std::vector<EngineAvailability> judge_engines(const DoctorFacts& facts) {
  return {syn_engine(facts), xdp_engine(facts), uring_engine(facts), epoll_engine(facts)};
}

std::vector<Diagnosis> diagnose(const DoctorFacts& facts) {
  Diagnoses diagnoses;
  judge_engine(facts, diagnoses);
  judge_descriptors(facts.limits, diagnoses);
  judge_source_ports(facts.limits, diagnoses);
  judge_memory(facts.limits, diagnoses);
  judge_interfaces(facts, diagnoses);
  judge_routes(facts, diagnoses);
  judge_conntrack(facts.limits, diagnoses);
  judge_firewall(facts, diagnoses);
  judge_ipv6(facts, diagnoses);
  std::stable_sort(diagnoses.begin(), diagnoses.end(),
                   [](const Diagnosis& a, const Diagnosis& b) { return a.severity > b.severity; });
  return diagnoses;
}

int doctor_exit_code(const DoctorFacts& facts) {
  const auto engines = judge_engines(facts);
  const bool possible =
      std::any_of(engines.begin(), engines.end(), [](const auto& engine) { return engine.available; });
  return possible ? 0 : 4;
}

}  // namespace sonde
