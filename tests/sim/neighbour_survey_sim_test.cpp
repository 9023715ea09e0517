#include "net/neighbour_survey.h"

#include <gmock/gmock.h>

#include "tests/sim/sim_port.h"

namespace sonde {
namespace {

using testing::HasSubstr;

/// A survey of some neighbours over a simulated link, in virtual time.
struct SurveySim {
  explicit SurveySim(uint32_t count) {
    for (uint32_t i = 0; i < count; ++i) {
      queries.push_back({{1, IpAddress::v4(0x0a000000 + i)},
                         {*IpAddress::parse("10.255.0.1"), LinkAddress{{2, 0, 0, 0, 0, 1}, 6}}});
    }
  }

  Result<uint64_t> run() {
    SimPacketPort port(network, clock);
    return survey_neighbours(port, queries, rate, clock, stop,
                             [this](const NeighbourQuery& query, const LinkAddress* at) {
                               told.push_back(query.neighbour.address);
                               found += at != nullptr ? 1 : 0;
                             });
  }

  SimPacketNetwork network;
  VirtualClock clock;
  double rate = 1000;
  std::function<bool()> stop = [] { return false; };
  std::vector<NeighbourQuery> queries;
  std::vector<IpAddress> told;
  size_t found = 0;
};

TEST(NeighbourSurvey, TellsOfEachOnceInOrder) {
  for (const bool answered : {true, false}) {
    SurveySim sim(300);
    if (answered) sim.network.neighbour_delay = std::chrono::milliseconds(3);
    ASSERT_TRUE(sim.run());
    ASSERT_EQ(sim.told.size(), 300u);
    EXPECT_TRUE(std::ranges::is_sorted(sim.told));
    EXPECT_EQ(sim.found, answered ? 300u : 0u);
  }
}

TEST(NeighbourSurvey, KeepsToItsRateAndAsksTheSilentAsOftenAsTheKernelDoes) {
  SurveySim sim(1000);
  const Instant begin = sim.clock.now();
  ASSERT_TRUE(sim.run());
  EXPECT_EQ(sim.network.questions, 1000u * NeighbourResolver::kQuestions);
  EXPECT_GE(sim.clock.now() - begin, std::chrono::milliseconds(3900)) << "4,000 questions at 1,000 a second";
}

TEST(NeighbourSurvey, ADeviceThatTakesNothingIsOurFault) {
  SurveySim sim(3);
  sim.network.busy_every = 1;
  const Result<uint64_t> done = sim.run();
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().text, HasSubstr("ip -s link"));
  EXPECT_TRUE(sim.told.empty());
}

TEST(NeighbourSurvey, EndsWhenItIsTold) {
  SurveySim sim(3);
  int looks = 0;
  sim.stop = [&looks] { return ++looks > 10; };
  ASSERT_TRUE(sim.run());
  EXPECT_TRUE(sim.told.empty());
}

}  // namespace
}  // namespace sonde
