/// reflector PLAN INTERFACE...: answers for a whole fleet from XDP on these
/// interfaces (reflector.bpf.c), after a plan file (reflector_plan.h), until
/// SIGTERM. Prints "ready" once attached; prints its counters, one JSON object
/// on a line, at SIGUSR1 and at its end. It vanishes with the process.
///
/// This file is the lab's only door to libbpf.

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <net/if.h>
#include <signal.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <memory>
#include <sstream>

#include "reflector.skel.h"
#include "tests/lab/reflector_plan.h"

namespace sonde {
namespace {

constexpr std::array<const char*, REFLECTOR_COUNTERS> kCounterNames = {
    "syn_received", "syn_lost",  "bad_checksum",   "silent",       "answer_lost", "syn_ack_sent",
    "rst_sent",     "icmp_sent", "later_received", "rst_received", "later_sent",
};

struct Destroy {
  void operator()(reflector_bpf* skeleton) const { reflector_bpf__destroy(skeleton); }
  void operator()(bpf_link* link) const { bpf_link__destroy(link); }
};
using Skeleton = std::unique_ptr<reflector_bpf, Destroy>;
using Link = std::unique_ptr<bpf_link, Destroy>;

struct Reflector {
  Skeleton skeleton;
  std::vector<Link> links;  ///< one for each interface
};

tl::unexpected<Error> failed(const std::string& what) {
  return impossible_error(what + ": " + std::strerror(errno));
}

template <typename Entry>
Result<void> fill(const bpf_map* map, const std::vector<Entry>& entries) {
  for (uint32_t key = 0; key < entries.size(); ++key) {
    if (bpf_map_update_elem(bpf_map__fd(map), &key, &entries[key], BPF_ANY) != 0)
      return failed("filling a table");
  }
  return {};
}

Result<Skeleton> load(const ReflectorPlan& plan) {
  Skeleton skeleton(reflector_bpf__open());
  if (!skeleton) return failed("opening the BPF program");
  skeleton->bss->block_count = static_cast<uint32_t>(plan.blocks.size());
  skeleton->rodata->syn_loss = plan.syn_loss;
  skeleton->rodata->answer_loss = plan.answer_loss;
  bpf_map__set_max_entries(skeleton->maps.blocks, static_cast<uint32_t>(plan.blocks.size()));
  bpf_map__set_max_entries(skeleton->maps.spans, static_cast<uint32_t>(plan.spans.size()));
  if (reflector_bpf__load(skeleton.get()) != 0) return failed("loading the BPF program (it needs CAP_BPF)");
  if (auto filled = fill(skeleton->maps.blocks, plan.blocks); !filled) return tl::unexpected(filled.error());
  if (auto filled = fill(skeleton->maps.spans, plan.spans); !filled) return tl::unexpected(filled.error());
  return skeleton;
}

Result<Link> attach(const Skeleton& skeleton, const char* interface) {
  const unsigned index = if_nametoindex(interface);
  if (index == 0) return failed(interface);
  Link link(bpf_program__attach_xdp(skeleton->progs.reflect, static_cast<int>(index)));
  if (!link) return failed(std::string("attaching to ") + interface);
  return link;
}

uint64_t total(const Skeleton& skeleton, uint32_t counter) {
  std::vector<uint64_t> by_cpu(static_cast<size_t>(libbpf_num_possible_cpus()));
  bpf_map_lookup_elem(bpf_map__fd(skeleton->maps.counters), &counter, by_cpu.data());
  uint64_t sum = 0;
  for (const uint64_t share : by_cpu) sum += share;
  return sum;
}

void print_counters(const Skeleton& skeleton) {
  for (uint32_t counter = 0; counter < REFLECTOR_COUNTERS; ++counter) {
    std::printf("%s\"%s\": %llu", counter == 0 ? "{" : ", ", kCounterNames[counter],
                static_cast<unsigned long long>(total(skeleton, counter)));
  }
  std::puts("}");
  std::fflush(stdout);
}

/// Waits for a signal that asks for counters (true) or for the end (false).
bool asked_for_counters(const sigset_t& signals) {
  int number = 0;
  sigwait(&signals, &number);
  return number == SIGUSR1;
}

sigset_t block_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGTERM, SIGINT, SIGUSR1}) sigaddset(&signals, number);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

Result<Reflector> start(const char* plan_path, int interface_count, char** interfaces) {
  std::ifstream file(plan_path);
  if (!file) return failed(plan_path);
  std::ostringstream text;
  text << file.rdbuf();
  const auto plan = parse_plan(text.str());
  if (!plan) return tl::unexpected(plan.error());
  auto skeleton = load(*plan);
  if (!skeleton) return tl::unexpected(skeleton.error());
  Reflector reflector{std::move(*skeleton), {}};
  for (int i = 0; i < interface_count; ++i) {
    auto link = attach(reflector.skeleton, interfaces[i]);
    if (!link) return tl::unexpected(link.error());
    reflector.links.push_back(std::move(*link));
  }
  return reflector;
}

int fail(const std::string& text) {
  std::fprintf(stderr, "reflector: %s\n", text.c_str());
  return 1;
}

}  // namespace
}  // namespace sonde

int main(int argc, char** argv) {
  if (argc < 3) return sonde::fail("expected a plan file and interfaces");
  const sigset_t signals = sonde::block_signals();
  const auto reflector = sonde::start(argv[1], argc - 2, argv + 2);
  if (!reflector) return sonde::fail(reflector.error().text);
  std::puts("ready");
  std::fflush(stdout);
  while (sonde::asked_for_counters(signals)) sonde::print_counters(reflector->skeleton);
  sonde::print_counters(reflector->skeleton);
  return 0;
}
