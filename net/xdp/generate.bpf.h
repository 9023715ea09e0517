/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
 *
 * SYNs are born: `generate` is run with live frames and turns each into the
 * next probe of the core that it runs on.
 */
#pragma once

#include <linux/if_ether.h>

#include "net/xdp/ledger.bpf.h"
#include "net/xdp/pace.bpf.h"
#include "net/xdp/read.bpf.h"
#include "net/xdp/refusal.bpf.h"
#include "net/xdp/target.bpf.h"

enum { TAG_SIZE = 4 };

/* The station that a probe is sent to. */
static __always_inline const __u8* station_of(const struct sonde_hop* hop, const struct target* target) {
  if (!hop->on_link) return hop->neighbour;
  const struct sonde_neighbour key = {.interface = hop->interface, .address = target->address};
  const struct sonde_station* station = bpf_map_lookup_elem(&neighbours, &key);
  return station ? station->bytes : NULL;
}

/* Where the packet begins behind the link header; the room is there. */
static __always_inline __u8* write_link(__u8* frame, const struct sonde_hop* hop, const __u8* station) {
  __builtin_memcpy(frame, station, ETH_ALEN);
  __builtin_memcpy(frame + ETH_ALEN, hop->own, ETH_ALEN);
  frame += 2 * ETH_ALEN;
  if (hop->vlan != 0) {
    sonde_put16(frame, ETH_P_8021Q);
    sonde_put16(frame + 2, hop->vlan);
    frame += TAG_SIZE;
  }
  sonde_put16(frame, hop->ipv6 ? ETH_P_IPV6 : ETH_P_IP);
  return frame + 2;
}

static __always_inline void write_packet(__u8* packet, const struct sonde_hop* hop,
                                         const struct target* target, struct sonde_syn_fields fields) {
  /* Not so aligned; but the processors that BPF runs on do not mind, and copy it in words. */
  packet = __builtin_assume_aligned(packet, 8);
  if (hop->ipv6) {
    sonde_syn_write_ipv6(&hop->syn, target->address, fields, packet);
  } else {
    sonde_syn_write_ipv4(&hop->syn, (__u32)target->address.low, fields, packet);
  }
}

/* bpf_xdp_get_buff_len(), for a frame in one piece, without a call. */
static __always_inline __u32 frame_size(const struct xdp_md* ctx) {
  const void* end = (void*)(long)ctx->data_end;
  const void* begin = (void*)(long)ctx->data;
  __u64 size = (__u64)(end - begin);
  asm volatile("" : "+r"(size)); /* the verifier takes the difference only as it stands */
  return (__u32)size;
}

/* A SYN becomes the RST of the same flow that answers its SYN-ACK. Its options
 * stay: nobody reads them. */
static __always_inline void make_reset(__u8* tcp) {
  const __u32 sequence = get32(tcp + SONDE_TCP_SEQUENCE_AT), next = sequence + 1;
  const __u64 sum = (__u64)(__u16)~get16(tcp + SONDE_TCP_CHECKSUM_AT) + (__u16)~(sequence >> 16) + (__u16)~sequence +
                    (next >> 16) + (next & 0xffff) + (__u16)~TCP_SYN + TCP_RST; /* RFC 1624 */
  sonde_put32(tcp + SONDE_TCP_SEQUENCE_AT, next);
  tcp[SONDE_TCP_FLAGS_AT] = TCP_RST;
  sonde_put16(tcp + SONDE_TCP_CHECKSUM_AT, sonde_checksum(sum));
}

/* Every byte is written: the page has been through other hands. 0 if done. */
static __always_inline int write_frame(struct xdp_md* ctx, const struct sonde_hop* hop,
                                       const struct target* target, struct sonde_syn_fields fields, int reset) {
  const __u8* station = station_of(hop, target);
  if (!station) return 1;
  const __u32 link = ETH_HLEN + (hop->vlan != 0 ? TAG_SIZE : 0);
  const __u32 size = link + (hop->ipv6 ? SONDE_SYN_IPV6_SIZE : SONDE_SYN_IPV4_SIZE);
  const __u32 has = frame_size(ctx);
  if (bpf_xdp_adjust_tail(ctx, (int)size - (int)has) != 0) return -1;
  __u8* const frame = (void*)(long)ctx->data;
  const __u8* const end = (void*)(long)ctx->data_end;
  if (frame + ETH_HLEN + TAG_SIZE > end) return -1;
  __u8* const packet = write_link(frame, hop, station);
  if (packet + (hop->ipv6 ? SONDE_SYN_IPV6_SIZE : SONDE_SYN_IPV4_SIZE) > end) return -1;
  write_packet(packet, hop, target, fields);
  if (reset) make_reset(packet + (hop->ipv6 ? SONDE_IPV6_SIZE : SONDE_IPV4_SIZE));
  return 0;
}

/* Another attempt is another flow: the port depends on both, within the run of ports. */
static __always_inline __u16 source_port(__u64 step) {
  const __u32 count = geometry.last_port - geometry.first_port + 1u;
  return geometry.first_port + (__u16)((__u32)(step + control.attempt) % count);
}

static __always_inline void count_built(struct sonde_runner* runner, __u64 now) {
  ++runner->built;
  has_left(runner, control.pause, now);
}

static __always_inline int send_frame(struct xdp_md* ctx, struct sonde_runner* runner, struct sonde_flight* flight,
                                      __u64 frame, __u64 now) {
  const __u64 step = step_of_frame(frame);
  const __u16 reset = reset_port(frame);
  struct target target = {};
  if (target_of_step(step, &target) != 0) {
    ++runner->failed;
    return XDP_DROP;
  }
  const struct sonde_hop* hop = &hops[target.hop & (SONDE_MOST_HOPS - 1)];
  const struct sonde_ports ports = {reset ? reset : source_port(step), target.port};
  const int written = write_frame(ctx, hop, &target, (struct sonde_syn_fields){ports, (__u32)(now / 1000)}, reset);
  if (written != 0) {
    if (written > 0) ++runner->unresolved;
    if (written < 0) ++runner->failed;
    return XDP_DROP;
  }
  if (!reset) count_built(runner, now);
  flight->answered.count = 0; /* all of that is settled before a core sends; what is not was never told */
  remember(&flight->generated, frame, hop->interface);
  return bpf_redirect(hop->interface, 0);
}

/* So much has been told that a burst's answers might find no room: user space
 * has to catch up. Looked at once in a burst. */
static __always_inline int is_crowded(const struct sonde_runner* runner) {
  if (runner->built % SONDE_BURST != 0) return 0;
  const __u64 size = bpf_ringbuf_query(&events, BPF_RB_RING_SIZE);
  return bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA) > size - size / 4;
}

SEC("xdp")
int sonde_generate(struct xdp_md* ctx) {
  __u32 core = bpf_get_smp_processor_id();
  struct sonde_runner* runner = bpf_map_lookup_elem(&runners, &core);
  struct sonde_flight* flight = flight_of_core(core);
  if (!runner || !flight || control.stop) return XDP_DROP;
  const int more = runner->next < runner->end || flight->refused > 0 || control.resets_refused > 0;
  if (!more) return XDP_DROP;
  const __u64 pause = control.pause;
  __u64 now = bpf_ktime_get_ns();
  if ((control.resets_refused == 0 && is_crowded(runner)) || !may_leave(runner, flight->not_before_ns, pause, &now)) {
    ++runner->waits;
    return XDP_DROP;
  }
  __u64 frame = 0;
  if (!take_refused(flight, &frame) && !next_unanswered(runner, &frame)) return XDP_DROP;
  return send_frame(ctx, runner, flight, frame, now);
}
