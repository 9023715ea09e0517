/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
 *
 * The least that a program can do to send with live frames: the same frame, again and again.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

const volatile __u32 interface = 0;

SEC("xdp")
int send_again(struct xdp_md* ctx) {
  (void)ctx;
  return bpf_redirect(interface, 0);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
