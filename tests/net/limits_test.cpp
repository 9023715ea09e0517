#include "net/limits.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <filesystem>
#include <fstream>

#include "tests/net/own_namespace.h"

namespace sonde {
namespace {

// A procfs and a cgroup tree made of plain files.
class FakeTrees : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "sonde-limits-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    root_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  void file(const std::string& path, const std::string& text) const {
    const std::filesystem::path whole = root_ / path;
    std::filesystem::create_directories(whole.parent_path());
    std::ofstream(whole) << text;
  }
  Limits read() const { return read_limits(root_ / "proc", root_ / "cgroup"); }

  std::filesystem::path root_;
};

TEST_F(FakeTrees, WhatTheKernelShowsIsRead) {
  file("proc/sys/fs/file-max", "9223372036854775807\n");
  file("proc/sys/net/ipv4/ip_local_port_range", "32768\t60999\n");
  file("proc/sys/net/ipv4/tcp_max_orphans", "131072\n");
  file("proc/sys/net/ipv4/tcp_max_tw_buckets", "65536\n");
  file("proc/sys/net/ipv4/tcp_syn_retries", "6\n");
  file("proc/sys/net/ipv4/icmp_ratelimit", "1000\n");
  file("proc/sys/net/ipv4/icmp_msgs_per_sec", "10000\n");
  file("proc/sys/net/core/somaxconn", "4096\n");
  file("proc/sys/net/netfilter/nf_conntrack_max", "262144\n");
  file("proc/sys/net/netfilter/nf_conntrack_count", "17\n");
  file("proc/meminfo", "MemTotal:  4000000 kB\nMemFree:  1 kB\nMemAvailable:    2000 kB\n");
  const Limits limits = read();
  EXPECT_EQ(limits.system_files, 9223372036854775807U);
  EXPECT_EQ(limits.source_ports, (PortRange{32768, 60999}));
  EXPECT_EQ(limits.source_ports->count(), 28232U);
  EXPECT_EQ(limits.tcp_max_orphans, 131072U);
  EXPECT_EQ(limits.tcp_max_tw_buckets, 65536U);
  EXPECT_EQ(limits.tcp_syn_retries, 6U);
  EXPECT_EQ(limits.icmp_ratelimit_ms, 1000U);
  EXPECT_EQ(limits.icmp_msgs_per_sec, 10000U);
  EXPECT_EQ(limits.somaxconn, 4096U);
  EXPECT_EQ(limits.conntrack, (ConntrackTable{17, 262144}));
  EXPECT_EQ(limits.memory_available_bytes, 2000U * 1024);
}

TEST_F(FakeTrees, WhatTheKernelDoesNotShowIsAbsent) {
  file("proc/sys/net/ipv4/tcp_syn_retries", "what?\n");
  const Limits limits = read();
  EXPECT_FALSE(limits.source_ports || limits.conntrack || limits.tcp_syn_retries ||
               limits.memory_available_bytes);
}

TEST_F(FakeTrees, TheTightestMemoryLimitCounts) {
  file("proc/meminfo", "MemAvailable:    1000000 kB\n");
  file("proc/self/cgroup", "12:cpu:/old\n0::/slice/unit\n");
  file("cgroup/slice/unit/memory.max", "max\n");
  file("cgroup/slice/unit/memory.current", "1000\n");
  EXPECT_EQ(read().memory_available_bytes, 1000000U * 1024) << "no limit in the group";
  file("cgroup/slice/memory.max", "5000\n");
  file("cgroup/slice/memory.current", "4000\n");
  EXPECT_EQ(read().memory_available_bytes, 1000U) << "a limit further up";
  file("cgroup/slice/unit/memory.max", "1200\n");
  EXPECT_EQ(read().memory_available_bytes, 200U) << "a tighter one below";
  file("cgroup/slice/unit/memory.current", "1300\n");
  EXPECT_EQ(read().memory_available_bytes, 0U) << "over its limit";
}

TEST(PortRange, AnEmptyOneHasNoPorts) {
  EXPECT_EQ((PortRange{0, 0}).count(), 0U);
  EXPECT_EQ((PortRange{5000, 4000}).count(), 0U);
  EXPECT_EQ((PortRange{5000, 5000}).count(), 1U);
  EXPECT_EQ((PortRange{1, 65535}).count(), 65535U);
}

using OwnLimits = OwnNamespace;

TEST_F(OwnLimits, SettingsAreThoseOfTheNetworkNamespace) {
  ASSERT_TRUE(run("echo 40000 40099 > /proc/sys/net/ipv4/ip_local_port_range"));
  const Limits limits = read_limits();
  ASSERT_TRUE(limits.source_ports.has_value());
  EXPECT_EQ(limits.source_ports->count(), 100U);
  EXPECT_GE(limits.cpus, 1U);
  EXPECT_TRUE(limits.memory_available_bytes.has_value());
}

TEST(DescriptorLimit, IsRaisedToTheHardOne) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit lowered{before.rlim_max / 2, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &lowered), 0);
  EXPECT_EQ(read_limits().descriptors.soft, before.rlim_max / 2);
  const auto raised = raise_descriptor_limit();
  ASSERT_TRUE(raised) << raised.error().text;
  EXPECT_EQ(raised->soft, raised->hard);
  EXPECT_EQ(raised->hard, before.rlim_max == RLIM_INFINITY ? kNoLimit : before.rlim_max);
  EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
}

}  // namespace
}  // namespace sonde
