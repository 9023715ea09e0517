#include <linux/if_link.h>
#include <net/if.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "net/privilege.h"
#include "net/xdp/xdp_object.h"

namespace sonde {
namespace {

std::string interface_name(uint32_t index) {
  std::array<char, IF_NAMESIZE> name{};
  if (if_indextoname(index, name.data()) == nullptr) return "interface " + std::to_string(index);
  return name.data();
}

/// "xdp_dispatcher, id 17", as far as the kernel tells.
std::string present_program(uint32_t interface_index) {
  uint32_t id = 0;
  if (bpf_xdp_query_id(static_cast<int>(interface_index), 0, &id) != 0 || id == 0) return "unknown";
  const std::string number = "id " + std::to_string(id);
  const XdpDescriptor program(bpf_prog_get_fd_by_id(id));
  bpf_prog_info info{};
  uint32_t size = sizeof info;
  if (program.get() < 0 || bpf_obj_get_info_by_fd(program.get(), &info, &size) != 0) return number;
  return std::string(info.name) + ", " + number;
}

tl::unexpected<Error> attach_error(int error, uint32_t interface_index, XdpMode mode) {
  const std::string name = interface_name(interface_index);
  if (error == EBUSY || error == EEXIST) {
    const std::string present = present_program(interface_index);
    if (present.starts_with("sonde_"))
      return impossible_error("another sonde sweeps on " + name + " (" + present +
                              "): wait until it is done, or use --engine syn");
    return impossible_error("another XDP program is attached to " + name + " (" + present + "): detach it (`ip link set " + name +
                            " xdp off`), or use --engine syn");
  }
  if (error == EPERM) {
    return impossible_error("attaching an XDP program to " + name + " takes CAP_NET_ADMIN: " +
                            how_to_grant(Capability::net_admin) + ", or use --engine syn");
  }
  const std::string why = std::string(" (") + std::strerror(error) + ")";
  if (mode == XdpMode::native) {
    return impossible_error("the driver of " + name + " takes no XDP program as it is set up now" + why +
                            ": use the generic mode, or --engine syn");
  }
  return impossible_error("cannot attach an XDP program to " + name + why + ": use --engine syn");
}

}  // namespace

Error explain_refusal(const XdpRefusal& refusal) {
  const std::string name = interface_name(refusal.interface_index);
  if (refusal.error == 0) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(refusal.last - refusal.since).count();
    return io_error("the device " + name + " has not taken a frame for " + std::to_string(seconds) +
                    " s: look at its link with `ip -s link show " + name + "`")
        .value();
  }
  return impossible_error("the device " + name + " takes no frames out of XDP (" + std::strerror(refusal.error) +
                          "): look whether its link is up, and whether it has a queue for each core (`ethtool -l " +
                          name + "`, `taskset`); a veth's peer takes them with an XDP program of its own or with "
                          "`ethtool -K PEER gro on`; or use --engine syn")
      .value();
}

Result<XdpDescriptor> attach_xdp(int program, uint32_t interface_index, XdpMode mode) {
  const uint32_t flags = mode == XdpMode::native ? XDP_FLAGS_DRV_MODE : XDP_FLAGS_SKB_MODE;
  auto options = bpf_options<bpf_link_create_opts>();
  options.flags = flags;
  const int link = bpf_link_create(program, static_cast<int>(interface_index), BPF_XDP, &options);
  if (link < 0) return attach_error(-link, interface_index, mode);
  return XdpDescriptor(link);
}

}  // namespace sonde
