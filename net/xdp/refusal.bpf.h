/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
 *
 * A device that has no room refuses frames, and they go again: the kernel tells
 * (tracepoint xdp:xdp_devmap_xmit, kernel/bpf/devmap.c) how many of each bulk it
 * took, always the first ones; and at once when a frame cannot even be enqueued
 * (xdp:xdp_redirect_err). So nothing is lost between us and the device,
 * however much too fast we are for it, and how fast it is need not be guessed.
 */
#pragma once

#include "net/xdp/sweep_maps.bpf.h"

enum {
  /* In which a device makes some room: a ring of 256 frames is sent on 1 GbE in
   * 170 us; and a veth's queue that another core has taken up comes back. */
  REFUSAL_PAUSE_NS = 250 * 1000,
  /* Between two refusals of one device that belong together. */
  LONGEST_PAUSE_NS = 1000 * 1000 * 1000,
};

/* The tracepoints' arguments (include/trace/events/xdp.h). */
enum bulk_arguments { FROM_DEVICE, TO_DEVICE, SENT, DROPS, BULK_ERROR };
enum redirect_arguments { IN_DEVICE, PROGRAM, TARGET, REDIRECT_ERROR };

/* Of the kernel's, the one field that is read. */
struct net_device {
  int ifindex;
} __attribute__((preserve_access_index));

/* What a frame was, to make it again: a step, and for a RST the port that it
 * came from; a SYN's port is its step's. */
enum { STEP_BITS = 48 };
#define NO_STEP ((1ull << STEP_BITS) - 1)

static __always_inline __u64 reset_frame(__u64 step, __u16 port) { return step | (__u64)port << STEP_BITS; }
static __always_inline __u64 step_of_frame(__u64 frame) { return frame & NO_STEP; }
static __always_inline __u16 reset_port(__u64 frame) { return (__u16)(frame >> STEP_BITS); } /* 0: a SYN */

static __always_inline struct sonde_flight* flight_of_core(__u32 core) {
  return bpf_map_lookup_elem(&flights, &core);
}

/* A frame is handed over: what becomes of it is told at the end of its bulk. */
static __always_inline void remember(struct sonde_bulks* bulks, __u64 frame, __u32 interface) {
  const __u32 slot = (bulks->first + bulks->count) % SONDE_IN_FLIGHT;
  bulks->frames[slot] = frame;
  bulks->interfaces[slot] = interface;
  if (bulks->count < SONDE_IN_FLIGHT) {
    ++bulks->count;
  } else {
    ++bulks->first; /* nothing was told of the oldest: it counts as gone */
  }
}

/* A frame that was refused: 1, and which. RSTs are shared by the cores: the one
 * that receives may not be one that sends. */
static __always_inline int take_refused(struct sonde_flight* flight, __u64* frame) {
  if (flight->refused > 0) {
    --flight->refused;
    *frame = flight->again[flight->refused % SONDE_IN_FLIGHT];
    return 1;
  }
  if (control.resets_refused == 0 || bpf_map_pop_elem(&resets_again, frame) != 0) return 0;
  __sync_fetch_and_sub(&control.resets_refused, 1);
  return 1;
}

/* It was paid for, and did not leave. */
static __always_inline void give_back_turn(struct sonde_runner* runner) {
  const __u64 pause_ns = control.pause >> SONDE_PACE_BITS;
  if (runner->due_ns > pause_ns) runner->due_ns -= pause_ns;
}

static __always_inline void push_refused(struct sonde_flight* flight, struct sonde_runner* runner, __u64 frame) {
  if (reset_port(frame) == 0) {
    ++runner->refused;
    give_back_turn(runner);
    flight->again[flight->refused % SONDE_IN_FLIGHT] = frame;
    ++flight->refused;
    return;
  }
  if (step_of_frame(frame) == NO_STEP || bpf_map_push_elem(&resets_again, &frame, BPF_ANY) != 0) return;
  ++runner->resets_refused;
  __sync_fetch_and_add(&control.resets_refused, 1);
}

/* What is still to be settled of one bulk. */
struct settlement {
  struct sonde_flight* flight;
  struct sonde_runner* runner;
  struct sonde_bulks* bulks;
  __u32 interface, begin;
  int sent, drops;
  int oldest; /* whether everything before was settled */
};

