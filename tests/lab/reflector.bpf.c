/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
 *
 * A fleet that answers from XDP, at line speed and without any state: every
 * answer follows from the segment at hand and from the tables. The initial
 * sequence number of a SYN-ACK is a hash of the endpoints' addresses and
 * ports, so a later segment tells by its acknowledgement number where in the
 * dialogue it stands.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "reflector_layout.h"
#include "reflector_read.h"
#include "reflector_write.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Set by the loader before the program is loaded. The count is no constant:
 * the verifier would walk every path of a search whose bounds it knows. */
volatile __u32 block_count = 0;
const volatile __u32 syn_loss = 0;    /* millionths */
const volatile __u32 answer_loss = 0; /* millionths */

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct reflector_block);
} blocks SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct reflector_span);
} spans SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, REFLECTOR_COUNTERS);
  __type(key, __u32);
  __type(value, __u64);
} counters SEC(".maps");

/* The segment at hand. In a map, because of what is on the stack the verifier
 * remembers too much: it would check every way to a value on its own. */
struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct segment);
} current SEC(".maps");

static __always_inline void count(__u32 what) {
  __u64* number = bpf_map_lookup_elem(&counters, &what);
  if (number) ++*number;
}

static __always_inline int lost(__u32 share) {
  return share && (((__u64)bpf_get_prandom_u32() * REFLECTOR_MILLION) >> 32) < share;
}

static __always_inline int before(const struct reflector_address* a, const struct reflector_address* b) {
  return a->high < b->high || (a->high == b->high && a->low < b->low);
}

/* The last block that does not begin after the address; NULL if it ends before it. */
static __always_inline struct reflector_block* find_block(const struct reflector_address* address) {
  struct reflector_block* found = NULL;
  __u32 low = 0, high = block_count;
  for (int i = 0; i < REFLECTOR_HALVINGS && low < high; ++i) {
    __u32 middle = (low + high) / 2;
    struct reflector_block* block = bpf_map_lookup_elem(&blocks, &middle);
    if (!block) return NULL;
    if (before(address, &block->first)) {
      high = middle;
    } else {
      found = block;
      low = middle + 1;
    }
  }
  return found && !before(&found->last, address) ? found : NULL;
}

static __always_inline int find_behaviour(const struct reflector_block* block, __u16 port) {
  int behaviour = REFLECT_CLOSED;
  __u32 low = block->first_span, high = block->first_span + block->span_count;
  for (int i = 0; i < REFLECTOR_HALVINGS && low < high; ++i) {
    __u32 middle = (low + high) / 2;
    struct reflector_span* span = bpf_map_lookup_elem(&spans, &middle);
    if (!span) break;
    if (port < span->first_port) {
      high = middle;
    } else {
      behaviour = span->behaviour;
      low = middle + 1;
    }
  }
  return behaviour;
}

/* Not XDP_TX: towards a veth peer that has GRO but no XDP program of its own
 * it queues the frame and never wakes the peer (veth_xdp_flush). */
static __always_inline int send_back(struct xdp_md* ctx) { return bpf_redirect(ctx->ingress_ifindex, 0); }

static __always_inline int answer(struct xdp_md* ctx, const struct segment* got, struct tcp_answer* reply,
                                  __u32 what) {
  if (send_tcp(ctx, got, reply) != 0) return XDP_ABORTED;
  count(what);
  return send_back(ctx);
}

static __always_inline int send_syn_ack(struct xdp_md* ctx, const struct segment* got, int behaviour) {
  struct tcp_answer reply = {.seq = cookie(got), .ack = got->seq + 1, .flags = TCP_SYN | TCP_ACK};
  if (behaviour != REFLECT_SYN_PROXY) {
    reply.window = WINDOW;
    put_syn_options(&reply, got);
  }
  return answer(ctx, got, &reply, COUNT_SYN_ACK_SENT);
}

