"""The nftables rules of a kernel fleet.

One verdict map per family sends every endpoint that is not simply closed to
the chain of its behaviour, so a thousand rules cost a packet as much as one.
`open`-like endpoints are handed to their service by tproxy: the service
listens once, on loopback, and yet accepts as any address and port. So a port
may behave differently at every address, an all-ports host costs one listener,
and `closed` needs nothing at all: nobody listens, the stack sends its RST.
No rule touches connection tracking.
"""

from .address import format_address, is_v4

REJECTIONS = {  # word → (IPv4, IPv6)
    "net-unreach": ("icmp type net-unreachable", "icmpv6 type no-route"),
    "host-unreach": ("icmp type host-unreachable", "icmpv6 type addr-unreachable"),
    "proto-unreach": ("icmp type prot-unreachable", None),
    "port-unreach": ("icmp type port-unreachable", "icmpv6 type port-unreachable"),
    "admin-prohibited": ("icmp type admin-prohibited", "icmpv6 type admin-prohibited"),
}
NEEDS_NO_RULE = ("closed", "absent")
COUNTERS = ("syn_received", "syn_lost", "answer_lost", "rst_received")
SYN = "tcp flags & (syn | ack) == syn"


def ruleset(truth, service_ports, delay_marks):
    """The text for `nft -f`.

    service_ports: Behaviour → loopback port of its service.
    delay_marks: milliseconds → the packet mark that routes to the delay line.
    """
    chains = _chains(truth, service_ports, delay_marks)
    interfaces = ", ".join(f'"{interface}"' for interface in truth.interfaces())
    parts = ["table inet lab {", *(f"counter {name} {{}}" for name in COUNTERS)]
    parts += [f"chain {name} {{\n{body}\n}}" for name, body in chains.values()]
    parts += [_map(truth, chains, v4=True), _map(truth, chains, v4=False)]
    parts += [_arrivals(interfaces, truth.syn_loss), _departures(interfaces, truth.answer_loss), "}"]
    return "\n".join(parts) + "\n"


def _chains(truth, service_ports, delay_marks):
    """Behaviour → (chain name, chain body)."""
    chains = {}
    for behaviour in sorted(truth.behaviours(), key=repr):
        if behaviour.word not in NEEDS_NO_RULE:
            body = _body(behaviour, service_ports, delay_marks)
            chains[behaviour] = (f"b{len(chains)}_{behaviour.word.replace('-', '_')}", body)
    return chains


def _body(behaviour, service_ports, delay_marks):
    if behaviour.word == "silent":
        return "drop"
    if behaviour.word in REJECTIONS:
        lines = [f"meta nfproto {family} {SYN} reject with {reply}"
                 for family, reply in zip(("ipv4", "ipv6"), REJECTIONS[behaviour.word]) if reply]
        return "\n".join(lines + ["drop"])
    lines = [_tproxy(service_ports[behaviour])]
    if behaviour.word == "slow":
        mark = delay_marks[behaviour.delay_ms]
        lines.insert(0, f'iifname != "delay*" meta mark set {mark} accept')
    return "\n".join(lines)


def _tproxy(port):
    return (f"meta l4proto tcp tproxy ip to 127.0.0.1:{port} accept\n"
            f"meta l4proto tcp tproxy ip6 to [::1]:{port} accept")


def _map(truth, chains, v4):
    elements = [
        f"{_span(format_address(block.low), format_address(block.high))} . {_span(low, high)} "
        f": goto {chains[behaviour][0]}"
        for block in truth.layout.blocks if is_v4(block.low) == v4
        for low, high, behaviour in block.ports if behaviour in chains
    ]
    name, kind = ("endpoints4", "ipv4_addr") if v4 else ("endpoints6", "ipv6_addr")
    listed = f"elements = {{ {', '.join(elements)} }}" if elements else ""
    return f"map {name} {{\ntype {kind} . inet_service : verdict\nflags interval\n{listed}\n}}"


def _span(low, high):
    return f"{low}" if low == high else f"{low}-{high}"


def _arrivals(interfaces, loss):
    lines = ["type filter hook prerouting priority mangle; policy accept;", "meta l4proto != tcp accept",
             f"iifname {{ {interfaces} }} tcp flags & rst == rst counter name rst_received",
             f"iifname {{ {interfaces} }} {SYN} counter name syn_received"]
    if loss:
        lines.append(f"iifname {{ {interfaces} }} {SYN} {_lottery(loss)} counter name syn_lost drop")
    lines += ["ip daddr . tcp dport vmap @endpoints4", "ip6 daddr . tcp dport vmap @endpoints6"]
    return _chain("arrivals", lines)


def _departures(interfaces, loss):
    """Loses answers to SYNs: SYN-ACKs, RSTs that answer a SYN (their sequence number is 0), ICMP errors."""
    if not loss:
        return ""
    fate = f"{_lottery(loss)} counter name answer_lost drop"
    return _chain("departures", [
        "type filter hook output priority mangle; policy accept;",
        f"oifname != {{ {interfaces} }} accept",
        f"tcp flags & (syn | ack) == (syn | ack) {fate}",
        f"tcp flags & (rst | ack) == (rst | ack) tcp sequence 0 {fate}",
        f"icmp type destination-unreachable {fate}",
        f"icmpv6 type destination-unreachable {fate}",
    ])


def _lottery(share):
    return f"numgen random mod 1000000 < {round(share * 1000000)}"


def _chain(name, lines):
    return f"chain {name} {{\n" + "\n".join(lines) + "\n}"