/* The i-th oldest frame in flight. 1: enough seen. */
static long settle_one(__u32 i, struct settlement* left) {
  struct sonde_bulks* bulks = left->bulks;
  const __u32 slot = (left->begin + i) % SONDE_IN_FLIGHT;
  if (bulks->interfaces[slot] == left->interface && left->sent + left->drops > 0) {
    bulks->interfaces[slot] = 0;
    if (left->sent > 0) {
      --left->sent;
    } else {
      --left->drops;
      push_refused(left->flight, left->runner, bulks->frames[slot]);
    }
  }
  if (bulks->interfaces[slot] != 0) left->oldest = 0;
  if (left->oldest) {
    ++bulks->first;
    --bulks->count;
  }
  return left->sent + left->drops == 0 && !left->oldest;
}

/* User space ends a sweep whose device takes nothing for long. */
static __always_inline void note_refusal(struct sonde_refusal* refusal, __u32 interface, int sent, int error,
                                         __u64 now) {
  /* After a pause in which it was given nothing, it begins anew. */
  if (sent > 0 || refusal->since_ns == 0 || now - refusal->last_ns > LONGEST_PAUSE_NS) refusal->since_ns = now;
  refusal->last_ns = now;
  refusal->interface = interface;
  refusal->error = (__u32)-error;
}

/* What is told of next on this core. */
struct in_flight {
  struct sonde_flight* flight;
  struct sonde_runner* runner;
  struct sonde_bulks* bulks;
};

/* 0 if there is any. Each program hands its frames over to the last before
 * anything else runs here: the tidings of others find nothing in flight. */
static __always_inline int find_in_flight(struct in_flight* mine) {
  const __u32 core = bpf_get_smp_processor_id();
  mine->flight = flight_of_core(core);
  mine->runner = bpf_map_lookup_elem(&runners, &core);
  if (!mine->flight || !mine->runner) return -1;
  mine->bulks = mine->flight->generated.count > 0 ? &mine->flight->generated : &mine->flight->answered;
  return mine->bulks->count > 0 ? 0 : -1;
}

static __always_inline void on_refusal(struct sonde_flight* flight, __u32 interface, int sent, int error) {
  const __u64 now = bpf_ktime_get_ns();
  flight->not_before_ns = now + REFUSAL_PAUSE_NS;
  note_refusal(&flight->refusals[interface % SONDE_DEVICES], interface, sent, error, now);
}

static __always_inline void on_taken(struct sonde_flight* flight, __u32 interface) {
  struct sonde_refusal* refusal = &flight->refusals[interface % SONDE_DEVICES];
  if (refusal->interface == interface) refusal->since_ns = 0;
}

SEC("tp_btf/xdp_devmap_xmit")
int on_bulk(const __u64* arguments) {
  const struct net_device* to = (const struct net_device*)arguments[TO_DEVICE];
  const int sent = (int)arguments[SENT], drops = (int)arguments[DROPS], error = (int)arguments[BULK_ERROR];
  struct in_flight mine;
  if (find_in_flight(&mine) != 0) return 0;
  const __u32 interface = (__u32)to->ifindex;
  if (drops > 0) {
    on_refusal(mine.flight, interface, sent, error);
  } else {
    on_taken(mine.flight, interface);
  }
  struct settlement left = {mine.flight, mine.runner, mine.bulks, interface, mine.bulks->first, sent, drops, 1};
  bpf_loop(mine.bulks->count, settle_one, &left, 0);
  return 0;
}

/* It is about the last frame that was handed over. */
SEC("tp_btf/xdp_redirect_err")
int on_redirect_error(const __u64* arguments) {
  const int error = (int)arguments[REDIRECT_ERROR];
  struct in_flight mine;
  if (find_in_flight(&mine) != 0) return 0;
  struct sonde_bulks* bulks = mine.bulks;
  --bulks->count;
  const __u32 slot = (bulks->first + bulks->count) % SONDE_IN_FLIGHT;
  on_refusal(mine.flight, bulks->interfaces[slot], 0, error);
  push_refused(mine.flight, mine.runner, bulks->frames[slot]);
  return 0;
}
