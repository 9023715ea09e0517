#include "net/privilege.h"

#include <gtest/gtest.h>

#include "tests/net/dropped_rights.h"

namespace sonde {
namespace {

TEST(Privileges, OfARunWithoutRightsAreNone) {
  with_capabilities(0, 0, [] {
    const auto privileges = read_privileges();
    ASSERT_TRUE(privileges) << privileges.error().text;
    EXPECT_EQ(privileges->root, geteuid() == 0) << "being root is another matter";
    for (Capability capability : kCapabilities)
      EXPECT_EQ(privileges->of(capability), HeldCapability{}) << to_string(capability);
  });
}

TEST(Privileges, PermittedIsNotYetEffective) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root to hold a capability";
  with_capabilities(bit(CAP_NET_RAW), bit(CAP_NET_RAW) | bit(CAP_NET_ADMIN), [] {
    const auto privileges = read_privileges();
    ASSERT_TRUE(privileges) << privileges.error().text;
    EXPECT_EQ(privileges->of(Capability::net_raw), (HeldCapability{true, true}));
    EXPECT_EQ(privileges->of(Capability::net_admin), (HeldCapability{false, true}));
    EXPECT_EQ(privileges->of(Capability::bpf), (HeldCapability{false, false}));
  });
}

TEST(Privileges, CapabilitiesHaveTheNamesOfTheirManPage) {
  EXPECT_EQ(to_string(Capability::net_raw), "CAP_NET_RAW");
  EXPECT_EQ(to_string(Capability::net_admin), "CAP_NET_ADMIN");
  EXPECT_EQ(to_string(Capability::bpf), "CAP_BPF");
  EXPECT_EQ(to_string(Capability::sys_resource), "CAP_SYS_RESOURCE");
}

}  // namespace
}  // namespace sonde
