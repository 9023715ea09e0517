/// What XdpSweep tells: events, books, and what became of a single frame.

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <thread>

#include "net/xdp/xdp_object.h"

namespace sonde {
namespace {

constexpr size_t kLargestTrial = 4096;
constexpr Nanos kLook = std::chrono::milliseconds(1);

/// A field that a program writes at the same time.
uint64_t load(uint64_t& field) { return std::atomic_ref(field).load(std::memory_order_relaxed); }

}  // namespace

/// Looks again and again: at the rate of a sweep, being woken costs more than
/// the events themselves, and the sender pays it.
Result<size_t> XdpSweep::take_events(const OnEvent& on_event, Nanos longest_wait) {
  object_->on_event = &on_event;
  object_->taken = 0;
  int result = ring_buffer__consume(object_->ring.get());
  for (Nanos left = longest_wait; result == 0 && left > Nanos::zero(); left -= kLook) {
    std::this_thread::sleep_for(std::min(left, kLook));
    result = ring_buffer__consume(object_->ring.get());
  }
  object_->on_event = nullptr;
  if (result < 0 && result != -ECANCELED)
    return io_error(std::string("reading the events of the XDP engine failed: ") + std::strerror(-result));
  return object_->taken;
}

XdpCounters XdpSweep::counters() const {
  XdpCounters sum;
  for (sonde_runner& runner : object_->runners.entries<sonde_runner>()) {
    sum.built += load(runner.built);
    sum.skipped += load(runner.skipped);
    sum.unresolved += load(runner.unresolved);
    sum.failed += load(runner.failed);
    sum.waits += load(runner.waits);
    sum.refused += load(runner.refused);
    sum.resets_refused += load(runner.resets_refused);
  }
  for (sonde_receiver& receiver : object_->receivers.entries<sonde_receiver>()) {
    sum.received += load(receiver.received);
    sum.syn_ack += load(receiver.syn_ack);
    sum.reset += load(receiver.reset);
    sum.rejected += load(receiver.rejected);
    sum.duplicate += load(receiver.duplicate);
    sum.outside += load(receiver.outside);
    sum.ring_full += load(receiver.ring_full);
    sum.invalid += load(receiver.invalid);
    sum.reset_sent += load(receiver.reset_sent);
    sum.revised += load(receiver.revised);
  }
  return sum;
}

std::optional<XdpRefusal> XdpSweep::longest_refusal() const {
  std::optional<XdpRefusal> longest;
  for (sonde_flight& flight : object_->flights.entries<sonde_flight>()) {
    for (sonde_refusal& refusal : flight.refusals) {
      const Instant since(Nanos(static_cast<int64_t>(load(refusal.since_ns))));
      const Instant last(Nanos(static_cast<int64_t>(load(refusal.last_ns))));
      if (since == Instant() || (longest && longest->last - longest->since >= last - since)) continue;
      longest = XdpRefusal{refusal.interface, static_cast<int>(refusal.error), since, last};
    }
  }
  return longest;
}

Result<XdpTrial> XdpSweep::trial(XdpProgram program, std::span<const std::byte> frame,
                                 uint32_t interface_index) {
  const auto& programs = object_->skeleton->progs;
  XdpTrial trial;
  trial.frame.resize(kLargestTrial);
  xdp_md context{};
  context.data_end = static_cast<uint32_t>(frame.size());
  context.ingress_ifindex = interface_index;
  auto options = bpf_options<bpf_test_run_opts>();
  options.data_in = frame.data();
  options.data_out = trial.frame.data();
  options.data_size_in = static_cast<uint32_t>(frame.size());
  options.data_size_out = kLargestTrial;
  options.ctx_in = interface_index != 0 ? &context : nullptr;
  options.ctx_size_in = interface_index != 0 ? sizeof context : 0;
  const int failed = bpf_prog_test_run_opts(
      bpf_program__fd(program == XdpProgram::generate ? programs.sonde_generate : programs.sonde_receive), &options);
  if (failed != 0) return io_error(std::string("trying an XDP program failed: ") + std::strerror(-failed));
  trial.frame.resize(options.data_size_out);
  trial.action = options.retval;
  return trial;
}

}  // namespace sonde
