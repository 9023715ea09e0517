#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>

namespace sonde {

/// A test in a network namespace of its own, joined to nothing: `lo` is up,
/// everything else is the test's. Skipped, with the reason, without the right
/// to make one.
class OwnNamespace : public testing::Test {
 protected:
  void SetUp() override {
    outside_ = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    if (unshare(CLONE_NEWNET) != 0)
      GTEST_SKIP() << "cannot make a network namespace: " << std::strerror(errno);
    inside_ = true;
    if (!run("ip link set lo up")) GTEST_SKIP() << "the command `ip` (iproute2) does not work here";
  }

  void TearDown() override {
    if (inside_) {
      EXPECT_EQ(setns(outside_, CLONE_NEWNET), 0);
    }
    if (outside_ >= 0) close(outside_);
  }

  /// Runs a shell command in the namespace; whether it succeeded.
  static bool run(const std::string& command) { return std::system(command.c_str()) == 0; }

  /// A pair of virtual Ethernet devices, `left` and `right`, both up.
  static void make_pair() {
    ASSERT_TRUE(run("ip link add left type veth peer name right"));
    ASSERT_TRUE(run("ip link set left up") && run("ip link set right up"));
  }

 private:
  int outside_ = -1;
  bool inside_ = false;
};

}  // namespace sonde
