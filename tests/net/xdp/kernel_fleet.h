#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>

#include "tests/net/xdp/xdp_wire.h"

namespace sonde {

/// A process in a network namespace of its own, to which `right` is moved; its
/// kernel answers for 198.18.1.0/24 and 2001:db8:1::/120, where ports 22 and
/// 443 listen. Ends with the object.
class KernelFleet {
 public:
  KernelFleet() = default;
  KernelFleet(const KernelFleet&) = delete;
  KernelFleet& operator=(const KernelFleet&) = delete;
  ~KernelFleet() {
    if (process_ <= 0) return;
    kill(process_, SIGKILL);
    waitpid(process_, nullptr, 0);
  }

  void start() {
    int to_child[2], to_parent[2];
    ASSERT_TRUE(pipe(to_child) == 0 && pipe(to_parent) == 0);
    process_ = fork();
    if (process_ == 0) live(to_child[0], to_parent[1]);
    wait_for(to_parent[0]);  // it has its namespace
    ASSERT_EQ(std::system(("ip link set right netns " + std::to_string(process_)).c_str()), 0);
    ASSERT_EQ(write(to_child[1], "!", 1), 1);
    wait_for(to_parent[0]);  // it listens
    for (const int end : {to_child[0], to_child[1], to_parent[0], to_parent[1]}) close(end);
  }

  /// Connections that wait for the third packet of their handshake.
  int half_open() const {
    int count = 0;
    for (const char* table : {"tcp", "tcp6"}) {
      std::ifstream lines("/proc/" + std::to_string(process_) + "/net/" + table);
      for (std::string line; std::getline(lines, line);) {
        char state[8] = "";
        if (std::sscanf(line.c_str(), "%*s %*s %*s %7s", state) == 1) count += std::strcmp(state, "03") == 0;
      }
    }
    return count;
  }

 private:
  static void wait_for(int end) {
    char byte = 0;
    ASSERT_EQ(read(end, &byte, 1), 1);
  }

  static bool listen_on(uint16_t port) {
    const int socket = ::socket(AF_INET6, SOCK_STREAM, 0);
    sockaddr_in6 any{};
    any.sin6_family = AF_INET6;
    any.sin6_port = htons(port);
    return bind(socket, reinterpret_cast<const sockaddr*>(&any), sizeof any) == 0 &&
           listen(socket, 4096) == 0;
  }

  static bool set_up() {
    const char* const commands =
        "ip link set lo up && ip link set right up && sysctl -qw net.ipv4.tcp_syncookies=0"
        " && ip address add 198.18.0.2/16 dev right && ip address add 2001:db8::2/32 dev right nodad"
        " && ip route add local 198.18.1.0/24 dev lo && ip -6 route add local 2001:db8:1::/120 dev lo"
        " && ip neighbour add 198.18.0.1 lladdr 02:fc:00:00:00:0a dev right nud permanent"
        " && ip neighbour add 2001:db8::1 lladdr 02:fc:00:00:00:0a dev right nud permanent";
    return std::system(commands) == 0 && merge_segments("right") && listen_on(22) && listen_on(443);
  }

  [[noreturn]] static void live(int in, int out) {
    char byte = '!';
    const bool ready =
        unshare(CLONE_NEWNET) == 0 && std::system("echo 0 > /proc/sys/net/ipv6/conf/all/disable_ipv6") == 0 &&
        write(out, &byte, 1) == 1 && read(in, &byte, 1) == 1 && set_up() && write(out, &byte, 1) == 1;
    while (ready) pause();
    _exit(1);
  }

  pid_t process_ = -1;
};

}  // namespace sonde
