#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "net/base/result.h"

namespace sonde {

/// The capabilities (capabilities(7)) that decide what a scanner may do.
enum class Capability : uint8_t {
  net_raw,       ///< raw and packet sockets: the SYN engine
  net_admin,     ///< attaching XDP programs; seeing the firewall's rules
  bpf,           ///< loading BPF programs
  perfmon,       ///< BPF programs that compare pointers: the XDP engine's
  sys_resource,  ///< raising hard limits
};

inline constexpr std::array kCapabilities{Capability::net_raw, Capability::net_admin, Capability::bpf,
                                          Capability::perfmon, Capability::sys_resource};

/// "CAP_NET_RAW", …
std::string_view to_string(Capability capability);

/// What this process holds of one capability.
struct HeldCapability {
  bool effective = false;  ///< in force now
  bool permitted = false;  ///< may be put in force
  friend bool operator==(const HeldCapability&, const HeldCapability&) = default;
};

/// The rights of this process (of the calling thread, to be exact).
struct Privileges {
  bool root = false;  ///< the effective user id is 0, which alone grants nothing
  std::array<HeldCapability, kCapabilities.size()> held{};  ///< by Capability

  const HeldCapability& of(Capability capability) const { return held[static_cast<size_t>(capability)]; }
};

/// Reads them from the kernel. An error only when the kernel refuses to tell.
Result<Privileges> read_privileges();

/// How to give this program a capability, to stand in an error: "run `sudo
/// setcap cap_net_raw+ep /usr/bin/sonde`", with the place where it really is.
std::string how_to_grant(Capability capability);

/// Puts a capability that is permitted in force, for the calling thread and the
/// threads that it starts later. Error: it is not permitted; the text has
/// how_to_grant().
Result<void> raise_capability(Capability capability);

/// Gives up every capability, and the way back to them (setuid programs, and
/// what root gains by starting a program: PR_SET_NO_NEW_PRIVS), for the calling
/// thread and the threads that it starts later: to be called once everything
/// that needs a right is open, and before there are other threads. Nothing is
/// kept: descriptors that are open go on working, CAP_NET_RAW is asked for only
/// where a packet socket is opened. What root can no longer do afterwards:
/// write to files and folders of other users, bind ports below 1024, read the
/// firewall's rules. Error: the kernel refuses, which it has no reason to.
Result<void> drop_capabilities();

}  // namespace sonde
