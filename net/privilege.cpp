#include "net/privilege.h"

#include <sys/capability.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <string>

namespace sonde {
namespace {

cap_value_t number_of(Capability capability) {
  switch (capability) {
    case Capability::net_raw: return CAP_NET_RAW;
    case Capability::net_admin: return CAP_NET_ADMIN;
    case Capability::bpf: return CAP_BPF;
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

}  // namespace

std::string_view to_string(Capability capability) {
  switch (capability) {
    case Capability::net_raw: return "CAP_NET_RAW";
    case Capability::net_admin: return "CAP_NET_ADMIN";
    case Capability::bpf: return "CAP_BPF";
    case Capability::sys_resource: return "CAP_SYS_RESOURCE";
  }
  return "?";
}

Result<Privileges> read_privileges() {
  const std::unique_ptr<std::remove_pointer_t<cap_t>, FreeCapabilities> state(cap_get_proc());
  if (!state)
    return impossible_error(std::string("cannot read the capabilities of this process: ") +
                            std::strerror(errno));
  Privileges privileges;
  privileges.root = geteuid() == 0;
  for (Capability capability : kCapabilities) {
    HeldCapability& held = privileges.held[static_cast<size_t>(capability)];
    held.effective = is_set(state.get(), capability, CAP_EFFECTIVE);
    held.permitted = is_set(state.get(), capability, CAP_PERMITTED);
  }
  return privileges;
}

}  // namespace sonde
