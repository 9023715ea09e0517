/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
 *
 * What the reflector's two halves share: the tables that reflector.cpp fills
 * and reflector.bpf.c reads. Plain C, compiled by both.
 */
#pragma once

#include <linux/types.h>

/* What an endpoint does; the words are those of a truth file, see reflector_plan.cpp. */
enum reflector_behaviour {
  REFLECT_CLOSED,
  REFLECT_OPEN,
  REFLECT_SILENT,
  REFLECT_RESET_AFTER_ACCEPT,
  REFLECT_CLOSE_AFTER_ACCEPT,
  REFLECT_SYN_PROXY,   /* a SYN-ACK with window 0 and no options */
  REFLECT_NET_UNREACH, /* from here on: ICMP rejections */
  REFLECT_HOST_UNREACH,
  REFLECT_PROTO_UNREACH,
  REFLECT_PORT_UNREACH,
  REFLECT_ADMIN_PROHIBITED,
  REFLECT_BEHAVIOURS,
};

/* What is counted, by CPU. */
enum reflector_counter {
  COUNT_SYN_RECEIVED,
  COUNT_SYN_LOST,     /* by the truth file's loss */
  COUNT_BAD_CHECKSUM, /* SYNs with a wrong IP or TCP checksum: dropped */
  COUNT_SILENT,       /* SYNs to silent endpoints */
  COUNT_ANSWER_LOST,  /* by the truth file's loss */
  COUNT_SYN_ACK_SENT,
  COUNT_RST_SENT,
  COUNT_ICMP_SENT,
  COUNT_LATER_RECEIVED, /* segments that are no SYN */
  COUNT_RST_RECEIVED,   /* of these */
  COUNT_LATER_SENT,     /* answers to these: ACK, FIN, RST */
  REFLECTOR_COUNTERS,
};

/* An address as a number; IPv4 as its IPv4-mapped IPv6 address. */
struct reflector_address {
  __u64 high;
  __u64 low;
};

/* Neighbouring addresses whose ports behave alike; sorted, disjoint. */
struct reflector_block {
  struct reflector_address first;
  struct reflector_address last;
  __u32 first_span; /* index of its first port span */
  __u32 span_count;
};

/* Ports from first_port up to the next span's first; the first span of a block begins at 0. */
struct reflector_span {
  __u16 first_port;
  __u16 behaviour; /* enum reflector_behaviour */
};

/* Both tables have at most 2^20 entries: twenty-one halvings search one. */
#define REFLECTOR_MOST_ENTRIES (1u << 20)
#define REFLECTOR_HALVINGS 21

/* Shares are given in millionths. */
#define REFLECTOR_MILLION 1000000u
