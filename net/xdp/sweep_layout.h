/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
 *
 * What the two halves of the in-kernel sweep share: the tables that user space
 * fills, and what the BPF programs keep and hand out. Plain C, compiled by both.
 *
 * Addresses are numbers in host order; IPv4 stands at ::ffff:0:0/96, as in
 * IpAddress (net/address.h). "Step" is a number within the slice, as in the
 * ledger; everything else that is numbered says of what.
 */
#pragma once

#include "net/packet/permutation_core.h"
#include "net/packet/syn_core.h"

enum sonde_sweep_limits {
  SONDE_MOST_HOPS = 256, /* a power of two */
  SONDE_MOST_SECTIONS = 3,
  SONDE_PORTS = 65536,
  SONDE_GUIDE_BUCKETS = 65536,
  SONDE_LONGEST_OPTIONS = 40, /* of a TCP header: RFC 9293 §3.1 */
};

/* The frame that the kernel hands to `generate`, longer than any that is sent:
 * it is cut to size each time. A page comes back with the length that its last
 * user left in it, and only a change of its bounds makes the kernel look. */
enum { SONDE_FRAME_ROOM = 14 + 4 + SONDE_SYN_IPV6_SIZE + 2 };

/* ---- Targets: indices to endpoints and back ---- */

/* Consecutive indices: `addresses` addresses from `first` on, each × all ports
 * of the port table in their order; or one endpoint, if `port` is not 0. */
struct sonde_run {
  sonde_u64 first_index;
  struct sonde_ipv6 first;
  sonde_u64 addresses; /* with a port: 1 */
  sonde_u16 port;      /* 0: all ports */
  sonde_u16 hop;       /* where these are sent */
  sonde_u32 unused;
};

/* Consecutive runs that are sorted by address, then port: all of them with a
 * port or all of them without. */
struct sonde_section {
  sonde_u32 first, count;
};

/* Where to look for the run of an index, so that a search among a million of
 * runs does not begin at their middle: the run of index b << shift is number
 * first[b]. With few runs there is one bucket. */
struct sonde_guide {
  sonde_u32 first[SONDE_GUIDE_BUCKETS + 1];
  sonde_u32 shift;
};

struct sonde_port_table {
  sonde_u16 ports[SONDE_PORTS]; /* by rank */
  sonde_u16 ranks[SONDE_PORTS]; /* rank + 1, by port; 0: not probed. There is no port 0 */
};

/* ---- Where packets leave ---- */

struct sonde_hop {
  sonde_u32 interface;
  sonde_u16 vlan;   /* the tag that is written; 0: none */
  sonde_u8 ipv6;    /* 1: the source and all its targets are IPv6; 0: IPv4 */
  sonde_u8 on_link; /* 1: every target is its own neighbour: sonde_neighbour */
  sonde_u8 own[6];
  sonde_u8 neighbour[6];
  sonde_u32 unused;
  struct sonde_syn_template syn;
};

/* The key of the table of neighbours. */
struct sonde_neighbour {
  sonde_u32 interface;
  sonde_u32 unused;
  struct sonde_ipv6 address;
};

struct sonde_station {
  sonde_u8 bytes[6];
  sonde_u8 unused[2];
};

/* ---- What is swept ---- */

/* Step s of the slice is position shard_first + (slice_first + s) * shard_stride
 * of the shuffled order, which permutes to an index. */
struct sonde_geometry {
  struct sonde_permutation permutation;
  struct sonde_cookie_key key;
  sonde_u64 shard_first, shard_stride;
  sonde_u64 slice_first; /* a step of the shard */
  sonde_u64 slice_steps; /* 0: no answer is taken */
  struct sonde_section sections[SONDE_MOST_SECTIONS];
  sonde_u32 section_count;
  sonde_u32 run_count;
  sonde_u32 port_count;
  sonde_u16 first_port, last_port; /* our source ports */
};

/* ---- What may change while it runs ---- */

enum { SONDE_PACE_BITS = 16 }; /* of the fraction of a pause */
enum { SONDE_BURST = 64 };     /* probes that may leave back to back */

