// Loads a file of ten million exact pairs, proves that the set is the file,
// and prints what it cost in seconds and bytes.
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <ctime>
#include <string>

#include "engine/target/permutation.h"
#include "engine/target/target_builder.h"

namespace sonde {
namespace {

constexpr uint64_t kPairs = 10'000'000;

/// The pair of a number, all different: addresses of 10/8, ports from 1,000.
Endpoint pair_of(uint64_t number) {
  return {IpAddress::v4(0x0a000000 + static_cast<uint32_t>(number / 2)),
          static_cast<uint16_t>(1000 + number % 2), 0};
}

class NoNames final : public Resolver {
 public:
  std::vector<Result<Addresses>> resolve_all(std::span<const std::string>) override { return {}; }
};

/// Writes the pairs in shuffled order; false when the disk does not take them.
bool write_pairs(const char* path) {
  std::FILE* const file = std::fopen(path, "w");
  if (file == nullptr) return false;
  const Permutation shuffle(kPairs, 1);
  for (uint64_t i = 0; i < kPairs; ++i)
    std::fprintf(file, "%s\n", pair_of(shuffle.at(i)).to_string().c_str());
  return std::fclose(file) == 0;
}

bool is_the_file(const TargetSet& set) {
  if (set.size() != kPairs) return false;
  for (uint64_t i = 0; i < kPairs; ++i)
    if (set.nth(i).endpoint != pair_of(i)) return false;
  return true;
}

int run(const char* path) {
  if (!write_pairs(path)) return std::perror(path), 1;
  TargetRequest request;
  request.files = {path};
  NoNames resolver;
  const auto start = std::chrono::steady_clock::now();
  const std::clock_t cpu_start = std::clock();
  const auto built = build_target_set(request, resolver);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  const double cpu_s = static_cast<double>(std::clock() - cpu_start) / CLOCKS_PER_SEC;
  ::unlink(path);
  if (!built) return std::fprintf(stderr, "%s\n", built.error().text.c_str()), 1;
  if (!is_the_file(built->set)) return std::fprintf(stderr, "the set is not the file\n"), 1;
  std::printf("%llu pairs: %.2f s (%.2f s of CPU), %.2f bytes a pair\n",
              static_cast<unsigned long long>(kPairs), took.count(), cpu_s,
              static_cast<double>(built->set.memory_bytes()) / static_cast<double>(kPairs));
  return 0;
}

}  // namespace
}  // namespace sonde

int main(int argc, char** argv) { return sonde::run(argc > 1 ? argv[1] : "/tmp/sonde-target-bench.txt"); }
