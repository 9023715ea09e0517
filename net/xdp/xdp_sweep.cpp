#include "net/xdp/xdp_sweep.h"

#include <linux/membarrier.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cmath>
#include <cstring>

#include "net/base/check.h"
#include "net/xdp/xdp_object.h"

namespace sonde {
namespace {

constexpr uint64_t kStepsPerWord = 32;
constexpr double kNanosPerSecond = 1e9;
constexpr uint32_t kTurnsForRefused = 4096;

/// Into a field that a program reads at the same time.
template <typename Number>
void store(Number& field, Number value) {
  std::atomic_ref(field).store(value, std::memory_order_release);
}

/// Returns when every program that runs now has come to its end (an RCU grace
/// period). Where the kernel has it not, nohz_full cores, the slice's change is
/// late by a packet.
void wait_for_programs() { syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0); }

bool is_pinned_to(uint32_t core) {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  return sched_getaffinity(0, sizeof allowed, &allowed) == 0 && CPU_COUNT(&allowed) == 1 &&
         CPU_ISSET(core, &allowed);
}

/// Runs `generate` on that many live frames. 0, or errno.
int run_live(int program, uint32_t frames) {
  std::array<std::byte, SONDE_FRAME_ROOM> frame{};
  auto options = bpf_options<bpf_test_run_opts>();
  options.data_in = frame.data();
  options.data_size_in = frame.size();
  options.repeat = static_cast<int>(std::min<uint32_t>(frames, INT32_MAX));
  options.flags = BPF_F_TEST_XDP_LIVE_FRAMES;
  const int result = bpf_prog_test_run_opts(program, &options);
  return result < 0 && result != -EINTR ? -result : 0;
}

}  // namespace

XdpSweep::XdpSweep(std::unique_ptr<XdpObject> object) : object_(std::move(object)) {}
XdpSweep::~XdpSweep() = default;

Result<std::unique_ptr<XdpSweep>> XdpSweep::open(const XdpTables& tables) {
  auto object = load_xdp_object(tables);
  if (!object) return tl::unexpected(object.error());
  std::unique_ptr<XdpSweep> sweep(new XdpSweep(std::move(*object)));
  if (auto tried = sweep->try_live_frames(); !tried) return tl::unexpected(tried.error());
  return sweep;
}

/// One frame that is not sent: there are no steps yet.
Result<void> XdpSweep::try_live_frames() {
  const int error = run_live(bpf_program__fd(object_->skeleton->progs.sonde_generate), 1);
  if (error == 0) return {};
  return impossible_error(std::string("this kernel cannot send frames out of XDP (") + std::strerror(error) +
                          "): live frames take Linux 5.18 or newer; use --engine syn");
}

Result<void> XdpSweep::attach(std::span<const uint32_t> interfaces, XdpMode mode) {
  for (const uint32_t interface : interfaces) {
    auto link = attach_xdp(bpf_program__fd(object_->skeleton->progs.sonde_receive), interface, mode);
    if (!link) return tl::unexpected(link.error());
    object_->links.push_back(std::move(*link));
    store<uint32_t>(object_->control().generic, mode == XdpMode::generic);
  }
  return {};
}

std::span<uint64_t> XdpSweep::ledger() {
  const uint64_t words = (slice_steps_ + kStepsPerWord - 1) / kStepsPerWord;
  return object_->ledger.entries<uint64_t>().first(words);
}

void XdpSweep::set_slice(uint64_t first, uint64_t steps) {
  const auto words = object_->ledger.entries<uint64_t>();
  CHECK(steps <= words.size() * kStepsPerWord);
  close_slice();
  forget_resets();
  std::ranges::fill(words, 0);
  store<uint64_t>(object_->geometry().slice_first, first);
  slice_steps_ = steps;
  reopen_slice();
}

/// Their steps are those of the slice that was.
void XdpSweep::forget_resets() {
  uint64_t frame = 0;
  const int map = bpf_map__fd(object_->skeleton->maps.resets_again);
  while (bpf_map_lookup_and_delete_elem(map, nullptr, &frame) == 0) {}
  store(object_->control().resets_refused, 0u);
}

void XdpSweep::close_slice() {
  store<uint64_t>(object_->geometry().slice_steps, 0);
  wait_for_programs();
}

void XdpSweep::reopen_slice() { store<uint64_t>(object_->geometry().slice_steps, slice_steps_); }

void XdpSweep::set_rate(double per_second, uint32_t runners) {
  const double pause_ns = per_second > 0 ? kNanosPerSecond * runners / per_second : 0;
  const double parts = std::clamp(std::round(pause_ns * (1 << SONDE_PACE_BITS)), 0.0, 1e18);
  store<uint64_t>(object_->control().pause, static_cast<uint64_t>(parts));
}

void XdpSweep::set_wanted(uint32_t marks) { store(object_->control().wanted, marks); }
void XdpSweep::set_attempt(uint32_t attempt) { store(object_->control().attempt, attempt); }
void XdpSweep::stop() { store(object_->control().stop, 1u); }
uint32_t XdpSweep::cores() const {
  return static_cast<uint32_t>(object_->runners.entries<sonde_runner>().size());
}

void XdpSweep::prepare(uint32_t core, uint64_t begin, uint64_t end) {
  CHECK(core < cores());
  sonde_runner& runner = object_->runners.entries<sonde_runner>()[core];
  if (runner.next == begin && runner.end == end) return;
  runner.due_ns = runner.due_fraction = runner.gate_ns = 0;
  sonde_flight& flight = object_->flights.entries<sonde_flight>()[core];
  flight.generated.count = flight.refused = 0;  // what is answered goes on meanwhile
  flight.not_before_ns = 0;
  runner.next = begin;
  runner.end = end;
}

bool XdpSweep::resets_wait() const {
  return std::atomic_ref(object_->control().resets_refused).load() > 0;
}

bool XdpSweep::has_refused(uint32_t core) const {
  sonde_control& control = object_->control();
  const bool refused = object_->flights.entries<sonde_flight>()[core].refused > 0 || resets_wait();
  return refused && std::atomic_ref(control.stop).load() == 0;
}

Result<uint64_t> XdpSweep::run(uint32_t core, uint64_t begin, uint64_t end, uint32_t frames) {
  CHECK(is_pinned_to(core) && end <= slice_steps_);
  prepare(core, begin, end);
  const int program = bpf_program__fd(object_->skeleton->progs.sonde_generate);
  int error = run_live(program, frames);
  // Nobody else has these steps: they are not left behind.
  while (error == 0 && has_refused(core)) error = run_live(program, kTurnsForRefused);
  if (error != 0) return io_error(std::string("sending out of XDP failed: ") + std::strerror(error));
  return std::atomic_ref(object_->runners.entries<sonde_runner>()[core].next).load(std::memory_order_acquire);
}

Result<void> XdpSweep::set_neighbour(uint32_t interface_index, const IpAddress& address,
                                     const LinkAddress& station) {
  const sonde_neighbour key{interface_index, 0, number_of(address)};
  sonde_station value{};
  CHECK(station.size == sizeof value.bytes);
  std::copy_n(station.bytes.begin(), sizeof value.bytes, value.bytes);
  const int failed =
      bpf_map_update_elem(bpf_map__fd(object_->skeleton->maps.neighbours), &key, &value, BPF_ANY);
  if (failed == 0) return {};
  return impossible_error("the XDP engine cannot hold the station of one more neighbour, " +
                          address.to_string() + " (" + std::strerror(-failed) +
                          "): sweep fewer of them at once, or use --engine syn");
}

}  // namespace sonde
