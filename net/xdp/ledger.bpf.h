/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
 *
 * The ledger, from within the kernel: engine/sweep/ledger.h says what it is.
 */
#pragma once

#include "net/xdp/sweep_maps.bpf.h"

enum { STEPS_PER_WORD = 32 };
enum { RAISE_TRIES = 64 }; /* against other cores that change the same word */
enum { WORDS_LOOKED_AT = 64 };

enum raise_result { RAISED, STOOD_AS_HIGH, CONTENDED };

static __always_inline __u64* ledger_word(__u64 step) {
  __u32 word = (__u32)(step / STEPS_PER_WORD);
  return bpf_map_lookup_elem(&ledger, &word);
}

static __always_inline __u32 ledger_shift(__u64 step) { return (__u32)(step % STEPS_PER_WORD) * 2; }

/* `before`: the mark that stood there. */
static __always_inline int raise(__u64* word, __u32 shift, __u64 mark, __u64* before) {
  for (int i = 0; i < RAISE_TRIES; ++i) {
    const __u64 seen = *(volatile __u64*)word;
    *before = (seen >> shift) & 3;
    if (*before >= mark) return STOOD_AS_HIGH;
    const __u64 raised = (seen & ~(3ull << shift)) | mark << shift;
    if (__sync_val_compare_and_swap(word, seen, raised) == seen) return RAISED;
  }
  return CONTENDED;
}

/* The number of the lowest bit that is set; there is one. */
static __always_inline __u32 lowest_bit(__u64 bits) {
  __u32 at = 0;
  for (__u32 half = 32; half > 0; half /= 2) {
    if ((bits & ((1ull << half) - 1)) != 0) continue;
    bits >>= half;
    at += half;
  }
  return at;
}

/* Moves the runner on to its next unanswered step: 1, and the step, or 0 when
 * there is none in the words that one frame has time for. */
static __always_inline int next_unanswered(struct sonde_runner* runner, __u64* step) {
  __u64 at = runner->next;
  const __u64 end = runner->end;
  int found = 0;
  for (int i = 0; i < WORDS_LOOKED_AT && at < end; ++i) {
    const __u64* word = ledger_word(at);
    if (!word) break;
    const __u64 marks = *(const volatile __u64*)word;
    const __u64 open = (~(marks | marks >> 1) & 0x5555555555555555ull) >> ledger_shift(at);
    if (open != 0) {
      at += lowest_bit(open) / 2;
      found = at < end;
      break;
    }
    at = (at / STEPS_PER_WORD + 1) * STEPS_PER_WORD;
  }
  if (at > end) at = end;
  runner->skipped += at - runner->next;
  runner->next = at + found;
  *step = at;
  return found;
}
