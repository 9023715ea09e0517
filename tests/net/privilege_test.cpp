#include "net/privilege.h"

#include <gmock/gmock.h>
#include <sys/prctl.h>

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

TEST(RaiseCapability, WhatIsPermittedComesIntoForce) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root to hold a capability";
  with_capabilities(bit(CAP_NET_ADMIN), bit(CAP_NET_RAW) | bit(CAP_NET_ADMIN), [] {
    for (int round = 0; round < 2; ++round) {
      const auto raised = raise_capability(Capability::net_raw);
      ASSERT_TRUE(raised) << raised.error().text;
      EXPECT_EQ(read_privileges()->of(Capability::net_raw), (HeldCapability{true, true}));
      EXPECT_EQ(read_privileges()->of(Capability::net_admin), (HeldCapability{true, true}));
    }
  });
}

TEST(RaiseCapability, WhatIsNotPermittedIsToldWithTheRemedy) {
  with_capabilities(0, 0, [] {
    const auto raised = raise_capability(Capability::sys_resource);
    ASSERT_FALSE(raised);
    EXPECT_EQ(raised.error().kind, ErrorKind::impossible);
    EXPECT_THAT(raised.error().text,
                testing::MatchesRegex("this process does not have CAP_SYS_RESOURCE: run `sudo setcap "
                                      "cap_sys_resource\\+ep /.*`"));
  });
}

TEST(DropCapabilities, LeavesNothingToThisThreadAndThoseThatItStarts) {
  const auto before = read_privileges();
  std::thread([] {
    const auto dropped = drop_capabilities();
    ASSERT_TRUE(dropped) << dropped.error().text;
    EXPECT_FALSE(raise_capability(Capability::net_raw));
    std::thread([] {
      for (Capability capability : kCapabilities)
        EXPECT_EQ(read_privileges()->of(capability), HeldCapability{}) << to_string(capability);
      EXPECT_EQ(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1) << "no program that is started gains any";
    }).join();
    EXPECT_TRUE(drop_capabilities()) << "twice does no harm";
  }).join();
  EXPECT_EQ(read_privileges()->held, before->held) << "other threads keep theirs";
}

TEST(Privileges, CapabilitiesHaveTheNamesOfTheirManPage) {
  EXPECT_EQ(to_string(Capability::net_raw), "CAP_NET_RAW");
  EXPECT_EQ(to_string(Capability::net_admin), "CAP_NET_ADMIN");
  EXPECT_EQ(to_string(Capability::bpf), "CAP_BPF");
  EXPECT_EQ(to_string(Capability::sys_resource), "CAP_SYS_RESOURCE");
}

}  // namespace
}  // namespace sonde
