/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
 *
 * Steps to endpoints and back.
 */
#pragma once

#include "net/xdp/sweep_maps.bpf.h"

enum { HALVINGS = 32 };     /* of a table of at most 2^32 - 1 runs */
enum { LONGEST_WALK = 64 }; /* of numbers that the permutation wastes: never met in a row */

struct target {
  struct sonde_ipv6 address;
  __u32 hop;
  __u16 port;
};

/* The sum of an address and a small number. */
static __always_inline struct sonde_ipv6 address_plus(struct sonde_ipv6 address, __u64 offset) {
  struct sonde_ipv6 sum = {address.high, address.low + offset};
  if (sum.low < offset) ++sum.high;
  return sum;
}

static __noinline __u64 permuted_once(__u64 number) {
  return sonde_permutation_forward(&geometry.permutation, number);
}

static __noinline __u64 unpermuted_once(__u64 number) {
  return sonde_permutation_backward(&geometry.permutation, number);
}

/* 1 if a < b, in arithmetic alone. A search that branches on what it compares
 * has as many paths as leaves to the verifier. */
static __always_inline __u64 below(__u64 a, __u64 b) {
  __u64 borrow = ((~a & b) | ((~a | b) & (a - b))) >> 63;
  asm volatile("" : "+r"(borrow));
  return borrow;
}

/* The last run that begins at or before an index. */
static __noinline const struct sonde_run* run_of_index(__u64 index) {
  const __u32 bucket = (__u32)(index >> guide.shift) & (SONDE_GUIDE_BUCKETS - 1);
  __u32 at = guide.first[bucket];
  for (__u32 i = 0, left = guide.first[bucket + 1] - at + 1; i < HALVINGS && left > 1; ++i) {
    const __u32 half = left / 2;
    __u32 middle = at + half;
    const struct sonde_run* run = bpf_map_lookup_elem(&runs, &middle);
    if (!run) break;
    at += half & ((__u32)below(index, run->first_index) - 1);
    left -= half;
  }
  return bpf_map_lookup_elem(&runs, &at);
}

/* 0, and where step's probe goes. */
static __noinline int target_of_step(__u64 step, struct target* target) {
  if (!target) return -1;
  __u64 index = geometry.shard_first + (geometry.slice_first + step) * geometry.shard_stride;
  const __u64 size = geometry.permutation.size;
  int walked = 0;
  do index = permuted_once(index);
  while (index >= size && ++walked < LONGEST_WALK);
  if (index >= size) return -1;
  const struct sonde_run* run = run_of_index(index);
  if (!run) return -1;
  const __u64 offset = index - run->first_index;
  target->hop = run->hop;
  target->port = run->port;
  target->address = run->first;
  if (run->port != 0) return 0;
  const __u64 ports = geometry.port_count;
  const __u64 address = offset / ports;
  target->address = address_plus(run->first, address);
  target->port = port_table.ports[(offset - address * ports) & (SONDE_PORTS - 1)];
  return 0;
}

/* 1 if an endpoint is before a run's first. */
static __always_inline __u64 endpoint_below(const struct sonde_ipv6* address, __u16 port,
                                            const struct sonde_run* run) {
  const __u64 by_port = below(port, run->port);
  const __u64 low = address->low - run->first.low, high = address->high - run->first.high;
  const __u64 by_low = below(address->low, run->first.low) | below(low, by_port);
  return below(address->high, run->first.high) | below(high, by_low);
}

/* The last run of a section that begins at or before an endpoint; its first when there is none. */
static __noinline const struct sonde_run* run_of_endpoint(const struct sonde_ipv6* address, __u16 port,
                                                          __u32 section) {
  if (!address || section >= SONDE_MOST_SECTIONS) return NULL;
  __u32 at = geometry.sections[section].first;
  for (__u32 i = 0, left = geometry.sections[section].count; i < HALVINGS && left > 1; ++i) {
    const __u32 half = left / 2;
    __u32 middle = at + half;
    const struct sonde_run* run = bpf_map_lookup_elem(&runs, &middle);
    if (!run) break;
    at += half & ((__u32)endpoint_below(address, port, run) - 1);
    left -= half;
  }
  return bpf_map_lookup_elem(&runs, &at);
}

/* 0, and the index of an endpoint if the run has it. */
static __always_inline int index_in_run(const struct sonde_run* run, const struct sonde_ipv6* address,
                                        __u16 port, __u64* index) {
  const __u64 offset = address->low - run->first.low;
  const __u64 borrowed = address->low < run->first.low;
  if (address->high - run->first.high - borrowed != 0 || offset >= run->addresses) return -1;
  if (run->port != 0) {
    *index = run->first_index;
    return run->port == port ? 0 : -1;
  }
  const __u32 rank = port_table.ranks[port];
  *index = run->first_index + offset * geometry.port_count + rank - 1;
  return rank != 0 ? 0 : -1;
}

static __noinline int index_of_endpoint(const struct sonde_ipv6* address, __u16 port, __u64* index) {
  if (!address || !index) return -1;
  for (__u32 i = 0; i < SONDE_MOST_SECTIONS && i < geometry.section_count; ++i) {
    const struct sonde_run* run = run_of_endpoint(address, port, i);
    if (run && index_in_run(run, address, port, index) == 0) return 0;
  }
  return -1;
}

/* 0, and the step of an endpoint, if it is one of this slice's. */
static __noinline int step_of_endpoint(const struct sonde_ipv6* address, __u16 port, __u64* step) {
  __u64 number = 0;
  if (!step || index_of_endpoint(address, port, &number) != 0) return -1;
  const __u64 size = geometry.permutation.size;
  int walked = 0;
  do number = unpermuted_once(number);
  while (number >= size && ++walked < LONGEST_WALK);
  const __u64 stride = geometry.shard_stride;
  if (number >= size || number % stride != geometry.shard_first) return -1;
  *step = number / stride - geometry.slice_first; /* wraps around below the slice */
  return *step < geometry.slice_steps ? 0 : -1;
}
