#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <vector>

#include "net/base/clock.h"

namespace sonde {

/// Devices that refuse packets for now, busy or without a link, and for how long
/// each has taken none. There are few.
class RefusedDevices {
 public:
  /// How long a device may refuse everything before its packets have failed: a
  /// link that comes up again negotiates for some seconds.
  static constexpr Nanos kPatience = std::chrono::seconds(5);

  bool empty() const { return devices_.empty(); }
  /// The errno of the device's last refusal; 0 when it refuses nothing.
  int error_of(uint32_t interface_index) const {
    const auto known = std::ranges::find(devices_, interface_index, &Device::interface_index);
    return known == devices_.end() ? 0 : known->error;
  }
  /// The device took a packet.
  void forget(uint32_t interface_index) {
    std::erase_if(devices_, [&](const Device& device) { return device.interface_index == interface_index; });
  }
  /// The device refused a packet. True when it has done nothing else for
  /// kPatience; what was longer ago, with nothing to send since, says nothing of now.
  bool note(uint32_t interface_index, int error, Instant now) {
    auto known = std::ranges::find(devices_, interface_index, &Device::interface_index);
    if (known == devices_.end()) known = devices_.insert(known, {interface_index, error, now, now});
    if (now - known->refused >= kPatience) known->since = now;
    known->refused = now;
    known->error = error;
    return now - known->since >= kPatience;
  }

 private:
  struct Device {
    uint32_t interface_index = 0;
    int error = 0;
    Instant since;
    Instant refused;
  };
  std::vector<Device> devices_;
};

}  // namespace sonde
