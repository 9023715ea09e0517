#pragma once

/* The cookie of a flow and the SYN that carries it, in C, so that a BPF program
 * and this program compile the same lines. Callers in C++ use syn_sequence()
 * and SynBuilder (net/packet/syn_packet.h) instead.
 *
 * Addresses, ports and the like are numbers in host order throughout; only the
 * bytes of a packet are big-endian. */

#ifdef __bpf__
#include <linux/types.h>
typedef __u8 sonde_u8;
typedef __u16 sonde_u16;
typedef __u32 sonde_u32;
typedef __u64 sonde_u64;
#else
#include <stdint.h>
typedef uint8_t sonde_u8;
typedef uint16_t sonde_u16;
typedef uint32_t sonde_u32;
typedef uint64_t sonde_u64;
#endif

#define SONDE_SYN_INLINE static inline __attribute__((always_inline))

/* Where the fields of a SYN are, in bytes, and how large its parts. */
enum sonde_syn_layout {
  SONDE_IPV4_SIZE = 20, /* RFC 791 §3.1; no options */
  SONDE_IPV4_ID_AT = 4,
  SONDE_IPV4_CHECKSUM_AT = 10,
  SONDE_IPV4_TO_AT = 16,
  SONDE_IPV6_SIZE = 40, /* RFC 8200 §3; no extension headers */
  SONDE_IPV6_TO_AT = 24,
  SONDE_TCP_SIZE = 20, /* RFC 9293 §3.1 */
  SONDE_TCP_PORTS_AT = 0,
  SONDE_TCP_SEQUENCE_AT = 4,
  SONDE_TCP_FLAGS_AT = 13,
  SONDE_TCP_CHECKSUM_AT = 16,
  SONDE_SYN_OPTIONS_SIZE = 20, /* MSS, SACK permitted, timestamps, no-operation, window scale */
  SONDE_SYN_TIMESTAMP_AT = 28, /* of the TCP header: TSval */
  SONDE_SYN_TCP_SIZE = SONDE_TCP_SIZE + SONDE_SYN_OPTIONS_SIZE,
  SONDE_SYN_IPV4_SIZE = SONDE_IPV4_SIZE + SONDE_SYN_TCP_SIZE,
  SONDE_SYN_IPV6_SIZE = SONDE_IPV6_SIZE + SONDE_SYN_TCP_SIZE,
};

/* What a Linux client puts into a SYN on Ethernet. */
enum sonde_syn_values {
  SONDE_SYN_HOPS = 64,
  SONDE_SYN_WINDOW = 64240,
  SONDE_SYN_WINDOW_SCALE = 7,
  SONDE_SYN_MSS_IPV4 = 1460,
  SONDE_SYN_MSS_IPV6 = 1440,
};

/* ---- SipHash-2-4 (Aumasson and Bernstein, 2012), fed with whole words. ---- */

struct sonde_siphash {
  sonde_u64 v0, v1, v2, v3;
};

SONDE_SYN_INLINE sonde_u64 sonde_rotate_left(sonde_u64 word, int bits) {
  return word << bits | word >> (64 - bits);
}

SONDE_SYN_INLINE void sonde_siphash_round(struct sonde_siphash* s) {
  s->v0 += s->v1;
  s->v2 += s->v3;
  s->v1 = sonde_rotate_left(s->v1, 13) ^ s->v0;
  s->v3 = sonde_rotate_left(s->v3, 16) ^ s->v2;
  s->v0 = sonde_rotate_left(s->v0, 32);
  s->v2 += s->v1;
  s->v0 += s->v3;
  s->v1 = sonde_rotate_left(s->v1, 17) ^ s->v2;
  s->v3 = sonde_rotate_left(s->v3, 21) ^ s->v0;
  s->v2 = sonde_rotate_left(s->v2, 32);
}

SONDE_SYN_INLINE struct sonde_siphash sonde_siphash_begin(sonde_u64 k0, sonde_u64 k1) {
  struct sonde_siphash s = {k0 ^ 0x736f6d6570736575ULL, k1 ^ 0x646f72616e646f6dULL,
                            k0 ^ 0x6c7967656e657261ULL, k1 ^ 0x7465646279746573ULL};
  return s;
}

