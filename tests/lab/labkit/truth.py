"""A truth file: which fleet to build, and thereby what a scan of it must find."""

import json
import re
from dataclasses import dataclass, field

from .address import AddressError, is_v4, parse_hosts, parse_prefix, without
from .behaviour import NEEDS, VERDICTS, WHOLE_HOST, Behaviour
from .fields import TruthError, bytes_of, check_keys, delay_of, replies_of, share_of
from .layout import Layout
from .ports import ALL_PORTS, PortsError, parse_ports

LINKS = ("ethernet", "tun")


@dataclass(frozen=True)
class Subnet:
    """One prefix of the fleet and the scanner's interface that leads to it."""

    prefix: str
    interface: str
    on_link: bool
    link: str  # of LINKS: what kind of interface that is
    low: int
    high: int

    @property
    def v4(self):
        return is_v4(self.low)

    @property
    def scanner_address(self):
        """On-link only: the last usable address, which the scanner itself has."""
        return self.high - 1 if self.v4 else self.high

    @property
    def not_hosts(self):
        """On-link only: (low, high) ranges that no host of the fleet can have."""
        if not self.on_link:
            return []
        own = (self.scanner_address, self.high)  # IPv4: and the broadcast address
        return [(self.low, self.low), own]


@dataclass(frozen=True)
class Rule:
    """One entry of "rules": these hosts and ports behave so."""

    hosts: tuple  # of (low, high)
    ports: tuple  # of (low, high)
    behaviour: Behaviour


@dataclass(frozen=True)
class Truth:
    """A truth file, read and found consistent."""

    subnets: tuple
    default: Behaviour
    rules: tuple
    syn_loss: float
    answer_loss: float
    layout: Layout = field(repr=False)

    @staticmethod
    def load(path):
        """Reads a file; errors begin with its path."""
        try:
            with open(path, encoding="utf-8") as file:
                return Truth.parse(json.load(file))
        except (OSError, ValueError) as error:
            raise TruthError(f"{path}: {error}") from None

    @staticmethod
    def parse(document):
        """Builds a Truth from the JSON document."""
        check_keys(document, "", ("subnets", "default", "rules", "loss"), ("subnets",))
        subnets = tuple(_subnet(entry, f"subnets[{i}]") for i, entry in enumerate(document["subnets"]))
        _check_disjoint(subnets)
        _check_links(subnets)
        default = _default(document.get("default", "closed"))
        rules = tuple(_rule(entry, f"rules[{i}]", subnets) for i, entry in enumerate(document.get("rules", [])))
        loss = document.get("loss", {})
        check_keys(loss, "loss", ("syn", "syn_ack"), ())
        return Truth(subnets, default, rules, share_of(loss, "syn"), share_of(loss, "syn_ack"),
                     Layout.build([(s.low, s.high) for s in subnets], default, rules))

    def interfaces(self, *links):
        """The names of the interfaces of these kinds (default: of all), sorted."""
        return sorted({subnet.interface for subnet in self.subnets if subnet.link in (links or LINKS)})

    def behaviours(self):
        """Every behaviour that some endpoint really has."""
        return {behaviour for block in self.layout.blocks for _, _, behaviour in block.ports}

    def absent(self):
        """The ranges of hosts that are not there at all."""
        return [(block.low, block.high) for block in self.layout.blocks
                if any(behaviour.word == "absent" for _, _, behaviour in block.ports)]

    def hosts(self):
        """The fleet's addresses as sorted disjoint (low, high) ranges."""
        whole = sorted((subnet.low, subnet.high) for subnet in self.subnets)
        return without(whole, [hole for subnet in self.subnets for hole in subnet.not_hosts])


def _subnet(entry, place):
    check_keys(entry, place, ("prefix", "interface", "on_link", "link"), ("prefix", "interface"))
    name = entry["interface"]
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,13}", str(name)) or name == "lo" or name.startswith("delay"):
        raise TruthError(f'{place}.interface: "{name}": expected a short name of small letters and digits, '
                         'not "lo" and not beginning with "delay"')
    try:
        low, high = parse_prefix(entry["prefix"])
    except AddressError as error:
        raise TruthError(f"{place}.prefix: {error}") from None
    if entry.get("on_link", False) and high - low < 3:
        raise TruthError(f"{place}.prefix: an on-link prefix needs at least four addresses")
    link = entry.get("link", "ethernet")
    if link not in LINKS:
        raise TruthError(f'{place}.link: "{link}": expected one of {", ".join(LINKS)}')
    if link == "tun" and entry.get("on_link", False):
        raise TruthError(f"{place}: a tun link has no neighbours: it cannot be on_link")
    return Subnet(entry["prefix"], name, bool(entry.get("on_link", False)), link, low, high)


def _check_disjoint(subnets):
    ordered = sorted(subnets, key=lambda subnet: subnet.low)
    for one, next_one in zip(ordered, ordered[1:]):
        if next_one.low <= one.high:
            raise TruthError(f"subnets: {one.prefix} and {next_one.prefix} overlap")


def _check_links(subnets):
    links = {}
    for subnet in subnets:
        if links.setdefault(subnet.interface, subnet.link) != subnet.link:
            raise TruthError(f"subnets: {subnet.interface} is given two kinds of link")


def _word(word, place):
    if word not in VERDICTS:
        raise TruthError(f'{place}: "{word}": expected one of {", ".join(VERDICTS)}')
    return word


def _default(word):
    if _word(word, "default") in NEEDS or word in (*WHOLE_HOST, "proto-unreach"):
        raise TruthError(f'default: "{word}" can only stand in a rule')
    return Behaviour(word)


def _rule(entry, place, subnets):
    check_keys(entry, place, ("hosts", "ports", "is", "banner", "replies", "delay_ms"), ("hosts", "ports", "is"))
    behaviour = _behaviour(entry, place)
    hosts = tuple(_host_range(text, f"{place}.hosts[{i}]", behaviour, subnets)
                  for i, text in enumerate(entry["hosts"]))
    try:
        ports = parse_ports(entry["ports"])
    except PortsError as error:
        raise TruthError(f"{place}.ports: {error}") from None
    if behaviour.word in WHOLE_HOST and ports != ALL_PORTS:
        raise TruthError(f'{place}.ports: a host is {behaviour.word} on all ports: expected "*"')
    return Rule(hosts, ports, behaviour)


def _host_range(text, place, behaviour, subnets):
    try:
        low, high = parse_hosts(text)
    except AddressError as error:
        raise TruthError(f"{place}: {error}") from None
    home = next((subnet for subnet in subnets if subnet.low <= low and high <= subnet.high), None)
    if home is None:
        raise TruthError(f'{place}: "{text}" lies in none of the subnets')
    if behaviour.word == "proto-unreach" and not home.v4:
        raise TruthError(f'{place}: "{text}": proto-unreach exists in IPv4 only')
    if behaviour.word == "absent" and not home.on_link:
        raise TruthError(f'{place}: "{text}": only a host of an on_link subnet can be absent')
    return low, high


def _behaviour(entry, place):
    word = _word(entry["is"], f"{place}.is")
    for needy, key in NEEDS.items():
        if (key in entry) != (needy == word):
            raise TruthError(f'{place}: "{key}" and "is": "{needy}" belong together')
    if word == "banner":
        return Behaviour(word, banner=bytes_of(entry["banner"], f"{place}.banner"))
    if word == "reply":
        return Behaviour(word, replies=replies_of(entry["replies"], f"{place}.replies"))
    if word == "slow":
        return Behaviour(word, delay_ms=delay_of(entry["delay_ms"], f"{place}.delay_ms"))
    return Behaviour(word)