/* RFC 9293, 3.10.7.1: a RST takes its number from the ACK, or acknowledges what came. */
static __always_inline int send_rst(struct xdp_md* ctx, const struct segment* got, __u32 what) {
  struct tcp_answer reply = {.flags = TCP_RST};
  if (got->flags & TCP_ACK) {
    reply.seq = got->ack;
  } else {
    reply.flags |= TCP_ACK;
    reply.ack = got->seq + got->length;
  }
  return answer(ctx, got, &reply, what);
}

static __always_inline int send_later(struct xdp_md* ctx, const struct segment* got, __u8 flags) {
  struct tcp_answer reply = {
      .seq = got->ack, .ack = got->seq + got->length, .window = WINDOW, .flags = flags | TCP_ACK};
  put_timestamp(&reply, got);
  return answer(ctx, got, &reply, COUNT_LATER_SENT);
}

static __always_inline int on_syn(struct xdp_md* ctx, const struct segment* got, int behaviour) {
  count(COUNT_SYN_RECEIVED);
  if (!sound(ctx, got)) {
    count(COUNT_BAD_CHECKSUM);
    return XDP_DROP;
  }
  if (lost(syn_loss)) {
    count(COUNT_SYN_LOST);
    return XDP_DROP;
  }
  if (behaviour == REFLECT_SILENT) {
    count(COUNT_SILENT);
    return XDP_DROP;
  }
  if (lost(answer_loss)) {
    count(COUNT_ANSWER_LOST);
    return XDP_DROP;
  }
  if (behaviour == REFLECT_CLOSED) return send_rst(ctx, got, COUNT_RST_SENT);
  if (behaviour < REFLECT_NET_UNREACH) return send_syn_ack(ctx, got, behaviour);
  if (send_icmp(ctx, got, behaviour) != 0) return XDP_ABORTED;
  count(COUNT_ICMP_SENT);
  return send_back(ctx);
}

/* How far the peer has acknowledged us: 1 our SYN, 2 our FIN too. */
static __always_inline int on_established(struct xdp_md* ctx, const struct segment* got, int behaviour) {
  __u32 progress = got->ack - cookie(got);
  if (progress != 1 && progress != 2) return send_rst(ctx, got, COUNT_LATER_SENT);
  if (behaviour == REFLECT_RESET_AFTER_ACCEPT) return send_rst(ctx, got, COUNT_LATER_SENT);
  int finish = progress == 1 && ((got->flags & TCP_FIN) || behaviour == REFLECT_CLOSE_AFTER_ACCEPT);
  if (finish) return send_later(ctx, got, TCP_FIN);
  return got->length ? send_later(ctx, got, 0) : XDP_DROP;
}

static __always_inline int on_later(struct xdp_md* ctx, const struct segment* got, int behaviour) {
  count(COUNT_LATER_RECEIVED);
  if (got->flags & TCP_RST) {
    count(COUNT_RST_RECEIVED);
    return XDP_DROP;
  }
  if (behaviour == REFLECT_SILENT || behaviour >= REFLECT_NET_UNREACH) return XDP_DROP;
  if (behaviour == REFLECT_CLOSED || (got->flags & (TCP_SYN | TCP_ACK)) != TCP_ACK) {
    return send_rst(ctx, got, COUNT_LATER_SENT);
  }
  return on_established(ctx, got, behaviour);
}

SEC("xdp")
int reflect(struct xdp_md* ctx) {
  __u32 zero = 0;
  struct segment* got = bpf_map_lookup_elem(&current, &zero);
  if (!got || read_segment(ctx, got) != 0) return XDP_PASS;
  struct reflector_block* block = find_block(&got->target);
  if (!block) return XDP_PASS;
  int behaviour = find_behaviour(block, bpf_ntohs(got->target_port));
  if ((got->flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN) return on_syn(ctx, got, behaviour);
  return on_later(ctx, got, behaviour);
}
