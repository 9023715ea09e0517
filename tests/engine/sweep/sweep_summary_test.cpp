#include <gtest/gtest.h>

#include "tests/sim/sim_sweep.h"

namespace sonde {
namespace {

/// A sweep of 256 endpoints, of which some cannot be tried from this machine.
SummaryRecord swept(uint32_t hosts_without_route) {
  SimSweep sim(targets_of("10.0.0.0/24", "80"));
  sim.network.answer = [=](const Endpoint& endpoint) {
    const bool no_route = (endpoint.address.v4_number() & 255) < hosts_without_route;
    return no_route ? SimAnswer{.error = ENETUNREACH, .icmp = {}} : SimAnswer::closed();
  };
  return sim.run();
}

TEST(SweepSummary, ClaimsNoCompletenessOfWhatCouldNotBeTried) {
  const struct {
    const char* what;
    uint32_t hosts_without_route;
    std::optional<double> completeness;
  } rows[] = {{"everything was tried", 0, 1.0}, {"not one", 1, {}}, {"nothing could be", 256, {}}};
  for (const auto& row : rows) {
    SCOPED_TRACE(row.what);
    const SummaryRecord summary = swept(row.hosts_without_route);
    EXPECT_EQ(summary.errors, row.hosts_without_route);
    EXPECT_EQ(summary.completeness, row.completeness);
    EXPECT_EQ(summary.completeness_low, row.completeness);
    EXPECT_EQ(summary.degraded, row.hosts_without_route > 0);
  }
}

}  // namespace
}  // namespace sonde
