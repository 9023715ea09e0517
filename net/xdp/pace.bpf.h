/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
 *
 * When a runner's next probe may leave. Two schedules hold at once: `due` has
 * the rate asked for and remembers what was missed, so that the average comes
 * out exact; `gate` lets SONDE_BURST probes through and from then on a quarter
 * more than the rate, so that what was missed is made up for gently.
 */
#pragma once

#include "net/xdp/sweep_maps.bpf.h"

enum { LOOKS_AT_CLOCK = 16 }; /* that one frame waits for its time before it is given back */

static __always_inline __u64 catching_up_ns(__u64 pause) { return (pause - pause / 5) >> SONDE_PACE_BITS; }

/* When the rate lets the next probe leave. */
static __always_inline __u64 due_ns(const struct sonde_runner* runner, __u64 pause) {
  if (pause == 0) return 0;
  const __u64 burst = catching_up_ns(pause) * (SONDE_BURST - 1);
  const __u64 gate_ns = runner->gate_ns > burst ? runner->gate_ns - burst : 0;
  return runner->due_ns > gate_ns ? runner->due_ns : gate_ns;
}

/* 1 when a probe may leave now; `now` is moved on while it waits. */
static __always_inline int may_leave(const struct sonde_runner* runner, __u64 not_before_ns, __u64 pause, __u64* now) {
  const __u64 due = due_ns(runner, pause);
  const __u64 earliest = due > not_before_ns ? due : not_before_ns;
  for (int i = 0; i < LOOKS_AT_CLOCK && *now < earliest; ++i) *now = bpf_ktime_get_ns();
  return *now >= earliest;
}

static __always_inline void has_left(struct sonde_runner* runner, __u64 pause, __u64 now) {
  if (pause == 0 || runner->due_ns == 0) runner->due_ns = now;
  const __u64 parts = runner->due_fraction + pause;
  runner->due_ns += parts >> SONDE_PACE_BITS;
  runner->due_fraction = parts & ((1 << SONDE_PACE_BITS) - 1);
  runner->gate_ns = (runner->gate_ns > now ? runner->gate_ns : now) + catching_up_ns(pause);
}