/* Takes in eight bytes of the message, as a little-endian number. */
SONDE_SYN_INLINE void sonde_siphash_word(struct sonde_siphash* s, sonde_u64 word) {
  s->v3 ^= word;
  sonde_siphash_round(s);
  sonde_siphash_round(s);
  s->v0 ^= word;
}

/* Takes in the last word: the bytes that are left over, at most seven, and the
 * length of the message in the uppermost byte. */
SONDE_SYN_INLINE sonde_u64 sonde_siphash_end(struct sonde_siphash* s, sonde_u64 last_word) {
  sonde_siphash_word(s, last_word);
  s->v2 ^= 0xff;
  sonde_siphash_round(s);
  sonde_siphash_round(s);
  sonde_siphash_round(s);
  sonde_siphash_round(s);
  return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

/* ---- The hash of a flow: its low 32 bits are the sequence number of the SYN. ---- */

struct sonde_cookie_key {
  sonde_u64 k0, k1;
};

struct sonde_ipv6 {
  sonde_u64 high, low;
};

struct sonde_ports {
  sonde_u16 source, destination;
};

SONDE_SYN_INLINE sonde_u32 sonde_ports_word(struct sonde_ports ports) {
  return (sonde_u32)ports.source << 16 | ports.destination;
}

/* The message ends with the ports. Its bytes are big-endian numbers that
 * SipHash reads as little-endian ones: hence the swapping, here and below. */
SONDE_SYN_INLINE sonde_u64 sonde_flow_end(struct sonde_siphash* s, struct sonde_ports ports, sonde_u64 size) {
  return sonde_siphash_end(s, size << 56 | __builtin_bswap32(sonde_ports_word(ports)));
}

/* Of the 12 bytes: source, destination, source port, destination port. */
SONDE_SYN_INLINE sonde_u64 sonde_flow_hash_ipv4(struct sonde_cookie_key key, sonde_u32 source,
                                                sonde_u32 destination, struct sonde_ports ports) {
  struct sonde_siphash s = sonde_siphash_begin(key.k0, key.k1);
  sonde_siphash_word(&s, __builtin_bswap64((sonde_u64)source << 32 | destination));
  return sonde_flow_end(&s, ports, 12);
}

/* Of the same, in 36 bytes. */
SONDE_SYN_INLINE sonde_u64 sonde_flow_hash_ipv6(struct sonde_cookie_key key, struct sonde_ipv6 source,
                                                struct sonde_ipv6 destination, struct sonde_ports ports) {
  struct sonde_siphash s = sonde_siphash_begin(key.k0, key.k1);
  sonde_siphash_word(&s, __builtin_bswap64(source.high));
  sonde_siphash_word(&s, __builtin_bswap64(source.low));
  sonde_siphash_word(&s, __builtin_bswap64(destination.high));
  sonde_siphash_word(&s, __builtin_bswap64(destination.low));
  return sonde_flow_end(&s, ports, 36);
}

/* ---- The Internet checksum (RFC 1071). ---- */

/* The checksum that a sum of 16- or 32-bit big-endian words gives. A word of 32
 * bits counts as its two halves, since 2^16 is 1 modulo 2^16 - 1. */
SONDE_SYN_INLINE sonde_u16 sonde_checksum(sonde_u64 sum) {
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return (sonde_u16)~sum;
}

/* ---- The SYN: a template in which only what differs is written. ---- */

/* A whole SYN from one source whose varying fields are zero. */
struct sonde_syn_template {
  struct sonde_cookie_key key;
  struct sonde_ipv6 source; /* IPv4: the lowest 32 bits */
  sonde_u32 ip_sum;         /* of the template's words, not yet folded; IPv6 has none */
  sonde_u32 tcp_sum;        /* the same of the TCP header, with the pseudo-header */
  sonde_u8 bytes[SONDE_SYN_IPV6_SIZE];
};

/* Where a SYN goes, but for the address. */
struct sonde_syn_fields {
  struct sonde_ports ports;
  sonde_u32 timestamp; /* TSval */
};

SONDE_SYN_INLINE void sonde_put16(sonde_u8* out, sonde_u16 number) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  number = __builtin_bswap16(number);
#endif
  __builtin_memcpy(out, &number, sizeof number);
}

