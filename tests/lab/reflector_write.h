/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
 *
 * Turning a packet into its answer, for reflector.bpf.c alone.
 */
#pragma once

#include "reflector_read.h"

enum { MSS_V4 = 1460, MSS_V6 = 1440, WINDOW = 64240, WINDOW_SHIFT = 7, HOPS = 64 };
enum { PROTOCOL_ICMP6 = 58 };
enum { LONGEST_SYN = ETH_HLEN + IP6_LENGTH + TCP_LENGTH + LONGEST_OPTIONS };
enum { LONGEST_QUOTE = 128 }; /* of a rejected packet: an IP header and all that a SYN can have */

/* A TCP header to be sent; its options are filled from the front. */
struct tcp_answer {
  __u32 seq, ack;
  __u16 window;
  __u8 flags, options_length;
  __u8 options[20];
};

/* The initial sequence number that we give to this peer for this endpoint. */
static __always_inline __u32 cookie(const struct segment* got) {
  __u64 mixed = (__u64)got->from_port << 16 | got->target_port;
  for (int i = 0; i < 4; ++i) {
    mixed = (mixed ^ got->from[i]) * 0x9e3779b97f4a7c15ull;
    mixed = (mixed ^ (mixed >> 29) ^ got->to[i]) * 0xbf58476d1ce4e5b9ull;
  }
  return mixed >> 32;
}

static __always_inline void put_timestamp(struct tcp_answer* reply, const struct segment* got) {
  if (!got->has_timestamp) return;
  __u8* option = reply->options + reply->options_length;
  __be32 now_ms = bpf_htonl(bpf_ktime_get_ns() / 1000000);
  option[0] = option[1] = 1;
  option[2] = 8;
  option[3] = 10;
  __builtin_memcpy(option + 4, &now_ms, 4);
  __builtin_memcpy(option + 8, &got->timestamp, 4);
  reply->options_length += 12;
}

/* MSS always; SACK, timestamps and window scale when the SYN has them, as Linux lays them out. */
static __always_inline void put_syn_options(struct tcp_answer* reply, const struct segment* got) {
  __u8* option = reply->options;
  __be16 mss = bpf_htons(got->v4 ? MSS_V4 : MSS_V6);
  option[0] = 2;
  option[1] = 4;
  __builtin_memcpy(option + 2, &mss, 2);
  reply->options_length = 4;
  if (!got->has_timestamp && !got->has_sack && !got->has_scale) return;
  __be32 now_ms = bpf_htonl(bpf_ktime_get_ns() / 1000000);
  __builtin_memset(option + 4, 1, 16); /* no-operation, where an option is not wanted */
  reply->options_length = 20;
  if (got->has_sack) {
    option[4] = 4;
    option[5] = 2;
  }
  if (got->has_timestamp) {
    option[6] = 8;
    option[7] = 10;
    __builtin_memcpy(option + 8, &now_ms, 4);
    __builtin_memcpy(option + 12, &got->timestamp, 4);
  }
  if (got->has_scale) {
    option[17] = 3;
    option[18] = 3;
    option[19] = WINDOW_SHIFT;
  }
}

/* Ethernet and IP headers of an answer with `length` bytes behind them; sender and receiver swapped. */
static __always_inline int put_ip(struct xdp_md* ctx, const struct segment* got, __u8 protocol,
                                  __u16 length) {
  struct ethhdr* ethernet = at(ctx, 0, ETH_HLEN);
  if (!ethernet) return -1;
  __builtin_memcpy(ethernet->h_dest, got->from_mac, ETH_ALEN);
  __builtin_memcpy(ethernet->h_source, got->to_mac, ETH_ALEN);
  ethernet->h_proto = bpf_htons(got->v4 ? ETH_P_IP : ETH_P_IPV6);
  if (got->v4) {
    struct ip4_header* ip = at(ctx, ETH_HLEN, sizeof *ip);
    if (!ip) return -1;
    struct ip4_header header = {.version_length = 0x45,
                                .length = bpf_htons(IP4_LENGTH + length),
                                .ttl = HOPS,
                                .fragment = bpf_htons(0x4000),
                                .protocol = protocol,
                                .from = got->to[3],
                                .to = got->from[3]};
    *ip = header;
    ip->checksum = fold(sum_words(ctx, ETH_HLEN, IP4_LENGTH, IP4_LENGTH));
    return 0;
  }
  struct ip6_header* ip = at(ctx, ETH_HLEN, sizeof *ip);
  if (!ip) return -1;
  ip->version_flow = bpf_htonl(6u << 28);
  ip->length = bpf_htons(length);
  ip->next = protocol;
  ip->hops = HOPS;
  __builtin_memcpy(ip->from, got->to, sizeof ip->from);
  __builtin_memcpy(ip->to, got->from, sizeof ip->to);
  return 0;
}

