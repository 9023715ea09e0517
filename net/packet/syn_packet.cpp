#include "net/packet/syn_packet.h"

#include "net/base/check.h"
#include "net/base/wide_vectors.h"
#include "net/packet/checksum.h"
#include "net/packet/network_header.h"
#include "net/packet/wire.h"

namespace sonde {
namespace {

constexpr size_t kIpv4SourceAt = 12;
constexpr size_t kIpv6SourceAt = 8;

sonde_cookie_key core_key(const CookieKey& key) { return {key.k0, key.k1}; }

sonde_ipv6 core_address(const IpAddress& address) {
  return {static_cast<uint64_t>(address.number() >> 64), static_cast<uint64_t>(address.number())};
}

// What is not written here is zero: in the template, or in every SYN.

void fill_ipv4(std::span<std::byte> ip, const IpAddress& source) {
  store_u16(ip, 0, 0x4500);  // version, header length; type of service
  store_u16(ip, 2, SONDE_SYN_IPV4_SIZE);
  store_u16(ip, 6, 0x4000);  // do not fragment
  store_u16(ip, 8, SONDE_SYN_HOPS << 8 | kProtocolTcp);
  store_address(ip, kIpv4SourceAt, source);
}

void fill_ipv6(std::span<std::byte> ip, const IpAddress& source) {
  store_u16(ip, 4, SONDE_SYN_TCP_SIZE);
  store_u16(ip, 6, kProtocolTcp << 8 | SONDE_SYN_HOPS);
  store_address(ip, kIpv6SourceAt, source);
}

void fill_tcp(std::span<std::byte> tcp, uint32_t mss) {
  store_u16(tcp, 12, (SONDE_SYN_TCP_SIZE / 4) << 12 | kTcpSyn);
  store_u16(tcp, 14, SONDE_SYN_WINDOW);
  store_u32(tcp, 20, 0x0204'0000 | mss);
  store_u32(tcp, 24, 0x0402'080a);  // SACK permitted; timestamps, and their eight bytes
  store_u32(tcp, 36, 0x0103'0300 | SONDE_SYN_WINDOW_SCALE);  // no-operation; window scale
}

/// What the pseudo-header (RFC 9293 §3.1, RFC 8200 §8.1) adds beside the addresses.
constexpr uint64_t kPseudoHeaderSum = kProtocolTcp + SONDE_SYN_TCP_SIZE;

constexpr size_t kLanes = 8;

using SomeOrders = std::span<const SynOrder, kLanes>;

/// Flows from one source, and their hashes.
struct Ipv4Flows {
  uint32_t to[kLanes];
  sonde_ports ports[kLanes];
  uint64_t hash[kLanes];
};

struct Ipv6Flows {
  sonde_ipv6 to[kLanes];
  sonde_ports ports[kLanes];
  uint64_t hash[kLanes];
};

SONDE_WIDE_VECTORS void hash_ipv4(const sonde_cookie_key key, uint32_t source, Ipv4Flows& flows) {
  for (size_t i = 0; i < kLanes; ++i)
    flows.hash[i] = sonde_flow_hash_ipv4(key, source, flows.to[i], flows.ports[i]);
}

SONDE_WIDE_VECTORS void hash_ipv6(const sonde_cookie_key key, const sonde_ipv6 source, Ipv6Flows& flows) {
  for (size_t i = 0; i < kLanes; ++i)
    flows.hash[i] = sonde_flow_hash_ipv6(key, source, flows.to[i], flows.ports[i]);
}

sonde_ports core_ports(const SynOrder& order) { return {order.source_port, order.to->port}; }

uint8_t* core_bytes(std::byte* out) { return reinterpret_cast<uint8_t*>(out); }

void build_ipv4(const sonde_syn_template& syn, SomeOrders orders, uint32_t timestamp) {
  Ipv4Flows flows;
  for (size_t i = 0; i < kLanes; ++i) {
    CHECK(orders[i].to->address.is_v4());
    flows.to[i] = orders[i].to->address.v4_number();
    flows.ports[i] = core_ports(orders[i]);
  }
  hash_ipv4(syn.key, static_cast<uint32_t>(syn.source.low), flows);
  for (size_t i = 0; i < kLanes; ++i)
    sonde_syn_write_hashed_ipv4(&syn, flows.to[i], {flows.ports[i], timestamp}, flows.hash[i],
                                core_bytes(orders[i].out));
}

void build_ipv6(const sonde_syn_template& syn, SomeOrders orders, uint32_t timestamp) {
  Ipv6Flows flows;
  for (size_t i = 0; i < kLanes; ++i) {
    CHECK(!orders[i].to->address.is_v4());
    flows.to[i] = core_address(orders[i].to->address);
    flows.ports[i] = core_ports(orders[i]);
  }
  hash_ipv6(syn.key, syn.source, flows);
  for (size_t i = 0; i < kLanes; ++i)
    sonde_syn_write_hashed_ipv6(&syn, flows.to[i], {flows.ports[i], timestamp}, flows.hash[i],
                                core_bytes(orders[i].out));
}

}  // namespace

uint32_t syn_sequence(const CookieKey& key, const Flow& flow) {
  const sonde_ports ports{flow.source_port, flow.destination_port};
  if (flow.source.is_v4() && flow.destination.is_v4())
    return static_cast<uint32_t>(
        sonde_flow_hash_ipv4(core_key(key), flow.source.v4_number(), flow.destination.v4_number(), ports));
  return static_cast<uint32_t>(
      sonde_flow_hash_ipv6(core_key(key), core_address(flow.source), core_address(flow.destination), ports));
}

SynBuilder::SynBuilder(const IpAddress& source, const CookieKey& key) : source_(source) {
  core_.key = core_key(key);
  core_.source = core_address(source);
  const bool v4 = source.is_v4();
  const std::span bytes = std::as_writable_bytes(std::span(core_.bytes));
  const std::span ip = bytes.first(v4 ? SONDE_IPV4_SIZE : SONDE_IPV6_SIZE);
  const std::span tcp = bytes.subspan(ip.size(), SONDE_SYN_TCP_SIZE);
  const std::span address = v4 ? ip.subspan(kIpv4SourceAt, 4) : ip.subspan(kIpv6SourceAt, 16);
  v4 ? fill_ipv4(ip, source) : fill_ipv6(ip, source);
  fill_tcp(tcp, v4 ? SONDE_SYN_MSS_IPV4 : SONDE_SYN_MSS_IPV6);
  core_.ip_sum = static_cast<uint32_t>(checksum_sum(ip));
  core_.tcp_sum = static_cast<uint32_t>(checksum_sum(tcp) + checksum_sum(address) + kPseudoHeaderSum);
}

size_t SynBuilder::build(const Endpoint& to, uint16_t source_port, uint32_t timestamp,
                         std::span<std::byte> out) const {
  CHECK(out.size() >= kLargestSyn && to.address.is_v4() == source_.is_v4());
  auto* bytes = core_bytes(out.data());
  const sonde_syn_fields fields{{source_port, to.port}, timestamp};
  if (source_.is_v4()) {
    sonde_syn_write_ipv4(&core_, to.address.v4_number(), fields, bytes);
    return SONDE_SYN_IPV4_SIZE;
  }
  sonde_syn_write_ipv6(&core_, core_address(to.address), fields, bytes);
  return SONDE_SYN_IPV6_SIZE;
}

void SynBuilder::build(std::span<const SynOrder> orders, uint32_t timestamp) const {
  for (; orders.size() >= kLanes; orders = orders.subspan(kLanes)) {
    const SomeOrders some = orders.first<kLanes>();
    source_.is_v4() ? build_ipv4(core_, some, timestamp) : build_ipv6(core_, some, timestamp);
  }
  for (const SynOrder& order : orders)
    build(*order.to, order.source_port, timestamp, {order.out, kLargestSyn});
}

}  // namespace sonde
