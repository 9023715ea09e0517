#pragma once

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <thread>

namespace sonde {

/// Runs `body` in a thread that holds only the given capabilities (masks of
/// bits, all below 64); the rest of the process keeps its own.
template <typename Body>
void with_capabilities(uint64_t effective, uint64_t permitted, Body body) {
  std::thread([&] {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct data[2]{};
    for (int word = 0; word < 2; ++word) {
      data[word].effective = static_cast<uint32_t>(effective >> (32 * word));
      data[word].permitted = static_cast<uint32_t>(permitted >> (32 * word));
    }
    syscall(SYS_capset, &header, data);
    body();
  }).join();
}

constexpr uint64_t bit(int capability) { return uint64_t{1} << capability; }

}  // namespace sonde
