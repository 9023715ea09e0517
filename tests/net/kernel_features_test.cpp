#include "net/kernel_features.h"

#include <gmock/gmock.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/utsname.h>

#include <cerrno>

#include "tests/net/dropped_rights.h"

namespace sonde {
namespace {

using testing::HasSubstr;

// What a container's filter does: io_uring_setup fails with this errno, in the
// calling thread alone.
bool forbid_uring(unsigned error) {
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),  // offsetof(seccomp_data, nr)
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog filter{4, program};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

KernelFeatures features_with_uring_forbidden(unsigned error) {
  KernelFeatures features;
  std::thread([&] {
    if (forbid_uring(error)) features = probe_kernel_features();
  }).join();
  return features;
}

TEST(KernelFeatures, TheReleaseIsThatOfUname) {
  utsname name{};
  ASSERT_EQ(uname(&name), 0);
  EXPECT_EQ(probe_kernel_features().release, name.release);
}

TEST(KernelFeatures, AContainersFilterIsSeenAndExplained) {
  const KernelFeatures forbidden = features_with_uring_forbidden(EPERM);
  ASSERT_FALSE(forbidden.release.empty()) << "the filter could not be installed";
  EXPECT_EQ(forbidden.uring.setup_errno, EPERM);
  EXPECT_FALSE(forbidden.uring.can_connect());
  EXPECT_EQ(features_with_uring_forbidden(ENOSYS).uring.setup_errno, ENOSYS);
}

TEST(KernelFeatures, OperationsComeWithTheKernelsThatHaveThem) {
  const UringSupport uring = probe_kernel_features().uring;
  if (!uring.permitted()) GTEST_SKIP() << explain_uring(uring);
  EXPECT_TRUE(uring.connect);
  // Newer operations never come without the older ones.
  EXPECT_TRUE(!uring.install_descriptor || uring.single_issuer);
  EXPECT_TRUE(!uring.single_issuer || uring.socket);
}

TEST(KernelFeatures, RawSocketsFollowTheRightToThem) {
  with_capabilities(0, 0, [] {
    const KernelFeatures features = probe_kernel_features();
    EXPECT_EQ(features.raw_socket_errno, EPERM);
    EXPECT_EQ(features.packet_socket_errno, EPERM);
  });
  if (geteuid() != 0) GTEST_SKIP() << "needs root to hold CAP_NET_RAW";
  with_capabilities(bit(CAP_NET_RAW), bit(CAP_NET_RAW), [] {
    EXPECT_EQ(probe_kernel_features().raw_socket_errno, 0);
    EXPECT_EQ(probe_kernel_features().packet_socket_errno, 0);
  });
}

UringSupport refused(int error, std::optional<int> disabled = {}) {
  UringSupport uring;
  uring.setup_errno = error;
  uring.disabled = disabled;
  return uring;
}

TEST(ExplainUring, NamesTheCauseAndTheRemedy) {
  const struct {
    UringSupport uring;
    const char* cause;
    const char* remedy;
  } rows[] = {
      {refused(ENOSYS), "no io_uring", "CONFIG_IO_URING"},
      {refused(EPERM), "seccomp", "allow io_uring_setup"},
      {refused(EPERM, 0), "seccomp", "allow io_uring_setup"},
      {refused(EPERM, 1), "CAP_SYS_ADMIN", "kernel.io_uring_group"},
      {refused(EPERM, 2), "switched off for everyone", "sysctl kernel.io_uring_disabled=0"},
      {refused(ENOMEM), "RLIMIT_MEMLOCK", "ulimit -l"},
      {refused(EMFILE), "Too many open files", "epoll"},
      {UringSupport{}, "too old", "newer kernel"},
  };
  for (const auto& row : rows) {
    EXPECT_THAT(explain_uring(row.uring), HasSubstr(row.cause));
    EXPECT_THAT(explain_uring(row.uring), HasSubstr(row.remedy));
  }
}

TEST(ExplainUring, HasNothingToSayWhenAllIsWell) {
  UringSupport uring;
  uring.single_issuer = uring.connect = true;
  EXPECT_EQ(explain_uring(uring), "");
}

}  // namespace
}  // namespace sonde
