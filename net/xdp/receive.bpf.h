/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
 *
 * Answers are judged: `receive` stands on the interface and takes what the
 * cookie proves to be an answer to one of our SYNs. The rules are those of
 * engine/probe/syn_verdict.cpp. Everything else passes untouched.
 */
#pragma once

#include "net/xdp/ledger.bpf.h"
#include "net/xdp/refusal.bpf.h"
#include "net/xdp/reset.bpf.h"
#include "net/xdp/target.bpf.h"

static __always_inline struct sonde_receiver* books_of_core(void) {
  __u32 core = bpf_get_smp_processor_id();
  return bpf_map_lookup_elem(&receivers, &core);
}

/* A proved answer: the endpoint, and the facts for the event. */
struct answer {
  const struct sonde_ipv6* address;
  const struct packet* carrier;
  __u32 tcp_at; /* 0: an ICMP error */
  __u32 options_size;
  __u16 port, window;
  __u8 mark, icmp_type, icmp_code;
};

static __always_inline void fill_event(struct xdp_md* ctx, struct sonde_event* event,
                                       const struct answer* answer, __u64 step) {
  __builtin_memset(event, 0, sizeof *event);
  event->step = step;
  event->received_ns = bpf_ktime_get_ns();
  event->address = *answer->address;
  event->interface = ctx->ingress_ifindex;
  event->port = answer->port;
  event->mark = answer->mark;
  event->ttl = answer->carrier->ttl;
  event->window = answer->window;
  event->icmp_type = answer->icmp_type;
  event->icmp_code = answer->icmp_code;
  if (answer->tcp_at == 0) event->icmp_sender = answer->carrier->from;
  const __u32 size = answer->options_size;
  if (size == 0 || size > SONDE_LONGEST_OPTIONS) return;
  if (bpf_xdp_load_bytes(ctx, answer->tcp_at + SONDE_TCP_SIZE, event->options, size) == 0)
    event->options_size = (__u8)size;
}

/* The mark of a step rises together with its event or not at all: what user
 * space has not been told of, a later pass asks again. */
static __always_inline void tell_and_raise(struct xdp_md* ctx, struct sonde_receiver* books,
                                           const struct answer* answer, __u64 step, __u64* word) {
  const __u32 shift = ledger_shift(step);
  struct sonde_event* event = NULL;
  if (control.wanted >> answer->mark & 1) {
    event = bpf_ringbuf_reserve(&events, sizeof *event, 0);
    if (!event) {
      ++books->ring_full;
      return;
    }
  }
  __u64 before = SONDE_UNANSWERED;
  const int raised = raise(word, shift, answer->mark, &before);
  if (raised == RAISED && before != SONDE_UNANSWERED && !(control.wanted >> before & 1)) ++books->revised;
  if (raised == STOOD_AS_HIGH) ++books->duplicate;
  if (raised == CONTENDED) ++books->ring_full;
  if (!event) return;
  if (raised != RAISED) {
    bpf_ringbuf_discard(event, BPF_RB_NO_WAKEUP);
    return;
  }
  fill_event(ctx, event, answer, step);
  bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP); /* it is looked for: take_events() */
}

/* The step, or NO_STEP: it is none of the slice's. */
static __always_inline __u64 enter(struct xdp_md* ctx, struct sonde_receiver* books,
                                   const struct answer* answer) {
  __u64 step = 0;
  __u64* word = NULL;
  if (step_of_endpoint(answer->address, answer->port, &step) == 0) word = ledger_word(step);
  if (!word) {
    ++books->outside;
  } else if (((*(volatile __u64*)word >> ledger_shift(step)) & 3) >= answer->mark) {
    ++books->duplicate;
  } else {
    tell_and_raise(ctx, books, answer, step, word);
  }
  return word ? step : NO_STEP;
}

/* Back out of the interface it came in by. Not XDP_TX: towards a veth peer that
 * has GRO but no XDP program that queues the frame and wakes nobody; and what
 * carries live frames out carries this too. */
static __always_inline int answer_with_reset(struct xdp_md* ctx, struct sonde_receiver* books,
                                             const struct reset* reset, __u64 step) {
  if (write_reset(ctx, reset) != 0) return XDP_DROP;
  ++books->reset_sent;
  struct sonde_flight* flight = control.generic ? NULL : flight_of_core(bpf_get_smp_processor_id());
  if (flight) remember(&flight->answered, reset_frame(step, reset->our_port), ctx->ingress_ifindex);
  return bpf_redirect(ctx->ingress_ifindex, 0);
}

