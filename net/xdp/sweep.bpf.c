/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
 *
 * The in-kernel sweep: four programs over the same tables (README.md).
 */
#include "net/xdp/generate.bpf.h"
#include "net/xdp/receive.bpf.h"

char LICENSE[] SEC("license") = "GPL";