/* Makes room for `length` bytes. A frame as short as a SYN's is not shortened,
 * the rest is Ethernet padding: a scanner that sends XDP live frames gets their
 * pages back from a veth peer with the length that we leave, and would send
 * truncated frames from then on. */
static __always_inline int set_length(struct xdp_md* ctx, __u32 length) {
  __u32 has = bpf_xdp_get_buff_len(ctx);
  if (length <= has && has <= LONGEST_SYN) return 0;
  return bpf_xdp_adjust_tail(ctx, (int)length - (int)has);
}

/* Turns the packet into the answer, ready to be sent back. */
static __always_inline int send_tcp(struct xdp_md* ctx, const struct segment* got, struct tcp_answer* reply) {
  __u16 length = TCP_LENGTH + reply->options_length;
  __u32 offset = tcp_offset(got);
  if (set_length(ctx, offset + length) != 0) return -1;
  if (put_ip(ctx, got, IPPROTO_TCP, length) != 0) return -1;
  struct tcp_header* tcp = at(ctx, offset, sizeof *tcp);
  if (!tcp) return -1;
  struct tcp_header header = {.from = got->target_port,
                              .to = got->from_port,
                              .seq = bpf_htonl(reply->seq),
                              .ack = bpf_htonl(reply->ack),
                              .offset = (length / 4) << 4,
                              .flags = reply->flags,
                              .window = bpf_htons(reply->window)};
  *tcp = header;
  for (int i = 0; i < (int)sizeof reply->options; i += 4) {
    __u32* place = at(ctx, offset + TCP_LENGTH + i, 4);
    if (!place) break;
    __builtin_memcpy(place, reply->options + i, 4);
  }
  __u64 sum = pseudo_header(got, IPPROTO_TCP, length) + sum_words(ctx, offset, length, TCP_LENGTH + 20);
  tcp = at(ctx, offset, sizeof *tcp);
  if (!tcp) return -1;
  tcp->checksum = fold(sum);
  return 0;
}

static __always_inline __u8 icmp_code(int behaviour, int v4) {
  switch (behaviour) { /* RFC 792 and RFC 1812; RFC 4443 */
    case REFLECT_HOST_UNREACH: return v4 ? 1 : 3;
    case REFLECT_PROTO_UNREACH: return 2;
    case REFLECT_PORT_UNREACH: return v4 ? 3 : 4;
    case REFLECT_ADMIN_PROHIBITED: return v4 ? 13 : 1;
    default: return 0;
  }
}

/* Turns the packet into "destination unreachable" with itself as the quotation. */
static __always_inline int send_icmp(struct xdp_md* ctx, const struct segment* got, int behaviour) {
  __u32 ip_length = got->v4 ? IP4_LENGTH : IP6_LENGTH;
  __u32 quote = got->ip_length < LONGEST_QUOTE ? got->ip_length & ~3u : LONGEST_QUOTE;
  if (set_length(ctx, ETH_HLEN + quote) != 0) return -1;
  if (bpf_xdp_adjust_head(ctx, -(int)(ip_length + ICMP_LENGTH)) != 0) return -1;
  __u8 protocol = got->v4 ? IPPROTO_ICMP : PROTOCOL_ICMP6;
  if (put_ip(ctx, got, protocol, ICMP_LENGTH + quote) != 0) return -1;
  __u32* icmp = at(ctx, ETH_HLEN + ip_length, ICMP_LENGTH);
  if (!icmp) return -1;
  icmp[0] = bpf_htonl((got->v4 ? 3u : 1u) << 24 | icmp_code(behaviour, got->v4) << 16);
  icmp[1] = 0;
  __u64 sum = sum_words(ctx, ETH_HLEN + ip_length, ICMP_LENGTH + quote, ICMP_LENGTH + LONGEST_QUOTE);
  if (!got->v4) sum += pseudo_header(got, protocol, ICMP_LENGTH + quote);
  __u16* checksum = at(ctx, ETH_HLEN + ip_length, ICMP_LENGTH);
  if (!checksum) return -1;
  checksum[1] = fold(sum);
  return 0;
}
