#include "net/firewall.h"

#include <gmock/gmock.h>

#include "tests/net/dropped_rights.h"
#include "tests/net/own_namespace.h"

namespace sonde {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using Firewall = OwnNamespace;

TEST_F(Firewall, ChainsOnTheWayOfOurPacketsAreListed) {
  if (!run("nft list ruleset")) GTEST_SKIP() << "the command `nft` (nftables) does not work here";
  EXPECT_THAT(list_firewall_chains().value(), IsEmpty());
  ASSERT_TRUE(run("nft add table inet guard"));
  ASSERT_TRUE(run("nft add chain inet guard out '{ type filter hook output priority 0; policy drop; }'"));
  ASSERT_TRUE(run("nft add chain inet guard jumped_to"));
  ASSERT_TRUE(run("nft add chain inet guard through '{ type filter hook forward priority 0; }'"));
  ASSERT_TRUE(run("nft add table ip translate"));
  ASSERT_TRUE(run("nft add chain ip translate post '{ type nat hook postrouting priority 100; }'"));
  const auto chains = list_firewall_chains();
  ASSERT_TRUE(chains) << chains.error().text;
  EXPECT_THAT(*chains, testing::UnorderedElementsAre(
                           FirewallChain{"inet", "guard", "out", "output", "filter", true},
                           FirewallChain{"ip", "translate", "post", "postrouting", "nat", false}));
}

TEST_F(Firewall, WithoutTheRightTheErrorSaysWhichOne) {
  with_capabilities(0, 0, [] {
    const auto chains = list_firewall_chains();
    ASSERT_FALSE(chains);
    EXPECT_THAT(chains.error().text, HasSubstr("CAP_NET_ADMIN"));
  });
}

}  // namespace
}  // namespace sonde
