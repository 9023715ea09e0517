#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace sonde {

/// What this kernel allows this process of io_uring(7).
struct UringSupport {
  int setup_errno = 0;  ///< of io_uring_setup: 0 works, ENOSYS not built in, EPERM forbidden, …
  std::optional<int>
      disabled;  ///< kernel.io_uring_disabled (Linux 6.6): 0 allowed, 1 for a group, 2 for nobody
  bool single_issuer =
      false;             ///< SUBMIT_ALL, COOP_TASKRUN and SINGLE_ISSUER (Linux 6.0), which our ring uses
  bool socket = false;   ///< IORING_OP_SOCKET (Linux 5.19): sockets as direct descriptors
  bool connect = false;  ///< IORING_OP_CONNECT (Linux 5.5)
  bool socket_options = false;  ///< IORING_OP_URING_CMD (Linux 5.19; on sockets since 6.7)
  bool install_descriptor =
      false;  ///< IORING_OP_FIXED_FD_INSTALL (Linux 6.8): a direct descriptor becomes a usual one
  friend bool operator==(const UringSupport&, const UringSupport&) = default;

  bool permitted() const { return setup_errno == 0; }
  /// Whether net/ring.h can be had, with connects on direct descriptors.
  bool can_connect() const { return permitted() && single_issuer && connect; }
};

/// What the running kernel allows this process, found out by trying it.
struct KernelFeatures {
  std::string release;  ///< uname(2): "6.18.44"
  UringSupport uring;
  int raw_socket_errno = 0;     ///< of socket(AF_INET, SOCK_RAW, IPPROTO_TCP): 0 when permitted
  int packet_socket_errno = 0;  ///< of socket(AF_PACKET, SOCK_RAW, 0): 0 when permitted
  int types_errno = 0;          ///< of opening /sys/kernel/btf/vmlinux, its own types: 0 when it has them
  bool ipv6 = false;            ///< an IPv6 socket can be made
};

/// Tries everything once and closes it again: no packet is sent. `proc` is
/// where procfs is mounted.
KernelFeatures probe_kernel_features(const std::string& proc = "/proc");

/// Why io_uring is not to be had and what to do, in one sentence; empty when it
/// is. Pure.
std::string explain_uring(const UringSupport& uring);

}  // namespace sonde
