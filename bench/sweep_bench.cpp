// What one probe of a sweep costs beside its system calls: the verdict, the
// ledger, the deadline and the line that is written. Each first proves its answer.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "engine/probe/verdict.h"
#include "engine/sink/json_lines.h"
#include "engine/sweep/ledger.h"
#include "net/base/timer_wheel.h"

namespace sonde {
namespace {

/// One judgement, of an answer as errno and ICMP tell it.
void verdict(benchmark::State& state) {
  const ConnectResult refused{.error = ECONNREFUSED, .icmp = {}};
  if (judge_connect(refused).outcome.state != State::closed)
    return state.SkipWithError("a RST is not closed");
  ConnectResult result = refused;
  for (auto _ : state) {
    benchmark::DoNotOptimize(result);
    benchmark::DoNotOptimize(judge_connect(result));
  }
}
BENCHMARK(verdict);

/// A ledger in which one step in `spacing` is unanswered.
std::vector<uint64_t> ledger_words(uint64_t steps, uint64_t spacing) {
  std::vector<uint64_t> words(Ledger::words_for(steps));
  Ledger ledger(words, steps);
  for (uint64_t step = 0; step < steps; ++step)
    if (step % spacing != 0) ledger.raise(step, Mark::closed);
  return words;
}

/// A pass over 2^24 steps, of which one in so many is still unanswered; an
/// item is a step of the ledger.
void ledger_walk(benchmark::State& state) {
  constexpr uint64_t kSteps = 1 << 24;
  const auto spacing = static_cast<uint64_t>(state.range(0));
  std::vector<uint64_t> words = ledger_words(kSteps, spacing);
  const Ledger ledger(words, kSteps);
  uint64_t met = 0;
  for (auto _ : state) {
    met = 0;
    for (uint64_t step = ledger.next_unanswered(0, kSteps); step < kSteps;
         step = ledger.next_unanswered(step + 1, kSteps))
      ++met;
  }
  if (met != (kSteps + spacing - 1) / spacing) state.SkipWithError("not every unanswered step was met");
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kSteps));
}
BENCHMARK(ledger_walk)->Arg(1)->Arg(100)->Arg(10'000)->Unit(benchmark::kMillisecond);

/// Deadlines of 16,384 connects, one second each, that are met by an answer
/// (disarmed) or run out; an item is one connect.
void deadlines(benchmark::State& state) {
  constexpr uint32_t kConnects = 16384;
  const bool run_out = state.range(0) != 0;
  Instant now{};
  TimerWheel wheel(kConnects, std::chrono::milliseconds(1), now);
  std::vector<uint32_t> expired;
  for (auto _ : state) {
    expired.clear();
    for (uint32_t id = 0; id < kConnects; ++id)
      wheel.arm(id, now + std::chrono::seconds(1) + std::chrono::microseconds(30 * id));
    for (uint32_t id = 0; id < kConnects && !run_out; ++id) wheel.disarm(id);
    for (int ms = 0; ms < 1500; ++ms) wheel.advance(now += std::chrono::milliseconds(1), expired);
    now += std::chrono::milliseconds(1);
    if (expired.size() != (run_out ? kConnects : 0)) return state.SkipWithError("a deadline was lost");
  }
  state.SetItemsProcessed(state.iterations() * kConnects);
}
BENCHMARK(deadlines)->ArgName("run_out")->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

EndpointRecord open_endpoint() {
  EndpointRecord record;
  record.time = WallTime(std::chrono::seconds(1'790'000'000) + std::chrono::microseconds(123'456));
  record.endpoint = {IpAddress::v4(0x0a470005), 443, 0};
  record.outcome = {State::open, Reason::syn_ack};
  record.rtt = std::chrono::microseconds(183);
  record.rtt_clock = RttClock::kernel;
  record.attempts = 1;
  record.service = "https";
  return record;
}

/// One record as a line of JSON.
void json_line(benchmark::State& state) {
  const EndpointRecord record = open_endpoint();
  std::string line;
  append_json_line(line, record);
  if (!line.starts_with(kJsonLinesStart) ||
      line.find(R"("addr":"10.71.0.5","port":443)") == std::string::npos)
    return state.SkipWithError(("not the record: " + line).c_str());
  for (auto _ : state) {
    line.clear();
    append_json_line(line, record);
    benchmark::DoNotOptimize(line.data());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(line.size()));
}
BENCHMARK(json_line);

}  // namespace
}  // namespace sonde
