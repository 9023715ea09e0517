#pragma once

#include <gtest/gtest.h>
#include <sched.h>

#include <cstdint>
#include <string_view>
#include <vector>

#include "engine/target/permutation.h"
#include "net/xdp/xdp_sweep.h"
#include "tests/net/packet/packet_builder.h"

namespace sonde {

inline constexpr CookieKey kSweepKey{0x1234, 0x5678};
inline constexpr LinkAddress kOurStation{{0x02, 0xfc, 0, 0, 0, 0x0a}, 6};
inline constexpr LinkAddress kTheirStation{{0x02, 0xfc, 0, 0, 0, 0x0b}, 6};
inline constexpr uint16_t kFirstPort = 50000, kLastPort = 50015;

/// What is swept, as a user would say it, made into tables; and the plain list
/// of its endpoints, by index, to compare with.
class SweptSet {
 public:
  explicit SweptSet(std::vector<uint16_t> ports = {}, uint64_t seed = 7) : seed_(seed) {
    tables.ports = std::move(ports);
    tables.first_port = kFirstPort;
    tables.last_port = kLastPort;
    tables.key = kSweepKey;
  }

  /// The hop of what is added from now on.
  SweptSet& through(const XdpHop& hop) {
    tables.hops.push_back(hop);
    return *this;
  }
  SweptSet& through(std::string_view source, uint16_t vlan = 0) {
    return through(XdpHop{1, packets::address(source), kOurStation, kTheirStation, vlan});
  }

  /// Addresses × all ports, in ascending order within a section.
  SweptSet& addresses(std::string_view first, uint64_t count) {
    const IpAddress from = packets::address(first);
    tables.runs.push_back(run_of(endpoints.size(), from, count, last_hop()));
    for (uint64_t i = 0; i < count; ++i)
      for (const uint16_t port : tables.ports) add({IpAddress::from_number(from.number() + i), port});
    return *this;
  }
  SweptSet& pair(std::string_view address, uint16_t port) {
    tables.runs.push_back(run_of(endpoints.size(), packets::address(address), 1, last_hop(), port));
    add({packets::address(address), port});
    return *this;
  }
  /// What follows is sorted for itself.
  SweptSet& next_section() {
    const uint32_t first =
        tables.sections.empty() ? 0 : tables.sections.back().first + tables.sections.back().count;
    tables.sections.push_back({first, static_cast<uint32_t>(tables.runs.size()) - first});
    return *this;
  }

  SweptSet& shard(uint64_t first, uint64_t stride) {
    tables.shard_first = first;
    tables.shard_stride = stride;
    return *this;
  }

  uint64_t steps() const {
    const uint64_t size = endpoints.size();
    return size > tables.shard_first ? (size - tables.shard_first - 1) / tables.shard_stride + 1 : 0;
  }
  Endpoint endpoint_of_step(uint64_t step) const {
    return endpoints[Permutation(endpoints.size(), seed_)
                         .at(tables.shard_first + step * tables.shard_stride)];
  }
  const XdpHop& hop_of_step(uint64_t step) const {
    const Endpoint endpoint = endpoint_of_step(step);
    for (size_t i = 0; i < endpoints.size(); ++i)
      if (endpoints[i] == endpoint) return tables.hops[hops_[i]];
    return tables.hops.front();
  }

  /// Opened, with the whole shard as its slice.
  std::unique_ptr<XdpSweep> open() {
    if (tables.sections.empty()) next_section();
    tables.permutation = Permutation(endpoints.size(), seed_).core();
    tables.most_steps = steps();
    auto opened = XdpSweep::open(tables);
    EXPECT_TRUE(opened) << opened.error().text;
    if (!opened) return nullptr;
    (*opened)->set_slice(0, steps());
    return std::move(*opened);
  }

  XdpTables tables;
  std::vector<Endpoint> endpoints;

 private:
  uint16_t last_hop() const { return static_cast<uint16_t>(tables.hops.size() - 1); }
  void add(const Endpoint& endpoint) {
    endpoints.push_back(endpoint);
    hops_.push_back(last_hop());
  }

  uint64_t seed_;
  std::vector<size_t> hops_;
};

inline unsigned mark_at(std::span<const uint64_t> ledger, uint64_t step) {
  return static_cast<unsigned>(ledger[step / 32] >> (2 * (step % 32)) & 3);
}

/// Keeps the thread on one core, as a runner's is.
class PinnedToOneCore {
 public:
  PinnedToOneCore() {
    sched_getaffinity(0, sizeof before_, &before_);
    core_ = static_cast<uint32_t>(sched_getcpu());
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(core_, &one);
    EXPECT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
  }
  PinnedToOneCore(const PinnedToOneCore&) = delete;
  PinnedToOneCore& operator=(const PinnedToOneCore&) = delete;
  ~PinnedToOneCore() { sched_setaffinity(0, sizeof before_, &before_); }
  uint32_t core() const { return core_; }

 private:
  cpu_set_t before_{};
  uint32_t core_ = 0;
};

}  // namespace sonde