static __always_inline int on_tcp(struct xdp_md* ctx, const struct packet* got) {
  const __u8* tcp = bytes_at(ctx, got->payload_at, SONDE_TCP_SIZE);
  if (!tcp || got->payload_at + SONDE_TCP_SIZE > got->payload_end) return XDP_PASS;
  const __u16 their_port = get16(tcp), our_port = get16(tcp + 2);
  if (!is_ours(our_port)) return XDP_PASS;
  const __u8 flags = tcp[13];
  if (!(flags & TCP_RST) && (flags & (TCP_SYN | TCP_ACK)) != (TCP_SYN | TCP_ACK)) return XDP_PASS;
  const __u32 size = (tcp[12] >> 4) * 4u;
  if (size < SONDE_TCP_SIZE || got->payload_at + size > got->payload_end) return XDP_PASS;
  const __u32 acknowledged = get32(tcp + 8);
  const struct answer answer = {.address = &got->from,
                                .carrier = got,
                                .tcp_at = got->payload_at,
                                .options_size = size - SONDE_TCP_SIZE,
                                .port = their_port,
                                .window = get16(tcp + 14),
                                .mark = flags & TCP_RST ? SONDE_CLOSED : SONDE_OPEN};
  struct sonde_receiver* books = books_of_core();
  if (!books) return XDP_PASS;
  ++books->received;
  const __u32 sent = sent_sequence(&got->to, &got->from, our_port, their_port);
  if (!(flags & TCP_ACK) || acknowledged != sent + 1) {
    ++books->invalid;
    return XDP_PASS;
  }
  const __u64 step = enter(ctx, books, &answer);
  if (flags & TCP_RST) {
    ++books->reset;
    return XDP_DROP;
  }
  ++books->syn_ack;
  const struct reset reset = {*got, our_port, their_port, acknowledged};
  return answer_with_reset(ctx, books, &reset, step);
}

/* The types that mean "your packet was not delivered". */
static __always_inline int is_icmp_error(__u8 ipv6, __u8 type) {
  if (ipv6) return type == 1 || type == 3 || type == 4; /* RFC 4443 §3 */
  return type == 3 || type == 11 || type == 12;         /* RFC 792 */
}

static __always_inline int on_icmp(struct xdp_md* ctx, const struct packet* got) {
  const __u8* icmp = bytes_at(ctx, got->payload_at, ICMP_SIZE);
  if (!icmp || !is_icmp_error(got->ipv6, icmp[0])) return XDP_PASS;
  struct packet quoted = {.at = got->payload_at + ICMP_SIZE, .ipv6 = got->ipv6};
  struct answer answer = {.address = &quoted.to,
                          .carrier = got,
                          .mark = SONDE_REJECTED,
                          .icmp_type = icmp[0],
                          .icmp_code = icmp[1]};
  if (read_packet(ctx, &quoted) != 0 || quoted.protocol != IPPROTO_TCP) return XDP_PASS;
  const __u8* tcp = bytes_at(ctx, quoted.payload_at, QUOTED_TCP_SIZE);
  if (!tcp || quoted.payload_at + QUOTED_TCP_SIZE > got->payload_end) return XDP_PASS;
  const __u16 our_port = get16(tcp);
  const __u32 sequence = get32(tcp + 4);
  answer.port = get16(tcp + 2);
  if (!is_ours(our_port)) return XDP_PASS;
  struct sonde_receiver* books = books_of_core();
  if (!books) return XDP_PASS;
  ++books->received;
  if (sequence != sent_sequence(&quoted.from, &quoted.to, our_port, answer.port)) {
    ++books->invalid;
    return XDP_PASS;
  }
  ++books->rejected;
  enter(ctx, books, &answer);
  return XDP_DROP;
}

SEC("xdp.frags")
int sonde_receive(struct xdp_md* ctx) {
  struct packet got = {};
  if (read_link(ctx, &got) != 0 || read_packet(ctx, &got) != 0) return XDP_PASS;
  const int tcp = got.protocol == IPPROTO_TCP;
  if (!tcp && got.protocol != (got.ipv6 ? PROTOCOL_ICMPV6 : IPPROTO_ICMP)) return XDP_PASS;
  return tcp ? on_tcp(ctx, &got) : on_icmp(ctx, &got);
}