struct sonde_control {
  sonde_u64 pause;   /* between two probes of one runner, in 2^-SONDE_PACE_BITS ns; 0: flat out */
  sonde_u32 stop;    /* 1: nothing is sent any more */
  sonde_u32 wanted;  /* bit m: marks m that are new are worth an event */
  sonde_u32 attempt; /* rotates the source port: another attempt is another flow */
  sonde_u32 resets_refused; /* RSTs that wait to go again */
  sonde_u32 generic;        /* 1: what `receive` sends leaves behind the driver, and nothing is told of it */
};

/* One for each core, written by the program that runs on it; a cache line apart. */
struct sonde_runner {
  sonde_u64 next, end;    /* steps */
  sonde_u64 due_ns;       /* when the next probe's turn is, by the rate asked for; 0: at once */
  sonde_u64 due_fraction; /* of a nanosecond */
  sonde_u64 gate_ns;      /* the same by the rate of catching up */
  sonde_u64 built;        /* SYNs handed to a device */
  sonde_u64 skipped;      /* steps that were answered already */
  sonde_u64 unresolved;   /* steps whose neighbour's station is unknown */
  sonde_u64 failed;       /* steps that could not be built */
  sonde_u64 waits;        /* frames given back because it was too early, or too much was not told yet */
  sonde_u64 refused;      /* of the built: the device had no room, and they went again */
  sonde_u64 resets_refused; /* RSTs that the device had no room for, and that went again */
  sonde_u64 unused[4];
};

enum {
  SONDE_IN_FLIGHT = 128, /* a power of two; more than the 64 frames that the kernel hands over at a time */
  SONDE_RESETS_AGAIN = 65536, /* more RSTs do not wait: then the target's next SYN-ACK brings another one */
  SONDE_DEVICES = 16,    /* told apart, by the low bits of their index */
};

/* A device that refuses. */
struct sonde_refusal {
  sonde_u64 since_ns; /* when it last took a frame while it refused others; 0: it takes all */
  sonde_u64 last_ns;  /* when it refused last */
  sonde_u32 interface;
  sonde_u32 error; /* the errno that it says; 0: it has no room */
};

/* A ring of frames that were handed over, in that order, and of which nothing was told yet. */
struct sonde_bulks {
  sonde_u64 frames[SONDE_IN_FLIGHT];
  sonde_u32 interfaces[SONDE_IN_FLIGHT];
  sonde_u32 first, count;
};

/* What the programs keep of frames between us and the device; one for each core. */
struct sonde_flight {
  struct sonde_bulks generated, answered; /* by which program */
  sonde_u64 again[SONDE_IN_FLIGHT];       /* a stack: SYNs that a device refused */
  sonde_u32 refused, unused;
  sonde_u64 not_before_ns; /* to give it time */
  struct sonde_refusal refusals[SONDE_DEVICES];
};

/* What one core received. */
struct sonde_receiver {
  sonde_u64 received; /* answers to our ports, and errors about packets from them */
  sonde_u64 syn_ack;  /* of these, proved to be answers */
  sonde_u64 reset;
  sonde_u64 rejected;
  sonde_u64 duplicate; /* of the proved: the ledger said as much already */
  sonde_u64 outside;   /* of the proved: to none of this slice's probes */
  sonde_u64 ring_full; /* of the proved: not entered, so that a later pass asks again */
  sonde_u64 invalid;   /* not proved */
  sonde_u64 reset_sent;
  sonde_u64 revised; /* of the proved: the step had a lower mark, of which nothing was told */
  sonde_u64 unused[6];
};

/* ---- The ledger, and what is told ---- */

/* As in engine/sweep/ledger.h: step s at word s / 32, bits 2 * (s % 32). */
enum sonde_mark {
  SONDE_UNANSWERED = 0,
  SONDE_REJECTED = 1,
  SONDE_CLOSED = 2,
  SONDE_OPEN = 3,
};

/* A mark that rose. */
struct sonde_event {
  sonde_u64 step;
  sonde_u64 received_ns; /* CLOCK_MONOTONIC */
  struct sonde_ipv6 address;
  struct sonde_ipv6 icmp_sender; /* of rejected */
  sonde_u32 interface;           /* on which it came in */
  sonde_u16 port;
  sonde_u16 window;
  sonde_u8 mark;
  sonde_u8 ttl; /* as received; IPv6: hop limit */
  sonde_u8 icmp_type, icmp_code;
  sonde_u8 options_size;
  sonde_u8 options[SONDE_LONGEST_OPTIONS]; /* of the TCP header, as they came */
  sonde_u8 unused[3];
};
