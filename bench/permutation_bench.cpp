#include "engine/target/permutation.h"

#include <benchmark/benchmark.h>

namespace sonde {
namespace {

/// Nanoseconds for one number of the order, for the sizes that sweeps have.
/// Proof before speed: a sample of the order must lead back through the inverse.
void permutation_step(benchmark::State& state) {
  const auto n = static_cast<uint64_t>(state.range(0)) + (state.range(0) == INT64_MAX ? 1 : 0);
  const Permutation shuffle(n, 42);
  for (uint64_t position = 0; position < n; position += n / 1000 + 1)
    if (shuffle.position_of(shuffle.at(position)) != position) return state.SkipWithError("not a bijection");
  uint64_t position = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(shuffle.at(position));
    position = position + 1 == n ? 0 : position + 1;
  }
  state.counters["walks_per_index"] = static_cast<double>(shuffle.covered()) / static_cast<double>(n);
}

void sizes(benchmark::internal::Benchmark* bench) {
  for (int64_t n :
       {int64_t{1} << 16, int64_t{6'500'000}, int64_t{1} << 32, (int64_t{1} << 40) + 1, INT64_MAX})
    bench->Arg(n);  // INT64_MAX stands for 2^63
}

BENCHMARK(permutation_step)->Apply(sizes);

}  // namespace
}  // namespace sonde
