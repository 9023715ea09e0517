#include "net/kernel_features.h"

#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/io_uring.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <fstream>

namespace sonde {
namespace {

// The kernel's numbers, spelled out because the headers may be older than the
// running kernel.
constexpr unsigned kSetupSubmitAll = 1U << 7;
constexpr unsigned kSetupCoopTaskrun = 1U << 8;
constexpr unsigned kSetupSingleIssuer = 1U << 12;
constexpr unsigned kOpConnect = 16;
constexpr unsigned kOpSocket = 45;
constexpr unsigned kOpUringCmd = 46;
constexpr unsigned kOpFixedFdInstall = 54;
constexpr unsigned kMostOps = 256;

// struct io_uring_probe with its flexible array at full length.
struct ProbeAnswer {
  uint8_t last_op;
  uint8_t ops_length;
  std::array<uint16_t, 7> reserved;
  std::array<io_uring_probe_op, kMostOps> ops;
};
static_assert(offsetof(ProbeAnswer, ops) == sizeof(io_uring_probe));

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number), error_(number < 0 ? errno : 0) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) close(number_);
  }
  int number() const { return number_; }
  int error() const { return error_; }

 private:
  int number_;
  int error_;
};

Descriptor set_up_ring(unsigned flags) {
  io_uring_params parameters{};
  parameters.flags = flags;
  return Descriptor(static_cast<int>(syscall(SYS_io_uring_setup, 4U, &parameters)));
}

bool supports(const ProbeAnswer& answer, unsigned op) {
  return op <= answer.last_op && (answer.ops[op].flags & IO_URING_OP_SUPPORTED) != 0;
}

void probe_operations(int ring, UringSupport& uring) {
  ProbeAnswer answer{};
  if (syscall(SYS_io_uring_register, ring, IORING_REGISTER_PROBE, &answer, kMostOps) < 0) return;
  uring.socket = supports(answer, kOpSocket);
  uring.connect = supports(answer, kOpConnect);
  uring.socket_options = supports(answer, kOpUringCmd);
  uring.install_descriptor = supports(answer, kOpFixedFdInstall);
}

std::optional<int> read_disabled(const std::string& proc) {
  std::ifstream file(proc + "/sys/kernel/io_uring_disabled");
  int value = 0;
  return file >> value ? std::optional(value) : std::nullopt;
}

UringSupport probe_uring(const std::string& proc) {
  UringSupport uring;
  uring.disabled = read_disabled(proc);
  const Descriptor ring = set_up_ring(0);
  uring.setup_errno = ring.error();
  if (!uring.permitted()) return uring;
  probe_operations(ring.number(), uring);
  uring.single_issuer = set_up_ring(kSetupSubmitAll | kSetupCoopTaskrun | kSetupSingleIssuer).error() == 0;
  return uring;
}

std::string kernel_release() {
  utsname name{};
  return uname(&name) == 0 ? name.release : "unknown";
}

std::string explain_refusal(const UringSupport& uring) {
  if (uring.disabled.value_or(0) == 2)
    return "io_uring is switched off for everyone (kernel.io_uring_disabled is 2): "
           "run `sysctl kernel.io_uring_disabled=0`, or use epoll";
  if (uring.disabled.value_or(0) == 1)
    return "io_uring is kept for a group and for CAP_SYS_ADMIN (kernel.io_uring_disabled is 1): "
           "join the group of kernel.io_uring_group, or use epoll";
  return "io_uring is forbidden to this process, by a seccomp filter such as a container's or a security "
         "module: allow io_uring_setup, io_uring_enter and io_uring_register there, or use epoll";
}

}  // namespace

KernelFeatures probe_kernel_features(const std::string& proc) {
  KernelFeatures features;
  features.release = kernel_release();
  features.uring = probe_uring(proc);
  features.raw_socket_errno = Descriptor(socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_TCP)).error();
  // Protocol 0 receives nothing: no packet is taken from anyone.
  features.packet_socket_errno = Descriptor(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0)).error();
  features.types_errno = Descriptor(open("/sys/kernel/btf/vmlinux", O_RDONLY | O_CLOEXEC)).error();
  features.ipv6 = Descriptor(socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP)).error() == 0;
  return features;
}

std::string explain_uring(const UringSupport& uring) {
  if (uring.can_connect()) return {};
  if (uring.permitted())
    return "this kernel's io_uring is too old: Linux 6.0 is needed (IORING_SETUP_SINGLE_ISSUER); "
           "use a newer kernel, or epoll";
  if (uring.setup_errno == ENOSYS)
    return "this kernel has no io_uring, or a sandbox hides it: use a kernel built with CONFIG_IO_URING, or "
           "epoll";
  if (uring.setup_errno == EPERM || uring.setup_errno == EACCES) return explain_refusal(uring);
  if (uring.setup_errno == ENOMEM)
    return "io_uring may not lock the memory it needs (RLIMIT_MEMLOCK): raise `ulimit -l`, or use epoll";
  return std::string("io_uring cannot be set up (") + std::strerror(uring.setup_errno) + "): use epoll";
}

}  // namespace sonde
