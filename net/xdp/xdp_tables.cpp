#include "net/xdp/xdp_tables.h"

#include <algorithm>
#include <limits>

#include "net/base/check.h"

namespace sonde {
namespace {

constexpr uint8_t kEthernetSize = 6;
constexpr size_t kFewRuns = 2;  // up to here, halving beats a look into another table
constexpr size_t kBucketsPerRun = 16;

Result<void> check_count(size_t count, uint64_t most, const char* what) {
  if (count <= most) return {};
  return impossible_error("the XDP engine holds at most " + std::to_string(most) + " " + what +
                          ", and there are " + std::to_string(count) +
                          ": divide the targets, or use --engine syn");
}

/// So many that most hold no more than one run's beginning; and no more, to stay in the caches.
uint64_t buckets_for(size_t runs) {
  return std::min<uint64_t>(SONDE_GUIDE_BUCKETS, uint64_t{runs} * kBucketsPerRun);
}

void check_sense(const XdpTables& tables) {
  CHECK(!tables.runs.empty() && !tables.hops.empty());
  CHECK(tables.runs.front().first_index == 0);
  CHECK(tables.sections.size() <= SONDE_MOST_SECTIONS);
  CHECK(tables.first_port > 0 && tables.first_port <= tables.last_port);
  CHECK(tables.shard_first < tables.shard_stride);
  CHECK(tables.most_steps > 0);
  for (const sonde_run& run : tables.runs)
    CHECK(run.hop < tables.hops.size() && (run.port != 0 || !tables.ports.empty()));
  for (const XdpHop& hop : tables.hops)
    CHECK(hop.own.size == kEthernetSize && (hop.neighbour.size == kEthernetSize || hop.neighbour.size == 0));
}

}  // namespace

sonde_ipv6 number_of(const IpAddress& address) {
  return {static_cast<uint64_t>(address.number() >> 64), static_cast<uint64_t>(address.number())};
}

IpAddress address_of(const sonde_ipv6& number) {
  return IpAddress::from_number(U128{number.high} << 64 | number.low);
}

sonde_run run_of(uint64_t first_index, const IpAddress& first, uint64_t addresses, uint16_t hop,
                 uint16_t port) {
  return {first_index, number_of(first), addresses, port, hop, 0};
}

Result<void> check(const XdpTables& tables) {
  check_sense(tables);
  constexpr uint64_t kMostEntries = std::numeric_limits<uint32_t>::max();
  if (auto fits = check_count(tables.hops.size(), SONDE_MOST_HOPS, "next hops"); !fits) return fits;
  if (auto fits = check_count(tables.runs.size(), kMostEntries, "runs of targets"); !fits) return fits;
  return check_count(tables.most_steps / 32, kMostEntries - 1, "words of ledger");
}

sonde_geometry geometry_of(const XdpTables& tables) {
  sonde_geometry geometry{};
  geometry.permutation = tables.permutation;
  geometry.key = {tables.key.k0, tables.key.k1};
  geometry.shard_first = tables.shard_first;
  geometry.shard_stride = tables.shard_stride;
  std::copy(tables.sections.begin(), tables.sections.end(), geometry.sections);
  geometry.section_count = static_cast<uint32_t>(tables.sections.size());
  geometry.run_count = static_cast<uint32_t>(tables.runs.size());
  geometry.port_count = std::max(1u, static_cast<uint32_t>(tables.ports.size()));
  geometry.first_port = tables.first_port;
  geometry.last_port = tables.last_port;
  return geometry;
}

std::unique_ptr<sonde_port_table> port_table_of(const XdpTables& tables) {
  auto table = std::make_unique<sonde_port_table>();
  for (size_t rank = 0; rank < tables.ports.size(); ++rank) {
    table->ports[rank] = tables.ports[rank];
    table->ranks[tables.ports[rank]] = static_cast<uint16_t>(rank + 1);
  }
  return table;
}

std::unique_ptr<sonde_guide> guide_of(const XdpTables& tables) {
  auto guide = std::make_unique<sonde_guide>();
  const uint64_t last_index = tables.permutation.size - 1;
  const uint64_t wanted = tables.runs.size() <= kFewRuns ? 1 : buckets_for(tables.runs.size());
  while (guide->shift < 63 && last_index >> guide->shift >= wanted) ++guide->shift;
  uint32_t run = 0;
  for (uint64_t bucket = 0; bucket <= SONDE_GUIDE_BUCKETS; ++bucket) {
    const bool beyond = bucket > last_index >> guide->shift;
    while (run + 1 < tables.runs.size() &&
           (beyond || tables.runs[run + 1].first_index <= bucket << guide->shift))
      ++run;
    guide->first[bucket] = run;
  }
  return guide;
}

sonde_hop hop_of(const XdpHop& hop, const CookieKey& key) {
  sonde_hop made{};
  made.interface = hop.interface_index;
  made.vlan = hop.vlan;
  made.ipv6 = !hop.source.is_v4();
  made.on_link = hop.neighbour.size == 0;
  std::copy_n(hop.own.bytes.begin(), sizeof made.own, made.own);
  std::copy_n(hop.neighbour.bytes.begin(), sizeof made.neighbour, made.neighbour);
  made.syn = SynBuilder(hop.source, key).core();
  return made;
}

}  // namespace sonde
