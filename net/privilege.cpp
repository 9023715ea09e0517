#include "net/privilege.h"

#include <sys/capability.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>

namespace sonde {
namespace {

cap_value_t number_of(Capability capability) {
  switch (capability) {
    case Capability::net_raw: return CAP_NET_RAW;
    case Capability::net_admin: return CAP_NET_ADMIN;
    case Capability::bpf: return CAP_BPF;
    case Capability::perfmon: return CAP_PERFMON;
    case Capability::sys_resource: return CAP_SYS_RESOURCE;
  }
  return CAP_NET_RAW;
}

// A capability that this kernel does not know is one that we do not hold.
bool is_set(cap_t state, Capability capability, cap_flag_t flag) {
  cap_flag_value_t value = CAP_CLEAR;
  return cap_get_flag(state, number_of(capability), flag, &value) == 0 && value == CAP_SET;
}

struct FreeCapabilities {
  void operator()(void* state) const { cap_free(state); }
};
using CapabilityState = std::unique_ptr<std::remove_pointer_t<cap_t>, FreeCapabilities>;

tl::unexpected<Error> unreadable(int error) {
  return impossible_error(std::string("cannot read the capabilities of this process: ") +
                          std::strerror(error));
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](char c) { return 'A' <= c && c <= 'Z' ? c + 32 : c; });
  return lower;
}

std::string own_program() {
  std::error_code error;
  const auto path = std::filesystem::read_symlink("/proc/self/exe", error);
  return error ? "sonde" : path.string();
}

bool put_in_force(cap_t state, Capability capability) {
  const cap_value_t number = number_of(capability);
  return cap_set_flag(state, CAP_EFFECTIVE, 1, &number, CAP_SET) == 0 && cap_set_proc(state) == 0;
}

}  // namespace

std::string_view to_string(Capability capability) {
  switch (capability) {
    case Capability::net_raw: return "CAP_NET_RAW";
    case Capability::net_admin: return "CAP_NET_ADMIN";
    case Capability::bpf: return "CAP_BPF";
    case Capability::perfmon: return "CAP_PERFMON";
    case Capability::sys_resource: return "CAP_SYS_RESOURCE";
  }
  return "?";
}

Result<Privileges> read_privileges() {
  const CapabilityState state(cap_get_proc());
  if (!state) return unreadable(errno);
  Privileges privileges;
  privileges.root = geteuid() == 0;
  for (Capability capability : kCapabilities) {
    HeldCapability& held = privileges.held[static_cast<size_t>(capability)];
    held.effective = is_set(state.get(), capability, CAP_EFFECTIVE);
    held.permitted = is_set(state.get(), capability, CAP_PERMITTED);
  }
  return privileges;
}

std::string how_to_grant(Capability capability) {
  return "run `sudo setcap " + lower_case(to_string(capability)) + "+ep " + own_program() + "`";
}

Result<void> raise_capability(Capability capability) {
  const CapabilityState state(cap_get_proc());
  if (!state) return unreadable(errno);
  if (is_set(state.get(), capability, CAP_EFFECTIVE)) return {};
  if (is_set(state.get(), capability, CAP_PERMITTED) && put_in_force(state.get(), capability)) return {};
  return impossible_error("this process does not have " + std::string(to_string(capability)) + ": " +
                          how_to_grant(capability));
}

Result<void> drop_capabilities() {
  const CapabilityState none(cap_init());
  if (none && cap_set_proc(none.get()) == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0) return {};
  return impossible_error(std::string("cannot give up the capabilities of this process: ") +
                          std::strerror(errno));
}

}  // namespace sonde
