// What it costs to generate one probe without sending it: its place in the
// shuffled order, the target that stands there, the cookie, the finished SYN in
// memory. Each stage contains the one before: the differences are the parts. As
// in a sweep, as many steps as TargetWalk::look_up() takes are worked on at a time.
#include <benchmark/benchmark.h>

#include <array>
#include <numeric>

#include "bench/probe_task.h"
#include "engine/probe/syn_batch.h"
#include "engine/sweep/walk.h"

namespace sonde {
namespace {

using packets::Bytes;

constexpr uint64_t kSeed = 42;
constexpr size_t kAtOnce = TargetWalk::kAtOnce;
constexpr const char* kWrong = "not every endpoint gets one valid SYN";

/// Writes the SYNs of the steps of a sweep, kAtOnce at a time.
class Generator {
 public:
  explicit Generator(const ProbeTask& task)
      : targets_(targets_of(task)),
        walk_(targets_, kSeed, {}),
        builder_(packets::address(task.source), kProbeScope.key) {}
  Generator(const Generator&) = delete;
  Generator& operator=(const Generator&) = delete;

  /// The last few steps of a sweep, when they do not fill a look-up, are left out.
  uint64_t steps() const { return walk_.steps() - walk_.steps() % kAtOnce; }
  /// The probes of `first` and of the steps after it.
  std::span<const Probe> look_up(uint64_t first) {
    for (size_t i = 0; i < kAtOnce; ++i) probes_[i].step = first + i;
    walk_.look_up(probes_);
    return probes_;
  }
  /// Their finished packets, until the next call.
  std::span<const Bytes> generate(uint64_t first) {
    look_up(first);
    std::array<SynOrder, kAtOnce> orders;
    for (size_t i = 0; i < kAtOnce; ++i)
      orders[i] = {&probes_[i].endpoint, source_port(first + i), packets_[i].data()};
    builder_.build(orders, static_cast<uint32_t>(first));
    return packets_;
  }
  size_t packet_size() const { return builder_.packet_size(); }

 private:
  static uint16_t source_port(uint64_t step) {
    return static_cast<uint16_t>(kProbeScope.first_port + step % 256);
  }

  TargetSet targets_;
  TargetWalk walk_;
  SynBuilder builder_;
  std::array<Probe, kAtOnce> probes_;
  std::vector<Bytes> packets_ = std::vector<Bytes>(kAtOnce, Bytes(kLargestSyn));
};

bool generator_is_right(const ProbeTask& task) {
  Generator generator(task);
  std::vector<Bytes> made;
  for (uint64_t step = 0; step < generator.steps(); step += kAtOnce)
    for (const Bytes& packet : generator.generate(step))
      made.emplace_back(packet).resize(generator.packet_size());
  return asks_all_once(made, task);
}

/// Calls `work` with every kAtOnce-th step below `steps`, again and again.
template <typename Work>
void repeat(benchmark::State& state, uint64_t steps, Work work) {
  uint64_t step = 0;
  while (state.KeepRunningBatch(kAtOnce)) {
    work(step);
    benchmark::ClobberMemory();
    step = step + kAtOnce == steps ? 0 : step + kAtOnce;
  }
}

/// Stage 1: which index stands at a place of the shuffled order.
void index(benchmark::State& state, const ProbeTask& task) {
  const Permutation shuffle(targets_of(task).size(), kSeed);
  std::array<uint64_t, kAtOnce> numbers;
  repeat(state, shuffle.size() - shuffle.size() % kAtOnce, [&](uint64_t step) {
    std::iota(numbers.begin(), numbers.end(), step);
    shuffle.shuffle(numbers);
    benchmark::DoNotOptimize(numbers);
  });
}

/// Stage 2: and which target that is.
void target(benchmark::State& state, const ProbeTask& task) {
  Generator generator(task);
  repeat(state, generator.steps(), [&](uint64_t step) { generator.look_up(step); });
}

/// Stage 3, the whole: and its finished packet, with cookie and checksums.
void probe(benchmark::State& state, const ProbeTask& task) {
  if (!generator_is_right(task.to_be_proved())) return state.SkipWithError(kWrong);
  Generator generator(task);
  repeat(state, generator.steps(), [&](uint64_t step) { generator.generate(step); });
}

/// Takes every packet and sends none.
class PortToNowhere final : public PacketPort {
 public:
  /// `kept`: gets a copy of every packet; may be null.
  explicit PortToNowhere(std::vector<Bytes>* kept) : kept_(kept) {}
  SendResult send(std::span<const OutgoingPacket> packets) override {
    benchmark::ClobberMemory();
    for (const OutgoingPacket& packet : packets)
      if (kept_) kept_->emplace_back(packet.bytes.begin(), packet.bytes.end());
    return {packets.size(), 0};
  }
  std::span<const IncomingPacket> receive() override { return {}; }
  int descriptor() const override { return -1; }
  PacketCounters counters() override { return {}; }

 private:
  std::vector<Bytes>* kept_;
};

/// Steps through the batch of the engine to a port: source ports in turn,
/// stations, time stamps of now.
class BatchedGenerator {
 public:
  BatchedGenerator(const ProbeTask& task, std::vector<Bytes>* kept)
      : generator_(task), port_(kept), batch_(port_, clock_, kProbeScope, [](const Probe&, int, bool) {}) {
    hop_.source = packets::address(task.source);
    station_.size = 6;
  }
  uint64_t steps() const { return generator_.steps(); }
  void generate(uint64_t first) {
    for (const Probe& probe : generator_.look_up(first)) {
      batch_.add(probe, hop_, station_);
      if (batch_.is_due()) flush();
    }
  }
  void flush() { batch_.flush({}); }  // the time counts when a device refuses packets

 private:
  Generator generator_;
  SystemClock clock_;
  PortToNowhere port_;
  SynBatch batch_;
  NextHop hop_;
  LinkAddress station_;
};

bool batches_are_right(const ProbeTask& task) {
  std::vector<Bytes> made;
  BatchedGenerator generator(task, &made);
  for (uint64_t step = 0; step < generator.steps(); step += kAtOnce) generator.generate(step);
  generator.flush();
  return asks_all_once(made, task);
}

/// The whole as the engine does it, up to the system call.
void batched(benchmark::State& state, const ProbeTask& task) {
  if (!batches_are_right(task.to_be_proved())) return state.SkipWithError(kWrong);
  BatchedGenerator generator(task, nullptr);
  repeat(state, generator.steps(), [&](uint64_t step) { generator.generate(step); });
}

#define SONDE_STAGES(name, task)         \
  BENCHMARK_CAPTURE(index, name, task);  \
  BENCHMARK_CAPTURE(target, name, task); \
  BENCHMARK_CAPTURE(probe, name, task);  \
  BENCHMARK_CAPTURE(batched, name, task)

SONDE_STAGES(ipv4_one_port, kIpv4OnePort);
SONDE_STAGES(ipv4_hundred_ports, kIpv4HundredPorts);
SONDE_STAGES(ipv4_thousand_prefixes, kIpv4ThousandPrefixes);
SONDE_STAGES(ipv6_one_port, kIpv6OnePort);
SONDE_STAGES(ipv6_hundred_ports, kIpv6HundredPorts);

}  // namespace
}  // namespace sonde
