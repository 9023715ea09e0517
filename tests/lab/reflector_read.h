/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
 *
 * Reading segments out of packets, for reflector.bpf.c alone.
 */
#pragma once

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "reflector_layout.h"

#ifndef NULL
#define NULL ((void*)0)
#endif

enum { TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4, TCP_ACK = 16 };
enum { IP4_LENGTH = 20, IP6_LENGTH = 40, TCP_LENGTH = 20, ICMP_LENGTH = 8, LONGEST_OPTIONS = 40 };

struct ip4_header {
  __u8 version_length, tos;
  __be16 length, id, fragment;
  __u8 ttl, protocol;
  __sum16 checksum;
  __be32 from, to;
};

struct ip6_header {
  __be32 version_flow;
  __be16 length;
  __u8 next, hops;
  __be32 from[4], to[4];
};

struct tcp_header {
  __be16 from, to;
  __be32 seq, ack;
  __u8 offset, flags; /* offset: the header's length in the high four bits, in words */
  __be16 window;
  __sum16 checksum;
  __be16 urgent;
};

/* What the program needs to know of a segment, copied out of the packet. In
 * host order, but for what is only compared and copied. */
struct segment {
  __u8 from_mac[ETH_ALEN], to_mac[ETH_ALEN];
  struct reflector_address target;
  __be32 from[4], to[4]; /* IPv4: the last word alone, the others 0 */
  __be16 from_port, target_port;
  __u32 seq, ack;
  __u32 length;        /* in sequence space: payload, SYN and FIN */
  __u32 ip_length;     /* of the IP packet, without Ethernet padding */
  __u32 timestamp;     /* its TSval, in network order */
  __u32 option_offset; /* of the option being read */
  __u16 tcp_length;
  __u8 flags, options_length;
  __u8 v4, has_timestamp, has_sack, has_scale;
};

static __always_inline void* at(struct xdp_md* ctx, __u32 offset, __u32 length) {
  void* place = (void*)(long)ctx->data + offset;
  return place + length <= (void*)(long)ctx->data_end ? place : NULL;
}

static __always_inline __u32 tcp_offset(const struct segment* got) {
  return ETH_HLEN + (got->v4 ? IP4_LENGTH : IP6_LENGTH);
}

static __always_inline int read_ip4(struct xdp_md* ctx, struct segment* got) {
  struct ip4_header* ip = at(ctx, ETH_HLEN, sizeof *ip);
  if (!ip || ip->version_length != 0x45 || ip->protocol != IPPROTO_TCP) return -1;
  if (ip->fragment & bpf_htons(0x3fff)) return -1;
  got->v4 = 1;
  got->from[3] = ip->from;
  got->to[3] = ip->to;
  got->target.low = 0xffffull << 32 | bpf_ntohl(ip->to);
  got->ip_length = bpf_ntohs(ip->length);
  got->tcp_length = got->ip_length - IP4_LENGTH;
  return 0;
}

static __always_inline int read_ip6(struct xdp_md* ctx, struct segment* got) {
  struct ip6_header* ip = at(ctx, ETH_HLEN, sizeof *ip);
  if (!ip || ip->next != IPPROTO_TCP) return -1;
  __builtin_memcpy(got->from, ip->from, sizeof got->from);
  __builtin_memcpy(got->to, ip->to, sizeof got->to);
  got->target.high = (__u64)bpf_ntohl(ip->to[0]) << 32 | bpf_ntohl(ip->to[1]);
  got->target.low = (__u64)bpf_ntohl(ip->to[2]) << 32 | bpf_ntohl(ip->to[3]);
  got->tcp_length = bpf_ntohs(ip->length);
  got->ip_length = got->tcp_length + IP6_LENGTH;
  return 0;
}

static __always_inline __u8* option_at(struct xdp_md* ctx, const struct segment* got, __u32 offset,
                                       __u32 length) {
  return at(ctx, tcp_offset(got) + TCP_LENGTH + (offset & 63), length);
}

