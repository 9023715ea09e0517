"""Cables, addresses and routes between the scanner and the fleet.

Each interface of the truth file is one cable with a device of that name at both
ends and a transfer net of its own: a veth pair, or two TUN devices that a
program joins, which have no link layer and so no gateway. The scanner reaches a prefix through the
fleet's transfer address, or directly when the prefix is on-link. There is no
default route, and nothing leads outside.
"""

import json

from .address import format_address, parse_prefix, prefixes_of, without
from .namespaces import LabError, until

# IPv6 has no route type that answers neighbour solicitations for a whole
# prefix, so on-link hosts are real addresses; the neighbour tables of Linux
# hold 1,024 entries anyway.
MOST_ON_LINK_V6 = 1024

QUIET_IPV6 = {
    "net.ipv6.conf.all.accept_dad": 0,
    "net.ipv6.conf.default.accept_dad": 0,
    "net.ipv6.conf.default.accept_ra": 0,
}


# As many packets a TUN device holds while the cable's program is not awake.
TUN_QUEUE = 20000


def join(scanner, fleet, truth, start_tun_cables):
    """Joins two fresh namespaces as the truth file's subnets ask for.

    start_tun_cables: names → the TUN devices with these names are in both namespaces.
    """
    for namespace in (scanner, fleet):
        namespace.sysctl(QUIET_IPV6)
        namespace.ip(["link set lo up"])
    interfaces, tuns = truth.interfaces(), truth.interfaces("tun")
    if tuns:
        start_tun_cables(tuns)
    for name, number in zip(interfaces, _free_transfer_nets(truth.subnets)):
        if name not in tuns:
            _veth(scanner, fleet, name, number)
        _plug_in(scanner, fleet, name, number)
        _routes(scanner, fleet, [s for s in truth.subnets if s.interface == name], number, truth.absent())
    for namespace in (scanner, fleet):
        until(lambda ends=namespace: _ready(ends, interfaces), f"the links of {namespace.name} coming up")


def _transfer(number):
    return f"10.255.{number}.0/30", f"fd00:255:{number:x}::/64"


def _free_transfer_nets(subnets):
    """The numbers of transfer nets that collide with no prefix of the fleet."""
    taken = [(subnet.low, subnet.high) for subnet in subnets]
    for number in range(256):
        nets = [parse_prefix(net) for net in _transfer(number)]
        if all(high < low_taken or low > high_taken
               for low, high in nets for low_taken, high_taken in taken):
            yield number
    raise LabError("too many interfaces, or the subnets leave no room in 10.255.0.0/16 for transfer nets")


def _veth(scanner, fleet, name, number):
    # A link whose peer seems to have the same index is no urgent matter to the
    # kernel: it would declare it ready up to a second later.
    scanner.ip([f"link add {name} index {100 + number} type veth "
                f"peer name {name} index {1000 + number} netns {fleet.name}"])


def _plug_in(scanner, fleet, name, number):
    for namespace, last in ((scanner, 1), (fleet, 2)):
        namespace.ip([
            f"addr add 10.255.{number}.{last}/30 dev {name}",
            f"addr add fd00:255:{number:x}::{last}/64 dev {name}",
            f"link set {name} up",
        ])


def _tun_route(scanner, fleet, subnet):
    for namespace in (scanner, fleet):
        namespace.ip([f"link set {subnet.interface} txqueuelen {TUN_QUEUE}"])
    scanner.ip([f"route add {subnet.prefix} dev {subnet.interface}"])
    fleet.ip([f"route add local {subnet.prefix} dev lo"])


def _routes(scanner, fleet, subnets, number, absent):
    for subnet in subnets:
        if subnet.on_link:
            _on_link(scanner, fleet, subnet, absent)
            continue
        if subnet.link == "tun":
            _tun_route(scanner, fleet, subnet)
            continue
        gateway = f"10.255.{number}.2" if subnet.v4 else f"fd00:255:{number:x}::2"
        scanner.ip([f"route add {subnet.prefix} via {gateway} dev {subnet.interface}"])
        fleet.ip([f"route add local {subnet.prefix} dev lo"])


def _on_link(scanner, fleet, subnet, absent):
    own = format_address(subnet.scanner_address)
    length = subnet.prefix.rpartition("/")[2]
    scanner.ip([f"addr add {own}/{length} dev {subnet.interface}"])
    fleet.ip([f"route add {own}/{32 if subnet.v4 else 128} dev {subnet.interface}"])
    present = without([(subnet.low, subnet.high)], subnet.not_hosts + absent)
    if subnet.v4:
        fleet.ip([f"route add local {prefix} dev lo" for low, high in present for prefix in prefixes_of(low, high)])
    else:
        fleet.ip(_real_addresses(subnet, present))


def _real_addresses(subnet, present):
    if sum(high - low + 1 for low, high in present) > MOST_ON_LINK_V6:
        raise LabError(f"{subnet.prefix}: an on-link IPv6 subnet has at most {MOST_ON_LINK_V6} hosts here: "
                       "take a longer prefix, or route it")
    return [f"addr add {format_address(number)}/128 dev {subnet.interface}"
            for low, high in present for number in range(low, high + 1)]


def _ready(namespace, interfaces):
    """Links are up, and IPv6 has noticed: only then it has a route for multicast, without which it does
    not hear neighbour solicitations; and it has joined the groups of all its addresses."""
    links = [link for link in json.loads(namespace.run(["ip", "-j", "link", "show"])) if link["ifname"] in interfaces]
    groups = json.loads(namespace.run(["ip", "-j", "-6", "route", "show", "table", "local", "type", "multicast"]))
    waiting = json.loads(namespace.run(["ip", "-j", "-6", "addr", "show", "tentative"]))
    return (all("LOWER_UP" in link["flags"] for link in links)
            and {group["dev"] for group in groups} >= set(interfaces)
            and not any(link.get("addr_info") for link in waiting))
