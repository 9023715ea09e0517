// What it costs to generate one probe without sending it: its place in the
// shuffled order, the target that stands there, the cookie, the finished SYN in
// memory. Each stage contains the one before: the differences are the parts.
#include <benchmark/benchmark.h>

#include "bench/probe_task.h"
#include "engine/probe/syn_batch.h"
#include "engine/sweep/walk.h"

namespace sonde {
namespace {

using packets::Bytes;

constexpr uint64_t kSeed = 42;
constexpr const char* kWrong = "not every endpoint gets one valid SYN";

/// Writes the SYN of each step of a sweep.
class Generator {
 public:
  explicit Generator(const ProbeTask& task)
      : targets_(targets_of(task)),
        walk_(targets_, kSeed, {}),
        builder_(packets::address(task.source), kProbeScope.key) {}
  Generator(const Generator&) = delete;
  Generator& operator=(const Generator&) = delete;

  const TargetWalk& walk() const { return walk_; }
  /// The finished packet's size.
  size_t generate(uint64_t step, std::span<std::byte> out) const {
    const auto source_port = static_cast<uint16_t>(kProbeScope.first_port + step % 256);
    return builder_.build(walk_.at(step).endpoint, source_port, static_cast<uint32_t>(step), out);
  }

 private:
  TargetSet targets_;
  TargetWalk walk_;
  SynBuilder builder_;
};

bool generator_is_right(const ProbeTask& task) {
  const Generator generator(task);
  std::vector<Bytes> made;
  for (uint64_t step = 0; step < generator.walk().steps(); ++step) {
    Bytes& packet = made.emplace_back(kLargestSyn);
    packet.resize(generator.generate(step, packet));
  }
  return asks_all_once(made, task);
}

/// Stage 1: which index stands at a place of the shuffled order.
void index(benchmark::State& state, const ProbeTask& task) {
  const Permutation shuffle(targets_of(task).size(), kSeed);
  uint64_t step = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(shuffle.at(step));
    step = step + 1 == shuffle.size() ? 0 : step + 1;
  }
}

/// Stage 2: and which target that is.
void target(benchmark::State& state, const ProbeTask& task) {
  const Generator generator(task);
  uint64_t step = 0;
  for (auto _ : state) {
    Target found = generator.walk().at(step);
    benchmark::DoNotOptimize(found);
    step = step + 1 == generator.walk().steps() ? 0 : step + 1;
  }
}

/// Stage 3, the whole: and its finished packet, with cookie and checksums.
void probe(benchmark::State& state, const ProbeTask& task) {
  if (!generator_is_right(task.to_be_proved())) return state.SkipWithError(kWrong);
  const Generator generator(task);
  Bytes packet(kLargestSyn);
  uint64_t step = 0;
  for (auto _ : state) {
    generator.generate(step, packet);
    benchmark::ClobberMemory();
    step = step + 1 == generator.walk().steps() ? 0 : step + 1;
  }
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
      : generator_(task), port_(kept), batch_(port_, clock_, kProbeScope, [](const Probe&, int) {}) {
    hop_.source = packets::address(task.source);
    station_.size = 6;
  }
  uint64_t steps() const { return generator_.walk().steps(); }
  void generate(uint64_t step) {
    batch_.add({step, generator_.walk().at(step).endpoint}, hop_, station_);
    if (batch_.is_due()) flush();
  }
  void flush() { batch_.flush(clock_.now()); }

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
  for (uint64_t step = 0; step < generator.steps(); ++step) generator.generate(step);
  generator.flush();
  return asks_all_once(made, task);
}

/// The whole as the engine does it, up to the system call.
void batched(benchmark::State& state, const ProbeTask& task) {
  if (!batches_are_right(task.to_be_proved())) return state.SkipWithError(kWrong);
  BatchedGenerator generator(task, nullptr);
  uint64_t step = 0;
  for (auto _ : state) {
    generator.generate(step);
    step = step + 1 == generator.steps() ? 0 : step + 1;
  }
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
