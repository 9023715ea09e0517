#include "net/held_neighbours.h"

#include <gmock/gmock.h>
#include <net/if.h>

#include "tests/net/own_namespace.h"

namespace sonde {
namespace {

using testing::Contains;
using testing::Not;
using testing::UnorderedElementsAre;

class HeldNeighboursOfTheKernel : public OwnNamespace {};

TEST_F(HeldNeighboursOfTheKernel, AreAskedForBothFamilies) {
  make_pair();
  for (const char* command : {"address add 10.0.1.1/24 dev left", "address add 2001:db8::1/64 dev left nodad",
                              "neigh add 10.0.1.2 lladdr 02:00:00:00:00:02 nud reachable dev left",
                              "neigh add 10.0.1.3 lladdr 02:00:00:00:00:03 nud permanent dev left",
                              "neigh add 2001:db8::2 lladdr 02:00:00:00:00:02 nud reachable dev left"})
    ASSERT_TRUE(run(std::string("ip ") + command)) << command;
  auto table = NeighbourTable::open();
  ASSERT_TRUE(table) << table.error().text;
  const auto held = table->held();
  ASSERT_TRUE(held) << held.error().text;
  EXPECT_THAT(*held, Contains(*IpAddress::parse("10.0.1.2")));
  EXPECT_THAT(*held, Contains(*IpAddress::parse("2001:db8::2")));
  EXPECT_THAT(*held, Not(Contains(*IpAddress::parse("10.0.1.3"))));
}

TEST_F(HeldNeighboursOfTheKernel, ThoseThatDoNotAnswerAreTold) {
  make_pair();
  for (const char* command : {"address add 10.0.1.1/24 dev left",
                              "neigh add 10.0.1.2 lladdr 02:00:00:00:00:02 nud reachable dev left",
                              "neigh add 10.0.1.3 nud failed dev left", "neigh add fe80::3 nud failed dev left"})
    ASSERT_TRUE(run(std::string("ip ") + command)) << command;
  auto table = NeighbourTable::open();
  ASSERT_TRUE(table) << table.error().text;
  const auto unanswering = table->unanswering();
  ASSERT_TRUE(unanswering) << unanswering.error().text;
  const uint32_t left = if_nametoindex("left");
  EXPECT_THAT(*unanswering, UnorderedElementsAre(Neighbour{left, *IpAddress::parse("10.0.1.3")},
                                                 Neighbour{left, *IpAddress::parse("fe80::3")}));
}

}  // namespace
}  // namespace sonde
