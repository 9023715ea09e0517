#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "net/base/result.h"

namespace sonde {

/// The capabilities (capabilities(7)) that decide what a scanner may do.
enum class Capability : uint8_t {
  net_raw,       ///< raw and packet sockets: the SYN engine
  net_admin,     ///< attaching XDP programs; seeing the firewall's rules
  bpf,           ///< loading BPF programs
  sys_resource,  ///< raising hard limits
};

inline constexpr std::array kCapabilities{Capability::net_raw, Capability::net_admin, Capability::bpf,
                                          Capability::sys_resource};

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

}  // namespace sonde
