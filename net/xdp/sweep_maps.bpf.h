/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
 *
 * The memory of the in-kernel sweep. Sizes of 1 are set before loading.
 */
#pragma once

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "net/xdp/sweep_layout.h"

#ifndef NULL
#define NULL ((void*)0)
#endif

struct sonde_geometry geometry;
struct sonde_control control;
struct sonde_guide guide;
struct sonde_port_table port_table;
struct sonde_hop hops[SONDE_MOST_HOPS];

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(map_flags, BPF_F_MMAPABLE);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct sonde_run);
} runs SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __uint(max_entries, 1);
  __type(key, struct sonde_neighbour);
  __type(value, struct sonde_station);
} neighbours SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(map_flags, BPF_F_MMAPABLE);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, __u64);
} ledger SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(map_flags, BPF_F_MMAPABLE);
  __uint(max_entries, 1);
  __type(key, __u32); /* the core */
  __type(value, struct sonde_runner);
} runners SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(map_flags, BPF_F_MMAPABLE);
  __uint(max_entries, 1);
  __type(key, __u32); /* the core */
  __type(value, struct sonde_receiver);
} receivers SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(map_flags, BPF_F_MMAPABLE);
  __uint(max_entries, 1);
  __type(key, __u32); /* the core */
  __type(value, struct sonde_flight);
} flights SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_QUEUE);
  __uint(max_entries, SONDE_RESETS_AGAIN);
  __type(value, __u64); /* a frame: refusal.bpf.h */
} resets_again SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 4096);
} events SEC(".maps");
