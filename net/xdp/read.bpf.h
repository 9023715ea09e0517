/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
 *
 * What came in, as far as an answer to one of our SYNs goes. Whatever is odd
 * (fragments, IPv6 extension headers, lengths that contradict each other) is
 * not read: it goes on to the host.
 */
#pragma once

#include <linux/if_ether.h>
#include <linux/in.h>

#include <bpf/bpf_endian.h>

#include "net/xdp/sweep_maps.bpf.h"

enum { PROTOCOL_ICMPV6 = 58, ICMP_SIZE = 8, QUOTED_TCP_SIZE = 8, LINK_TAG_SIZE = 4 };
enum { OFFSETS = 256 };
enum { TCP_SYN = 2, TCP_RST = 4, TCP_ACK = 16 };

/* An IP packet, or one that is quoted in another. */
struct packet {
  __u32 at;          /* its first byte in the frame */
  __u32 payload_at;  /* its payload's */
  __u32 payload_end; /* by its own length; of a quote: not known */
  __u8 ipv6, protocol, ttl;
  struct sonde_ipv6 from, to;
};

/* Offsets are below OFFSETS: no two headers with all their options reach so
 * far. The verifier wants to see it each time. */
static __always_inline __u8* bytes_at(struct xdp_md* ctx, __u32 at, __u32 size) {
  __u8* const bytes = (__u8*)(long)ctx->data + (at & (OFFSETS - 1));
  return bytes + size <= (__u8*)(long)ctx->data_end ? bytes : NULL;
}

static __always_inline __u16 get16(const __u8* bytes) { return bpf_ntohs(*(const __u16*)bytes); }
static __always_inline __u32 get32(const __u8* bytes) { return bpf_ntohl(*(const __u32*)bytes); }
static __always_inline __u64 get64(const __u8* bytes) { return bpf_be64_to_cpu(*(const __u64*)bytes); }

static __always_inline struct sonde_ipv6 mapped(__u32 ipv4) {
  struct sonde_ipv6 address = {0, 0xffffull << 32 | ipv4};
  return address;
}

static __always_inline int is_mapped(const struct sonde_ipv6* address) {
  return address->high == 0 && address->low >> 32 == 0xffff;
}

static __always_inline int read_ipv4(struct xdp_md* ctx, struct packet* packet) {
  const __u8* ip = bytes_at(ctx, packet->at, SONDE_IPV4_SIZE);
  if (!ip || ip[0] >> 4 != 4) return -1;
  const __u32 header = (ip[0] & 0xfu) * 4;
  if (header < SONDE_IPV4_SIZE || (get16(ip + 6) & 0x3fff) != 0) return -1;
  packet->payload_at = packet->at + header;
  packet->payload_end = packet->at + get16(ip + 2);
  packet->ttl = ip[8];
  packet->protocol = ip[9];
  packet->from = mapped(get32(ip + 12));
  packet->to = mapped(get32(ip + 16));
  return 0;
}

static __always_inline int read_ipv6(struct xdp_md* ctx, struct packet* packet) {
  const __u8* ip = bytes_at(ctx, packet->at, SONDE_IPV6_SIZE);
  if (!ip || ip[0] >> 4 != 6) return -1;
  packet->payload_at = packet->at + SONDE_IPV6_SIZE;
  packet->payload_end = packet->payload_at + get16(ip + 4);
  packet->protocol = ip[6];
  packet->ttl = ip[7];
  packet->from.high = get64(ip + 8);
  packet->from.low = get64(ip + 16);
  packet->to.high = get64(ip + 24);
  packet->to.low = get64(ip + 32);
  return is_mapped(&packet->from) || is_mapped(&packet->to) ? -1 : 0;
}

static __always_inline int read_packet(struct xdp_md* ctx, struct packet* packet) {
  return packet->ipv6 ? read_ipv6(ctx, packet) : read_ipv4(ctx, packet);
}

/* Ethernet, with one tag or none. 0 if there may be an IP packet behind it. */
static __always_inline int read_link(struct xdp_md* ctx, struct packet* packet) {
  const __u8* link = bytes_at(ctx, 0, ETH_HLEN);
  if (!link) return -1;
  __u16 type = get16(link + 12);
  packet->at = ETH_HLEN;
  if (type == ETH_P_8021Q || type == ETH_P_8021AD) {
    link = bytes_at(ctx, 0, ETH_HLEN + LINK_TAG_SIZE);
    if (!link) return -1;
    type = get16(link + 16);
    packet->at = ETH_HLEN + LINK_TAG_SIZE;
  }
  packet->ipv6 = type == ETH_P_IPV6;
  return type == ETH_P_IPV6 || type == ETH_P_IP ? 0 : -1;
}

static __always_inline int is_ours(__u16 port) {
  return port >= geometry.first_port && port <= geometry.last_port;
}

/* The sequence number of the SYN that we sent from `us`, if we sent one. */
static __noinline __u32 sent_sequence(const struct sonde_ipv6* us, const struct sonde_ipv6* them,
                                      __u32 our_port, __u32 their_port) {
  if (!us || !them) return 0;
  const struct sonde_ports ports = {(__u16)our_port, (__u16)their_port};
  if (is_mapped(us))
    return (__u32)sonde_flow_hash_ipv4(geometry.key, (__u32)us->low, (__u32)them->low, ports);
  return (__u32)sonde_flow_hash_ipv6(geometry.key, *us, *them, ports);
}