SONDE_SYN_INLINE void sonde_put32(sonde_u8* out, sonde_u32 number) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  number = __builtin_bswap32(number);
#endif
  __builtin_memcpy(out, &number, sizeof number);
}

SONDE_SYN_INLINE void sonde_put64(sonde_u8* out, sonde_u64 number) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  number = __builtin_bswap64(number);
#endif
  __builtin_memcpy(out, &number, sizeof number);
}

/* The TCP part. `sum`: what the destination address adds to the pseudo-header. */
SONDE_SYN_INLINE void sonde_syn_write_tcp(const struct sonde_syn_template* syn,
                                          struct sonde_syn_fields fields, sonde_u32 sequence, sonde_u64 sum,
                                          sonde_u8* out) {
  const sonde_u32 ports = sonde_ports_word(fields.ports);
  sum += syn->tcp_sum;
  sum += ports;
  sum += sequence;
  sum += fields.timestamp;
  sonde_put32(out + SONDE_TCP_PORTS_AT, ports);
  sonde_put32(out + SONDE_TCP_SEQUENCE_AT, sequence);
  sonde_put16(out + SONDE_TCP_CHECKSUM_AT, sonde_checksum(sum));
  sonde_put32(out + SONDE_SYN_TIMESTAMP_AT, fields.timestamp);
}

/* Writes SONDE_SYN_IPV4_SIZE bytes. `hash`: the flow's; the identification is a part of it. */
SONDE_SYN_INLINE void sonde_syn_write_hashed_ipv4(const struct sonde_syn_template* syn, sonde_u32 to,
                                                  struct sonde_syn_fields fields, sonde_u64 hash,
                                                  sonde_u8* out) {
  const sonde_u16 id = (sonde_u16)(hash >> 32);
  const sonde_u64 ip_sum = (sonde_u64)syn->ip_sum + to + id;
  __builtin_memcpy(out, syn->bytes, SONDE_SYN_IPV4_SIZE);
  sonde_put16(out + SONDE_IPV4_ID_AT, id);
  sonde_put16(out + SONDE_IPV4_CHECKSUM_AT, sonde_checksum(ip_sum));
  sonde_put32(out + SONDE_IPV4_TO_AT, to);
  sonde_syn_write_tcp(syn, fields, (sonde_u32)hash, to, out + SONDE_IPV4_SIZE);
}

/* Writes SONDE_SYN_IPV6_SIZE bytes. The flow label is a part of the hash (RFC 6437 §3). */
SONDE_SYN_INLINE void sonde_syn_write_hashed_ipv6(const struct sonde_syn_template* syn, struct sonde_ipv6 to,
                                                  struct sonde_syn_fields fields, sonde_u64 hash,
                                                  sonde_u8* out) {
  const sonde_u64 to_sum = (to.high >> 32) + (to.high & 0xffffffff) + (to.low >> 32) + (to.low & 0xffffffff);
  __builtin_memcpy(out, syn->bytes, SONDE_SYN_IPV6_SIZE);
  sonde_put32(out, (sonde_u32)6 << 28 | (sonde_u32)(hash >> 44));
  sonde_put64(out + SONDE_IPV6_TO_AT, to.high);
  sonde_put64(out + SONDE_IPV6_TO_AT + 8, to.low);
  sonde_syn_write_tcp(syn, fields, (sonde_u32)hash, to_sum, out + SONDE_IPV6_SIZE);
}

/* The same for a flow whose hash is not known yet. */
SONDE_SYN_INLINE void sonde_syn_write_ipv4(const struct sonde_syn_template* syn, sonde_u32 to,
                                           struct sonde_syn_fields fields, sonde_u8* out) {
  const sonde_u64 hash = sonde_flow_hash_ipv4(syn->key, (sonde_u32)syn->source.low, to, fields.ports);
  sonde_syn_write_hashed_ipv4(syn, to, fields, hash, out);
}

SONDE_SYN_INLINE void sonde_syn_write_ipv6(const struct sonde_syn_template* syn, struct sonde_ipv6 to,
                                           struct sonde_syn_fields fields, sonde_u8* out) {
  const sonde_u64 hash = sonde_flow_hash_ipv6(syn->key, syn->source, to, fields.ports);
  sonde_syn_write_hashed_ipv6(syn, to, fields, hash, out);
}
