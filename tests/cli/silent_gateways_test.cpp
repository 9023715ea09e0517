#include "cli/silent_gateways.h"

#include <gmock/gmock.h>

namespace sonde {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr uint32_t kEth = 2, kOther = 3;
const IpAddress kGateway = IpAddress::parse("10.0.0.1").value();
const IpAddress kGateway6 = IpAddress::parse("fe80::1").value();
const IpAddress kHost = IpAddress::parse("10.0.0.9").value();

PlannedHop hop_by(const std::optional<IpAddress>& gateway, RouteKind kind = RouteKind::unicast) {
  PlannedHop hop;
  hop.route.kind = kind;
  hop.route.interface_index = kEth;
  hop.route.interface_name = "eth0";
  hop.route.gateway = gateway;
  return hop;
}

PlannedRoutes routes_by(std::vector<PlannedHop> hops) {
  PlannedRoutes routes;
  routes.next_hops = std::move(hops);
  return routes;
}

TEST(SilentGateways, EachIsNamedOnceWithItsLink) {
  const std::vector<Neighbour> unanswering{{kEth, kGateway6}, {kEth, kGateway}};
  EXPECT_THAT(explain_silent_gateways(routes_by({hop_by(kGateway), hop_by(kGateway6), hop_by(kGateway)}), unanswering),
              ElementsAre(HasSubstr("the gateway 10.0.0.1 on eth0 does not answer ARP"),
                          HasSubstr("the gateway fe80::1 on eth0 does not answer NDP")));
}

TEST(SilentGateways, WhoElseDoesNotAnswerIsNone) {
  const std::vector<Neighbour> unanswering{{kEth, kHost}, {kOther, kGateway}};
  EXPECT_THAT(explain_silent_gateways(routes_by({hop_by(kGateway), hop_by(std::nullopt)}), unanswering), IsEmpty());
  EXPECT_THAT(explain_silent_gateways(routes_by({hop_by(kHost, RouteKind::blackhole)}), unanswering), IsEmpty());
}

}  // namespace
}  // namespace sonde
