#pragma once

#include <gtest/gtest.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <signal.h>
#include <spawn.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>

#include "tests/net/own_namespace.h"
#include "tests/net/xdp/swept_set.h"

extern char** environ;

namespace sonde {

/// Lets a veth device without an XDP program take frames that XDP sends.
inline bool merge_segments(const char* device) {
  ethtool_value value{ETHTOOL_SGRO, 1};
  ifreq request{};
  std::strncpy(request.ifr_name, device, IFNAMSIZ - 1);
  request.ifr_data = reinterpret_cast<char*>(&value);
  const int descriptor = socket(AF_INET, SOCK_DGRAM, 0);
  const bool done = ioctl(descriptor, SIOCETHTOOL, &request) == 0;
  close(descriptor);
  return done;
}

/// A fleet that answers from XDP (tests/lab/reflector.cpp) on `right`, until
/// the end of the test.
class ReflectorProcess {
 public:
  ReflectorProcess() = default;
  ReflectorProcess(const ReflectorProcess&) = delete;
  ReflectorProcess& operator=(const ReflectorProcess&) = delete;
  ~ReflectorProcess() { end(); }

  /// `plan`: see tests/lab/reflector_plan.h.
  void start(const std::string& plan) {
    const std::string path = testing::TempDir() + "plan." + std::to_string(getpid());
    std::ofstream(path) << plan;
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    std::string program = SONDE_REFLECTOR, interface = "right", plan_path = path;
    char* arguments[] = {program.data(), plan_path.data(), interface.data(), nullptr};
    ASSERT_EQ(posix_spawn(&process_, program.c_str(), &actions, nullptr, arguments, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    output_ = fdopen(ends[0], "r");
    ASSERT_EQ(line(), "ready\n");
    unlink(path.c_str());
  }

  /// Ends it; its counters.
  std::string end() {
    if (process_ <= 0) return {};
    kill(process_, SIGTERM);
    std::string counters = line();
    waitpid(process_, nullptr, 0);
    fclose(output_);
    process_ = -1;
    return counters;
  }

 private:
  std::string line() {
    char text[1024] = "";
    return fgets(text, sizeof text, output_) != nullptr ? text : "";
  }

  pid_t process_ = -1;
  FILE* output_ = nullptr;
};

/// `left`, where we sweep, and `right`, where the fleet is.
class XdpWire : public OwnNamespace {
 protected:
  void SetUp() override {
    OwnNamespace::SetUp();
    if (IsSkipped()) return;
    ASSERT_TRUE(run("echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6"));
    ASSERT_TRUE(run(
        "ip link add left address 02:fc:00:00:00:0a type veth peer name right address 02:fc:00:00:00:0b"));
    ASSERT_TRUE(run("ip link set left up") && run("ip link set right up"));
  }

  static uint32_t left() { return if_nametoindex("left"); }
  static XdpHop hop_from(std::string_view source) {
    return {left(), packets::address(source), kOurStation, kTheirStation, 0};
  }
  /// Whether any XDP program stands on an interface.
  static bool is_attached(const std::string& interface) {
    return run("ip link show dev " + interface + " | grep -q prog/xdp");
  }
};

/// Whether something comes to be within a moment.
template <typename Condition>
bool soon(Condition condition) {
  for (int i = 0; i < 5000 && !condition(); ++i) usleep(1000);
  return condition();
}

/// Sends `passes` times to what is unanswered.
inline void sweep_all(XdpSweep& sweep, uint64_t steps, uint32_t passes = 1) {
  const PinnedToOneCore pinned;
  for (uint32_t pass = 0; pass < passes; ++pass) {
    sweep.set_attempt(pass);
    for (uint64_t next = 0; next < steps;) {
      const auto reached = sweep.run(pinned.core(), next, steps, 1 << 16);
      ASSERT_TRUE(reached) << reached.error().text;
      next = *reached;
    }
  }
}

}  // namespace sonde
