#include "cli/wiring.h"

#include <gtest/gtest.h>

namespace sonde {
namespace {

TEST(ShareOut, AllThreadsTogetherNeverGetMoreThanWasAskedFor) {
  struct Row {
    const char* what;
    uint32_t concurrency, threads;
    uint64_t steps;
    uint32_t expected_threads, expected_slots;
  };
  constexpr uint64_t kMany = uint64_t{1} << 63;
  const Row rows[] = {
      {"divides without a rest", 4096, 4, 1'000'000, 4, 1024},
      {"is rounded down", 10, 4, 1'000'000, 4, 2},
      {"fewer connects than threads", 3, 8, 1'000'000, 3, 1},
      {"one connect", 1, 0, 1'000'000, 1, 1},
      {"by processors", 0, 0, 1'000'000, 2, 8192},
      {"few endpoints", 16384, 0, 10, 1, 1034},
      {"the most there can be", 4'000'000, 256, kMany, 256, 15625},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.what);
    EngineChoice engine;
    engine.io_uring = true;
    ScanConduct conduct;
    conduct.concurrency = row.concurrency;
    conduct.threads = row.threads;
    share_out(engine, conduct, row.steps, {.cpus = 2, .descriptors = 20'000});
    EXPECT_EQ(engine.threads, row.expected_threads);
    EXPECT_EQ(engine.slots_per_thread, row.expected_slots);
    EXPECT_EQ(engine.notes.size(), engine.threads < row.threads ? 1u : 0u);
  }
}

TEST(ShareOut, TheDescriptorLimitBoundsAndSaysSo) {
  EngineChoice engine;
  ScanConduct conduct;
  conduct.concurrency = 10'000;
  conduct.threads = 2;
  share_out(engine, conduct, 1'000'000, {.cpus = 2, .descriptors = 1064});
  EXPECT_EQ(engine.slots_per_thread, 500u);
  ASSERT_EQ(engine.notes.size(), 1u);
  EXPECT_NE(engine.notes[0].find("concurrency is 1000 instead of 10000"), std::string::npos);
}

std::vector<Interface> attached(const char* broadcast) {
  Interface link;
  link.index = 2;
  link.name = "eth0";
  link.type = LinkType::ethernet;
  link.up = link.carrier = link.broadcast = true;
  link.addresses = {{IpAddress::parse("10.0.0.1").value(), 24, IpAddress::parse(broadcast), false, false}};
  return {link};
}

TEST(Targets, OfAShardAreTheSameOnEveryMachine) {
  ScanSubject subject;
  subject.targets = {"10.0.0.0/24"};
  subject.ports = "80";
  subject.seed = 7;
  EXPECT_EQ(build_targets(subject, attached("10.0.0.255"))->set.size(), 255u)
      << "whole: without the broadcast";
  subject.shard = {1, 2};
  const auto here = build_targets(subject, attached("10.0.0.255"));
  const auto elsewhere = build_targets(subject, {});
  ASSERT_TRUE(here && elsewhere);
  EXPECT_EQ(here->set.digest(), elsewhere->set.digest());
}

}  // namespace
}  // namespace sonde