static __always_inline void read_options(struct xdp_md* ctx, struct segment* got) {
  volatile __u32* offset =
      &got->option_offset; /* in memory, so that every turn looks alike to the verifier */
  for (int i = 0; i < LONGEST_OPTIONS && *offset < got->options_length; ++i) {
    __u8* option = option_at(ctx, got, *offset, 2);
    if (!option || option[0] == 0) return;
    if (option[0] == 1) {
      ++*offset;
      continue;
    }
    if (option[0] == 3) got->has_scale = 1;
    if (option[0] == 4) got->has_sack = 1;
    if (option[1] < 2) return;
    __u8* timestamp = option_at(ctx, got, *offset, 6);
    if (option[0] == 8 && timestamp) {
      got->has_timestamp = 1;
      __builtin_memcpy(&got->timestamp, timestamp + 2, 4);
    }
    *offset += option[1];
  }
}

/* 0 if the packet is a whole TCP segment, which is then described in got. */
static __always_inline int read_segment(struct xdp_md* ctx, struct segment* got) {
  __builtin_memset(got, 0, sizeof *got);
  struct ethhdr* ethernet = at(ctx, 0, ETH_HLEN);
  if (!ethernet) return -1;
  __builtin_memcpy(got->from_mac, ethernet->h_source, ETH_ALEN);
  __builtin_memcpy(got->to_mac, ethernet->h_dest, ETH_ALEN);
  int read = -1;
  if (ethernet->h_proto == bpf_htons(ETH_P_IP)) read = read_ip4(ctx, got);
  if (ethernet->h_proto == bpf_htons(ETH_P_IPV6)) read = read_ip6(ctx, got);
  if (read != 0) return -1;
  struct tcp_header* tcp = at(ctx, tcp_offset(got), sizeof *tcp);
  if (!tcp) return -1;
  __u16 header_length = (tcp->offset >> 4) * 4;
  if (header_length < TCP_LENGTH || header_length > got->tcp_length) return -1;
  got->from_port = tcp->from;
  got->target_port = tcp->to;
  got->seq = bpf_ntohl(tcp->seq);
  got->ack = bpf_ntohl(tcp->ack);
  got->flags = tcp->flags;
  got->options_length = header_length - TCP_LENGTH;
  got->length = got->tcp_length - header_length + !!(tcp->flags & TCP_SYN) + !!(tcp->flags & TCP_FIN);
  read_options(ctx, got);
  return 0;
}

/* The Internet checksum (RFC 1071), unfolded, of `length` bytes, at most `most`; both in whole words. */
static __always_inline __u64 sum_words(struct xdp_md* ctx, __u32 offset, __u32 length, __u32 most) {
  __u64 sum = 0;
  for (__u32 i = 0; i < most; i += 4) {
    __u32* word = at(ctx, offset + i, 4);
    if (!word || i >= length) break;
    sum += *word;
  }
  return sum;
}

static __always_inline __u16 fold(__u64 sum) {
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return ~sum;
}

static __always_inline __u64 pseudo_header(const struct segment* got, __u8 protocol, __u16 length) {
  __u64 sum = bpf_htons(protocol) + bpf_htons(length);
  for (int i = 0; i < 4; ++i) sum += (__u64)got->from[i] + got->to[i];
  return sum;
}

/* Whether the checksums of a SYN without data are right (with data: not looked at). */
static __always_inline int sound(struct xdp_md* ctx, const struct segment* got) {
  if (got->v4 && fold(sum_words(ctx, ETH_HLEN, IP4_LENGTH, IP4_LENGTH)) != 0) return 0;
  if (got->length != 1) return 1;
  __u64 sum = sum_words(ctx, tcp_offset(got), got->tcp_length, TCP_LENGTH + LONGEST_OPTIONS);
  return fold(sum + pseudo_header(got, IPPROTO_TCP, got->tcp_length)) == 0;
}
