#include "net/xdp/xdp_object.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "net/base/check.h"
#include "net/privilege.h"

namespace sonde {
namespace {

constexpr size_t kLogSize = 1 << 16;
constexpr uint64_t kStepsPerWord = 32;
constexpr size_t kMostTaken = 65'536;

/// The last line of the verifier's log that is not its statistics.
std::string last_words(std::string_view log) {
  std::string_view last;
  for (size_t at = 0; at < log.size();) {
    const std::string_view line = log.substr(at, log.find('\n', at) - at);
    at += line.size() + 1;
    if (!line.empty() && !line.starts_with("processed ")) last = line;
  }
  return std::string(last);
}

/// "Permission denied; its verifier says: …", in parentheses.
std::string cause(int error, std::string_view log) {
  const std::string words = last_words(log);
  return std::string("(") + std::strerror(error) + (words.empty() ? "" : "; its verifier says: " + words) +
         ")";
}

/// The command for one capability, made to grant the three.
std::string how_to_grant_all() {
  constexpr std::string_view kOne = "cap_bpf";
  std::string text = how_to_grant(Capability::bpf);
  const size_t at = text.find(kOne);
  CHECK(at != std::string::npos);
  return text.insert(at + kOne.size(), ",cap_net_admin,cap_perfmon");
}

/// The verifier refuses, with EACCES, what it trusts only holders of CAP_PERFMON to do.
tl::unexpected<Error> load_error(int error, std::string_view log) {
  if (error == EPERM || error == EACCES) {
    return impossible_error("the kernel does not let us load the XDP programs " + cause(error, log) +
                            ", which takes CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON: " + how_to_grant_all() +
                            ", or use --engine syn");
  }
  if (error == ENOMEM || error == E2BIG) {
    return impossible_error("the kernel has no room for the XDP engine's tables " + cause(error, log) +
                            ": make the slices smaller, or use --engine syn");
  }
  return impossible_error("this kernel does not take the XDP programs " + cause(error, log) +
                          ": it takes Linux 5.19 or newer; use --engine syn");
}

void set_sizes(const sweep_bpf& skeleton, const XdpTables& tables) {
  const auto cores = static_cast<uint32_t>(libbpf_num_possible_cpus());
  const auto page = static_cast<uint32_t>(sysconf(_SC_PAGESIZE));
  const auto words = static_cast<uint32_t>((tables.most_steps + kStepsPerWord - 1) / kStepsPerWord);
  bpf_map__set_max_entries(skeleton.maps.runs, static_cast<uint32_t>(tables.runs.size()));
  bpf_map__set_max_entries(skeleton.maps.neighbours, std::max(1u, tables.most_neighbours));
  bpf_map__set_max_entries(skeleton.maps.ledger, words);
  bpf_map__set_max_entries(skeleton.maps.runners, cores);
  bpf_map__set_max_entries(skeleton.maps.receivers, cores);
  bpf_map__set_max_entries(skeleton.maps.flights, cores);
  bpf_map__set_max_entries(skeleton.maps.events, std::bit_ceil(std::max(page, tables.event_bytes)));
}

Result<void> load(XdpObject& object, const XdpTables& tables) {
  libbpf_set_print([](libbpf_print_level, const char*, va_list) { return 0; });  // errors are ours to word
  std::string log(kLogSize, '\0');
  auto options = bpf_options<bpf_object_open_opts>();
  options.kernel_log_buf = log.data();
  options.kernel_log_size = log.size();
  object.skeleton.reset(sweep_bpf__open_opts(&options));
  if (!object.skeleton) return load_error(errno, {});
  set_sizes(*object.skeleton, tables);
  if (const int failed = sweep_bpf__load(object.skeleton.get()); failed != 0)
    return load_error(-failed, log.c_str());
  return {};
}

/// From then on the programs are told what devices refuse. The links end with the skeleton.
Result<void> trace(sweep_bpf& skeleton) {
  skeleton.links.on_bulk = bpf_program__attach(skeleton.progs.on_bulk);
  if (skeleton.links.on_bulk == nullptr) return load_error(errno, {});
  skeleton.links.on_redirect_error = bpf_program__attach(skeleton.progs.on_redirect_error);
  if (skeleton.links.on_redirect_error == nullptr) return load_error(errno, {});
  return {};
}

/// Without them the kernel does not tell which device a frame went to.
Result<void> check_kernel_types() {
  if (access("/sys/kernel/btf/vmlinux", R_OK) == 0) return {};
  return impossible_error(
      std::string("this kernel does not describe its own types (/sys/kernel/btf/vmlinux: ") +
      std::strerror(errno) + "), which the XDP engine takes to see what a device refuses: run a kernel "
      "built with CONFIG_DEBUG_INFO_BTF, or use --engine syn");
}

Result<void> fill(XdpObject& object, const XdpTables& tables) {
  auto& programs = *object.skeleton->bss;
  programs.geometry = geometry_of(tables);
  programs.guide = *guide_of(tables);
  programs.port_table = *port_table_of(tables);
  programs.control.wanted = 1u << SONDE_REJECTED | 1u << SONDE_CLOSED | 1u << SONDE_OPEN;
  std::transform(tables.hops.begin(), tables.hops.end(), programs.hops,
                 [&](const XdpHop& hop) { return hop_of(hop, tables.key); });
  MappedArray runs;  // only to fill it
  if (auto mapped = runs.map(object.skeleton->maps.runs); !mapped) return mapped;
  std::ranges::copy(tables.runs, runs.entries<sonde_run>().begin());
  return {};
}

/// What the ring calls for each event: 0 to go on.
int take_event(void* context, void* data, size_t size) {
  auto& object = *static_cast<XdpObject*>(context);
  CHECK(size >= sizeof(sonde_event) && object.on_event != nullptr);
  (*object.on_event)(*static_cast<const sonde_event*>(data));
  return ++object.taken < kMostTaken ? 0 : -ECANCELED;
}

Result<void> map_memory(XdpObject& object) {
  const auto& maps = object.skeleton->maps;
  if (auto mapped = object.ledger.map(maps.ledger); !mapped) return mapped;
  if (auto mapped = object.runners.map(maps.runners); !mapped) return mapped;
  if (auto mapped = object.receivers.map(maps.receivers); !mapped) return mapped;
  if (auto mapped = object.flights.map(maps.flights); !mapped) return mapped;
  object.ring.reset(ring_buffer__new(bpf_map__fd(maps.events), take_event, &object, nullptr));
  if (!object.ring) return load_error(errno, {});
  return {};
}

}  // namespace

MappedArray::~MappedArray() {
  if (memory_ != nullptr) munmap(memory_, size_);
}

Result<void> MappedArray::map(const bpf_map* map) {
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  count_ = bpf_map__max_entries(map);
  size_ = (bpf_map__value_size(map) * count_ + page - 1) / page * page;
  void* const memory = mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0);
  if (memory == MAP_FAILED) return load_error(errno, {});
  memory_ = memory;
  return {};
}

XdpDescriptor::~XdpDescriptor() {
  if (descriptor_ >= 0) close(descriptor_);
}

Result<std::unique_ptr<XdpObject>> load_xdp_object(const XdpTables& tables) {
  if (auto fits = check(tables); !fits) return tl::unexpected(fits.error());
  if (auto told = check_kernel_types(); !told) return tl::unexpected(told.error());
  auto object = std::make_unique<XdpObject>();
  if (auto loaded = load(*object, tables); !loaded) return tl::unexpected(loaded.error());
  if (auto traced = trace(*object->skeleton); !traced) return tl::unexpected(traced.error());
  if (auto mapped = map_memory(*object); !mapped) return tl::unexpected(mapped.error());
  if (auto filled = fill(*object, tables); !filled) return tl::unexpected(filled.error());
  return object;
}

}  // namespace sonde
