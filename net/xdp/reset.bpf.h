/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
 *
 * A SYN-ACK becomes the RST that answers it. The host's own TCP never sees the
 * SYN-ACK, and the target would wait for its third packet.
 */
#pragma once

#include "net/xdp/read.bpf.h"

enum { RESET_HOPS = 64, LEAST_FRAME = 60, LINK_PADDING = 6 };

/* What the RST is made of, read before the frame changes. */
struct reset {
  struct packet answered;
  __u16 our_port, their_port;
  __u32 sequence; /* what the SYN-ACK acknowledged (RFC 9293 §3.10.7.3) */
};

static __always_inline __u64 halves(const struct sonde_ipv6* address) {
  return (address->high >> 32) + (address->high & 0xffffffff) + (address->low >> 32) +
         (address->low & 0xffffffff);
}

static __always_inline void swap_stations(__u8* link) {
  __u8 to[ETH_ALEN];
  __builtin_memcpy(to, link, ETH_ALEN);
  __builtin_memcpy(link, link + ETH_ALEN, ETH_ALEN);
  __builtin_memcpy(link + ETH_ALEN, to, ETH_ALEN);
}

static __always_inline void write_tcp_reset(__u8* tcp, const struct reset* reset, __u64 addresses) {
  const struct sonde_ports ports = {reset->our_port, reset->their_port};
  const __u32 offset_and_flags = (SONDE_TCP_SIZE / 4) << 12 | TCP_RST;
  const __u64 sum =
      addresses + IPPROTO_TCP + SONDE_TCP_SIZE + sonde_ports_word(ports) + reset->sequence + offset_and_flags;
  sonde_put32(tcp, sonde_ports_word(ports));
  sonde_put32(tcp + 4, reset->sequence);
  sonde_put32(tcp + 8, 0);
  sonde_put32(tcp + 12, offset_and_flags << 16);
  sonde_put32(tcp + 16, (__u32)sonde_checksum(sum) << 16);
}

static __always_inline void write_ipv4_reset(__u8* ip, const struct reset* reset) {
  const __u32 from = (__u32)reset->answered.to.low, to = (__u32)reset->answered.from.low;
  const __u32 first = 0x45000000 | (SONDE_IPV4_SIZE + SONDE_TCP_SIZE), second = 0x4000; /* do not fragment */
  const __u32 hops = RESET_HOPS << 24 | IPPROTO_TCP << 16;
  const __u64 addresses = (__u64)from + to;
  sonde_put32(ip, first);
  sonde_put32(ip + 4, second);
  sonde_put32(ip + 8, hops | sonde_checksum((__u64)first + second + hops + addresses));
  sonde_put32(ip + 12, from);
  sonde_put32(ip + 16, to);
  write_tcp_reset(ip + SONDE_IPV4_SIZE, reset, addresses);
}

static __always_inline void write_ipv6_reset(__u8* ip, const struct reset* reset) {
  const struct packet* got = &reset->answered;
  sonde_put32(ip, (__u32)6 << 28);
  sonde_put32(ip + 4, SONDE_TCP_SIZE << 16 | IPPROTO_TCP << 8 | RESET_HOPS);
  sonde_put64(ip + 8, got->to.high);
  sonde_put64(ip + 16, got->to.low);
  sonde_put64(ip + 24, got->from.high);
  sonde_put64(ip + 32, got->from.low);
  write_tcp_reset(ip + SONDE_IPV6_SIZE, reset, halves(&got->from) + halves(&got->to));
}

/* Cuts the frame to `size` bytes, but not below the least that Ethernet has:
 * not every device fills up what XDP sends. */
static __always_inline int cut(struct xdp_md* ctx, __u32 size) {
  const __u32 wanted = size < LEAST_FRAME ? LEAST_FRAME : size;
  const __u32 has = (__u32)bpf_xdp_get_buff_len(ctx);
  if (bpf_xdp_adjust_tail(ctx, (int)wanted - (int)has) != 0) return -1;
  __u8* padding = bytes_at(ctx, LEAST_FRAME - LINK_PADDING, LINK_PADDING);
  if (!padding) return -1;
  if (size < LEAST_FRAME) __builtin_memset(padding, 0, LINK_PADDING);
  return 0;
}

/* Turns the frame into the RST, ready to go back where it came from. 0 if done. */
static __always_inline int write_reset(struct xdp_md* ctx, const struct reset* reset) {
  const __u32 size = (reset->answered.ipv6 ? SONDE_IPV6_SIZE : SONDE_IPV4_SIZE) + SONDE_TCP_SIZE;
  const __u32 link_size = reset->answered.at;
  if (cut(ctx, link_size + size) != 0) return -1;
  __u8* link = bytes_at(ctx, 0, ETH_HLEN);
  if (!link) return -1;
  swap_stations(link);
  if (reset->answered.ipv6) {
    __u8* ip = bytes_at(ctx, link_size, SONDE_IPV6_SIZE + SONDE_TCP_SIZE);
    if (!ip) return -1;
    write_ipv6_reset(ip, reset);
  } else {
    __u8* ip = bytes_at(ctx, link_size, SONDE_IPV4_SIZE + SONDE_TCP_SIZE);
    if (!ip) return -1;
    write_ipv4_reset(ip, reset);
  }
  return 0;
}
