#include "net/neighbour_resolver.h"

#include <gmock/gmock.h>

#include <array>
#include <map>
#include <thread>

namespace sonde {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using Status = NeighbourResolver::Status;

constexpr Instant kStart{Nanos(1'000'000'000)};

constexpr Neighbour host(uint32_t number) { return {2, IpAddress::v4(0x0a000000 + number)}; }

LinkAddress station(uint8_t number) { return {{0x02, 0xfc, 0, 0, 0, number}, 6}; }

const NeighbourResolver::Asker kAsker{IpAddress::v4(0x0a0000fe), station(0xfe)};

std::vector<Neighbour> questions(NeighbourResolver& resolver, Instant now, size_t most = 1000) {
  std::vector<NeighbourResolver::Question> due;
  resolver.due_questions(now, most, due);
  std::vector<Neighbour> asked;
  for (const auto& question : due) asked.push_back(question.neighbour);
  return asked;
}

// Runs the resolver from event to event; the instants of the questions.
std::vector<Nanos> ask_until_nothing_is_due(NeighbourResolver& resolver) {
  std::vector<Nanos> asked;
  while (resolver.next_event() != Instant::max()) {
    const Instant now = resolver.next_event();
    for (size_t i = questions(resolver, now).size(); i > 0; --i) asked.push_back(now - kStart);
  }
  return asked;
}

TEST(NeighbourResolver, AsksAtGrowingDistanceAndFailsAfterThreeSeconds) {
  NeighbourResolver resolver;
  EXPECT_EQ(resolver.look_up(host(1), kAsker, kStart).status, Status::asking);
  EXPECT_THAT(ask_until_nothing_is_due(resolver), ElementsAre(0ms, 200ms, 600ms, 1400ms));
  EXPECT_EQ(resolver.look_up(host(1), kAsker, kStart + 3s).status, Status::failed);
  EXPECT_EQ(resolver.generation(), 1U);
}

TEST(NeighbourResolver, IsStillAskingRightBeforeItFails) {
  NeighbourResolver resolver;
  resolver.look_up(host(1), kAsker, kStart);
  for (const Nanos at : {0ms, 200ms, 600ms, 1400ms, 2999ms}) questions(resolver, kStart + at);
  EXPECT_EQ(resolver.look_up(host(1), kAsker, kStart + 2999ms).status, Status::asking);
  EXPECT_EQ(resolver.next_event(), kStart + 3s);
  EXPECT_THAT(questions(resolver, kStart + 3s), IsEmpty());
  EXPECT_EQ(resolver.look_up(host(1), kAsker, kStart + 3s).status, Status::failed);
}

TEST(NeighbourResolver, AnAnswerResolvesAtAnyTimeOfAsking) {
  for (const Nanos at : {0ms, 1ms, 200ms, 1500ms, 2999ms, 3000ms, 9000ms}) {
    SCOPED_TRACE(at.count());
    NeighbourResolver resolver;
    resolver.look_up(host(1), kAsker, kStart);
    for (Instant now = kStart; now < kStart + at; now += 50ms) questions(resolver, now);
    const uint64_t before = resolver.generation();
    resolver.take(host(1), station(7), kStart + at);
    const auto answer = resolver.look_up(host(1), kAsker, kStart + at);
    EXPECT_EQ(answer.status, Status::resolved);
    EXPECT_EQ(answer.station, station(7));
    EXPECT_EQ(resolver.generation(), before + 1);
    EXPECT_EQ(resolver.next_event(), Instant::max()) << "nothing more is asked";
  }
}

TEST(NeighbourResolver, AnAnswerThatNobodyAskedForChangesNothing) {
  NeighbourResolver resolver;
  resolver.look_up(host(1), kAsker, kStart);
  resolver.take(host(2), station(6), kStart);
  resolver.take({3, host(1).address}, station(6), kStart);  // on another link
  resolver.take(host(1), LinkAddress{}, kStart);            // without a station
  EXPECT_EQ(resolver.generation(), 0U);
  EXPECT_EQ(resolver.look_up(host(1), kAsker, kStart).status, Status::asking);
  EXPECT_EQ(resolver.look_up(host(2), kAsker, kStart).status, Status::asking);
}

TEST(NeighbourResolver, TheLatestStationCounts) {
  NeighbourResolver resolver;
  resolver.look_up(host(1), kAsker, kStart);
  resolver.take(host(1), station(1), kStart + 1ms);
  resolver.take(host(1), station(2), kStart + 2ms);
  EXPECT_EQ(resolver.look_up(host(1), kAsker, kStart + 2ms).station, station(2));
  EXPECT_EQ(resolver.generation(), 1U);
}

TEST(NeighbourResolver, AFailedNeighbourIsAskedAnewAfterAWhile) {
  NeighbourResolver resolver;
  resolver.look_up(host(1), kAsker, kStart);
  ask_until_nothing_is_due(resolver);
  const Instant failed = kStart + 3s;
  EXPECT_EQ(resolver.look_up(host(1), kAsker, failed + NeighbourResolver::kFailureHold - 1ns).status,
            Status::failed);
  EXPECT_EQ(resolver.next_event(), Instant::max());
  const Instant later = failed + NeighbourResolver::kFailureHold;
  EXPECT_EQ(resolver.look_up(host(1), kAsker, later).status, Status::asking);
  EXPECT_THAT(questions(resolver, later), ElementsAre(host(1)));
}

TEST(NeighbourResolver, AnOldStationIsConfirmedWhileItIsInUse) {
  NeighbourResolver resolver;
  resolver.look_up(host(1), kAsker, kStart);
  resolver.take(host(1), station(1), kStart);
  const Instant later = kStart + NeighbourResolver::kStationHold;
  resolver.look_up(host(1), kAsker, later - 1ns);
  EXPECT_EQ(resolver.next_event(), Instant::max());
  EXPECT_EQ(resolver.look_up(host(1), kAsker, later).station, station(1)) << "counts while it is asked for";
  EXPECT_THAT(questions(resolver, later), ElementsAre(host(1)));
  EXPECT_EQ(resolver.look_up(host(1), kAsker, later + 1ms).status, Status::resolved);
  resolver.take(host(1), station(2), later + 2ms);
  EXPECT_EQ(resolver.look_up(host(1), kAsker, later + 2ms).station, station(2));
  EXPECT_EQ(resolver.generation(), 1U);
}

TEST(NeighbourResolver, AStationThatIsGoneFails) {
  NeighbourResolver resolver;
  resolver.look_up(host(1), kAsker, kStart);
  resolver.take(host(1), station(1), kStart);
  const Instant later = kStart + NeighbourResolver::kStationHold;
  resolver.look_up(host(1), kAsker, later);
  ask_until_nothing_is_due(resolver);
  const auto answer = resolver.look_up(host(1), kAsker, later + 3s);
  EXPECT_EQ(answer.status, Status::failed);
  EXPECT_EQ(answer.station, LinkAddress{});
  EXPECT_EQ(resolver.look_up(host(1), kAsker, later + 3s + NeighbourResolver::kFailureHold).status,
            Status::asking);
}

TEST(NeighbourResolver, QuestionsAreHandedOutInPortionsEachOnce) {
  NeighbourResolver resolver;
  for (uint32_t number = 0; number < 5; ++number) resolver.look_up(host(number), kAsker, kStart);
  EXPECT_THAT(questions(resolver, kStart, 0), IsEmpty());
  EXPECT_THAT(questions(resolver, kStart, 2), ElementsAre(host(0), host(1)));
  EXPECT_EQ(resolver.next_event(), kStart);
  EXPECT_THAT(questions(resolver, kStart, 1000), ElementsAre(host(2), host(3), host(4)));
  EXPECT_THAT(questions(resolver, kStart, 1000), IsEmpty());
}

TEST(NeighbourResolver, WhatHasBeenDueLongestIsAskedFirst) {
  NeighbourResolver resolver;
  resolver.look_up(host(1), kAsker, kStart);
  questions(resolver, kStart);
  resolver.look_up(host(2), kAsker, kStart + 100ms);
  resolver.look_up(host(3), kAsker, kStart + 250ms);
  EXPECT_THAT(questions(resolver, kStart + 300ms), ElementsAre(host(2), host(1), host(3)));
}

TEST(NeighbourResolver, ALateCallerStillLeavesTimeToAnswer) {
  NeighbourResolver resolver;
  resolver.look_up(host(1), kAsker, kStart);
  EXPECT_EQ(questions(resolver, kStart + 10s).size(), 1U);
  EXPECT_EQ(resolver.next_event(), kStart + 10s + NeighbourResolver::kFirstWait);
}

TEST(NeighbourResolver, NothingIsDueWhenNobodyIsAsked) {
  NeighbourResolver resolver;
  EXPECT_EQ(resolver.next_event(), Instant::max());
  EXPECT_THAT(questions(resolver, kStart), IsEmpty());
}

// Room for three: 1 failed, 2 and 3 resolved in this order.
class FullResolver : public testing::Test {
 protected:
  void SetUp() override {
    resolver_.look_up(host(1), kAsker, kStart);
    ask_until_nothing_is_due(resolver_);
    for (const uint8_t number : {uint8_t{2}, uint8_t{3}}) {
      resolver_.look_up(host(number), kAsker, kNow);
      resolver_.take(host(number), station(number), kNow);
    }
  }

  static constexpr Instant kNow = kStart + 4s;
  NeighbourResolver resolver_{3};
};

TEST_F(FullResolver, ForgetsFailedOnesThenTheOldestResolved) {
  resolver_.look_up(host(4), kAsker, kNow);
  EXPECT_EQ(resolver_.look_up(host(2), kAsker, kNow).status, Status::resolved);
  resolver_.look_up(host(5), kAsker, kNow);
  EXPECT_EQ(resolver_.look_up(host(3), kAsker, kNow).status, Status::resolved);
  EXPECT_EQ(resolver_.turned_away(), 0U);
  EXPECT_THAT(questions(resolver_, kNow), ElementsAre(host(4), host(5)));
}

TEST_F(FullResolver, NeverForgetsThoseThatAreBeingAsked) {
  for (const uint32_t number : {4U, 5U, 6U}) resolver_.look_up(host(number), kAsker, kNow);
  EXPECT_EQ(resolver_.look_up(host(7), kAsker, kNow).status, Status::asking);
  EXPECT_EQ(resolver_.turned_away(), 1U);
  EXPECT_THAT(questions(resolver_, kNow), ElementsAre(host(4), host(5), host(6)));
  resolver_.take(host(5), station(5), kNow);
  resolver_.look_up(host(7), kAsker, kNow);
  EXPECT_THAT(questions(resolver_, kNow), ElementsAre(host(7))) << "there is room again";
  EXPECT_EQ(resolver_.turned_away(), 1U);
}

TEST(NeighbourResolver, ManyFailuresAreTakenNoteOfInPortions) {
  constexpr uint32_t kMany = 5000;
  NeighbourResolver resolver;
  for (uint32_t number = 0; number < kMany; ++number) resolver.look_up(host(number), kAsker, kStart);
  EXPECT_EQ(ask_until_nothing_is_due(resolver).size(), kMany * NeighbourResolver::kQuestions);
  EXPECT_EQ(resolver.generation(), kMany);
}

TEST(NeighbourResolver, AQuestionNamesWhoBeganToAsk) {
  const NeighbourResolver::Asker other{IpAddress::v4(0x0a0000fd), station(0xfd)};
  NeighbourResolver resolver;
  resolver.look_up(host(1), kAsker, kStart);
  resolver.look_up(host(1), other, kStart);
  std::vector<NeighbourResolver::Question> due;
  resolver.due_questions(kStart, 1, due);
  EXPECT_THAT(due, ElementsAre(NeighbourResolver::Question{host(1), kAsker}));
  resolver.take(host(1), station(1), kStart);
  const Instant later = kStart + NeighbourResolver::kStationHold;
  resolver.look_up(host(1), other, later);
  resolver.due_questions(later, 1, due);
  EXPECT_EQ(due.back(), (NeighbourResolver::Question{host(1), other})) << "when it is asked anew";
}

TEST(NeighbourResolver, WhatIsKnownIsToldWithoutAsking) {
  NeighbourResolver resolver;
  EXPECT_FALSE(resolver.known(host(1)).has_value());
  EXPECT_EQ(resolver.next_event(), Instant::max());
  resolver.look_up(host(1), kAsker, kStart);
  EXPECT_EQ(resolver.known(host(1))->status, Status::asking);
  resolver.take(host(1), station(1), kStart);
  EXPECT_EQ(resolver.known(host(1))->station, station(1));
}

void answer(NeighbourResolver& resolver, const Neighbour& asked) {
  resolver.take(asked, station(static_cast<uint8_t>(asked.address.v4_number())), kStart);
}

// Several threads look up, ask and answer at once: every neighbour gets its
// station, and no question is handed out twice.
TEST(NeighbourResolver, ServesManyThreads) {
  constexpr uint32_t kHosts = 2000;
  constexpr size_t kThreads = 4;
  NeighbourResolver resolver;
  std::array<std::vector<NeighbourResolver::Question>, kThreads> asked;
  std::vector<std::thread> threads;
  for (size_t i = 0; i < kThreads; ++i)
    threads.emplace_back([&resolver, &mine = asked[i]] {
      for (uint32_t number = 0; number < kHosts; ++number) {
        resolver.look_up(host(number), kAsker, kStart);
        const size_t known = mine.size();
        resolver.due_questions(kStart, 3, mine);
        for (size_t at = known; at < mine.size(); ++at) answer(resolver, mine[at].neighbour);
        resolver.next_event();
      }
    });
  for (std::thread& thread : threads) thread.join();
  std::map<Neighbour, int> times;
  for (const auto& of_thread : asked)
    for (const auto& question : of_thread) ++times[question.neighbour];
  ASSERT_EQ(times.size(), kHosts);
  for (const auto& [neighbour, count] : times) EXPECT_EQ(count, 1);
  for (uint32_t number = 0; number < kHosts; ++number)
    EXPECT_EQ(resolver.look_up(host(number), kAsker, kStart).station, station(static_cast<uint8_t>(number)));
  EXPECT_EQ(resolver.generation(), kHosts);
}

}  // namespace
}  // namespace sonde
