#include "cli/progress.h"

#include <gtest/gtest.h>

namespace sonde {
namespace {

SweepStatus sample() {
  SweepStatus status;
  status.steps = 1000000;
  status.settled = 250000;
  status.open = 1234;
  status.pass = 1;
  status.passes = 3;
  status.pass_steps = 1000000;
  status.pass_dealt = 400000;
  status.in_flight = 9000;
  return status;
}

TEST(ProgressLine, TellsShareRateFindsAndTimeToGo) {
  EXPECT_EQ(progress_line(sample(), 10000),
            "pass 1 of at most 3: 40.0 %, 10,000 probes/s, 250,000 of 1,000,000 endpoints decided, 1,234 "
            "open, 9,000 in flight, "
            "60 s to go in this pass");
}

TEST(ProgressLine, LaterPassesPromiseNoTimeAndLocalFailuresAreTold) {
  SweepStatus status = sample();
  status.pass = 2;
  status.local_failed = 7;
  const std::string line = progress_line(status, 10000);
  EXPECT_EQ(line.find("to go"), std::string::npos);
  EXPECT_NE(line.find("7 failed here"), std::string::npos);
}

}  // namespace
}  // namespace sonde
