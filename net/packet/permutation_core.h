#pragma once

/* The arithmetic of the permutation, in C and in 64-bit integers without a
 * division, so that a BPF program and this program compile the same lines.
 * Callers in C++ use Permutation (engine/target/permutation.h) instead.
 *
 * Numbers below a * 2^k are pairs (left < a, right < 2^k). Six rounds of an
 * alternating Feistel network change one half by a keyed mix of the other:
 * left by addition modulo a, right by addition modulo 2^k. Each round can be
 * undone, so the whole is a bijection whatever the mix does. */

#ifdef __bpf__
#include <linux/types.h>
typedef __u64 sonde_u64;
#else
#include <stdint.h>
typedef uint64_t sonde_u64;
#endif

#define SONDE_PERMUTATION_ROUNDS 6

struct sonde_permutation {
  sonde_u64 size;       /* n: the numbers below it are permuted */
  sonde_u64 left_size;  /* a: ceil(n / 2^k), at most 2^31 */
  sonde_u64 right_mask; /* 2^k - 1, k at most 32 */
  unsigned int right_bits;
  sonde_u64 keys[SONDE_PERMUTATION_ROUNDS];
};

/* 32 well-mixed bits of one half and a round key (constants of MurmurHash3's
 * finalizer, which is in the public domain). */
static inline sonde_u64 sonde_permutation_mix(sonde_u64 half, sonde_u64 key) {
  sonde_u64 mixed = (half ^ key) * 0xff51afd7ed558ccdULL;
  mixed ^= mixed >> 32;
  mixed *= 0xc4ceb9fe1a85ec53ULL;
  return mixed >> 32;
}

/* The same, scaled to [0, left_size) by a multiplication instead of a division. */
static inline sonde_u64 sonde_permutation_left_mix(const struct sonde_permutation* p, sonde_u64 right,
                                                   int round) {
  return (sonde_permutation_mix(right, p->keys[round]) * p->left_size) >> 32;
}

/* A sum of two halves, or a difference of them that may be below zero, brought
 * back into [0, left_size). By masks: which way it goes is a coin's toss, and BPF
 * has no conditional move. */
static inline sonde_u64 sonde_permutation_wrapped(sonde_u64 number, sonde_u64 left_size) {
  sonde_u64 below = number >> 63;
#ifdef __bpf__
  asm volatile("" : "+r"(below)); /* or the compiler makes a branch of it */
#endif
  return number + (left_size & (0 - below));
}

/* One pass forwards: a bijection of the numbers below left_size * 2^right_bits. */
static inline sonde_u64 sonde_permutation_forward(const struct sonde_permutation* p, sonde_u64 number) {
  sonde_u64 left = number >> p->right_bits;
  sonde_u64 right = number & p->right_mask;
  for (int round = 0; round < SONDE_PERMUTATION_ROUNDS; round += 2) {
    right = (right + sonde_permutation_mix(left, p->keys[round])) & p->right_mask;
    left += sonde_permutation_left_mix(p, right, round + 1);
    left = sonde_permutation_wrapped(left - p->left_size, p->left_size);
  }
  return left << p->right_bits | right;
}

/* Undoes sonde_permutation_forward. */
static inline sonde_u64 sonde_permutation_backward(const struct sonde_permutation* p, sonde_u64 number) {
  sonde_u64 left = number >> p->right_bits;
  sonde_u64 right = number & p->right_mask;
  for (int round = SONDE_PERMUTATION_ROUNDS - 2; round >= 0; round -= 2) {
    left -= sonde_permutation_left_mix(p, right, round + 1);
    left = sonde_permutation_wrapped(left, p->left_size);
    right = (right - sonde_permutation_mix(left, p->keys[round])) & p->right_mask;
  }
  return left << p->right_bits | right;
}
