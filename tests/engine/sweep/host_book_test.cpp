#include "engine/sweep/host_book.h"

#include <gtest/gtest.h>

namespace sonde {
namespace {

struct Answer {
  const char* host;
  uint16_t port;
  State state;
  SegmentEvidence segment;
};

const SegmentEvidence kService{64, 64240, 1460, "MSTNW"};
const SegmentEvidence kProxy{64, 0, std::nullopt, ""};
const SegmentEvidence kReset{64, 0, std::nullopt, ""};

Observation seen(const Answer& answer) {
  Observation observation;
  observation.endpoint = {*IpAddress::parse(answer.host), answer.port};
  observation.outcome = {answer.state, answer.state == State::open ? Reason::syn_ack : Reason::reset};
  observation.segment = answer.segment;
  return observation;
}

std::vector<std::string> proxies_after(const std::vector<Answer>& answers) {
  HostBook book;
  for (const Answer& answer : answers) book.note(seen(answer));
  std::vector<std::string> hosts;
  for (const ProxyRecord& proxy : book.proxies())
    hosts.push_back(proxy.address.to_string() + " " + std::to_string(proxy.ports));
  return hosts;
}

TEST(HostBook, AHostWhoseEveryPortAnswersWithoutWindowAndOptionsIsAProxy) {
  EXPECT_EQ(proxies_after({{"10.0.0.1", 1, State::open, kProxy},
                           {"10.0.0.1", 2, State::open, kProxy},
                           {"10.0.0.1", 3, State::open, kProxy}}),
            std::vector<std::string>{"10.0.0.1 3"});
}

TEST(HostBook, OneOrdinaryAnswerMakesItAHost) {
  EXPECT_TRUE(proxies_after({{"10.0.0.1", 1, State::open, kProxy},
                             {"10.0.0.1", 2, State::open, kProxy},
                             {"10.0.0.1", 3, State::open, kService}})
                  .empty());
  EXPECT_TRUE(proxies_after({{"10.0.0.1", 1, State::open, kProxy},
                             {"10.0.0.1", 2, State::open, kProxy},
                             {"10.0.0.1", 3, State::closed, kReset}})
                  .empty());
}

TEST(HostBook, OnePortSaysNothingOfAllPorts) {
  EXPECT_TRUE(
      proxies_after({{"10.0.0.1", 1, State::open, kProxy}, {"10.0.0.2", 1, State::open, kProxy}}).empty());
}

TEST(HostBook, AResetWithAnotherTtlThanTheHostsOtherAnswersIsTold) {
  HostBook book;
  SegmentEvidence far = kReset;
  far.ttl = 250;
  EXPECT_EQ(book.note(seen({"10.0.0.1", 22, State::open, kService})), std::nullopt);
  EXPECT_EQ(book.note(seen({"10.0.0.1", 80, State::closed, kReset})), std::nullopt);
  EXPECT_EQ(book.note(seen({"10.0.0.1", 23, State::closed, far})), 64);
  EXPECT_EQ(book.note(seen({"10.0.0.2", 23, State::closed, far})), std::nullopt);  // its first answer
}

}  // namespace
}  // namespace sonde
