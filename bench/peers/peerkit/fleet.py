"""The fleets of the benchmarks: one prefix whose addresses all behave alike."""

import ipaddress
import socket
from dataclasses import dataclass

OPEN_PORT, CLOSED_PORT, SILENT_PORT, MIXED_PORT = 80, 81, 82, 443


@dataclass(frozen=True)
class Task:
    """What every program is asked: this port of every address. All are in the same state."""

    prefix: str
    port: int
    state: str

    @property
    def size(self):
        """How many endpoints."""
        return ipaddress.ip_network(self.prefix).num_addresses

    def addresses(self):
        """Every address, as text."""
        return (str(address) for address in ipaddress.ip_network(self.prefix))


def truth_of(prefix):
    """The truth file (for the lab) of a fleet that serves all tasks."""
    return {
        "subnets": [{"prefix": prefix, "interface": "left"}],
        "default": "closed",
        "rules": [
            {"hosts": [prefix], "ports": str(OPEN_PORT), "is": "open"},
            {"hosts": [prefix], "ports": str(SILENT_PORT), "is": "silent"},
        ],
    }


def connect_tasks(prefix):
    """The two tasks of the connect benchmark."""
    return [Task(prefix, OPEN_PORT, "open"), Task(prefix, CLOSED_PORT, "closed")]


@dataclass(frozen=True)
class Question:
    """Endpoints in order: port after port, of each all addresses of the prefixes, which follow one another."""

    prefixes: tuple
    ports: tuple  # first, last

    @property
    def addresses(self):
        """How many."""
        return sum(ipaddress.ip_network(prefix).num_addresses for prefix in self.prefixes)

    @property
    def size(self):
        """How many endpoints."""
        return self.addresses * (self.ports[1] - self.ports[0] + 1)

    def numbers(self, found):
        """The place of each (address as text, port) in the order; -1 of those that are not in it."""
        first, count = int(ipaddress.ip_network(self.prefixes[0]).network_address), self.addresses
        for address, port in found:
            offset = int.from_bytes(socket.inet_aton(address), "big") - first
            asked = 0 <= offset < count and self.ports[0] <= port <= self.ports[1]
            yield (port - self.ports[0]) * count + offset if asked else -1


@dataclass(frozen=True)
class SynTask:
    """What the half-open sweeps are asked: the open ones among equally many endpoints, which are the first of them."""

    state: str
    shares: tuple  # (state, share of the endpoints), one after the other
    tall: Question  # for scanners of one port
    wide: Question  # for scanners of many

    @property
    def size(self):
        """How many endpoints."""
        return self.tall.size

    @property
    def open_count(self):
        """How many are open."""
        return round(self.size * dict(self.shares)["open"])

    @property
    def has_silent(self):
        """Whether there are endpoints of which nothing will ever be heard."""
        return "silent" in dict(self.shares)


MIXED_SHARES = (("open", 0.25), ("closed", 0.5), ("silent", 0.25))


def syn_tasks(prefix):
    """The two tasks of the half-open benchmark."""
    def task(state, shares, port):
        return SynTask(state, shares, *[Question((prefix,), (port, port))] * 2)
    return [task("open", (("open", 1),), OPEN_PORT), task("mixed", MIXED_SHARES, MIXED_PORT)]


def syn_truth_of(prefix):
    """The truth file of a fleet that serves both."""
    network = ipaddress.ip_network(prefix)
    quarters = [str(quarter) for quarter in network.subnets(prefixlen_diff=2)]
    return {
        "subnets": [{"prefix": prefix, "interface": "left"}],
        "default": "closed",
        "rules": [
            {"hosts": [prefix], "ports": str(OPEN_PORT), "is": "open"},
            {"hosts": quarters[:1], "ports": str(MIXED_PORT), "is": "open"},
            {"hosts": quarters[3:], "ports": str(MIXED_PORT), "is": "silent"},
        ],
    }


WIDE_PORTS = (1, 100)


def wide_task(prefix):
    """A hundred ports of a prefix; for scanners of one port as many addresses, the prefix and those behind it."""
    first, each = ipaddress.ip_network(prefix)[0], ipaddress.ip_network(prefix).num_addresses
    count = WIDE_PORTS[1] - WIDE_PORTS[0] + 1
    tall = _prefixes(first, each * count)
    return SynTask("wide", MIXED_SHARES, Question(tall, (MIXED_PORT, MIXED_PORT)), Question((prefix,), WIDE_PORTS))


def wide_truth_of(task):
    """The truth file of a fleet that serves it."""
    first, quarter = ipaddress.ip_network(task.tall.prefixes[0])[0], task.size // 4
    ports = task.wide.ports[1] // 4
    return {
        "subnets": [{"prefix": prefix, "interface": "left"} for prefix in task.tall.prefixes],
        "default": "closed",
        "rules": [
            {"hosts": list(_prefixes(first, quarter)), "ports": str(MIXED_PORT), "is": "open"},
            {"hosts": list(_prefixes(first + 3 * quarter, quarter)), "ports": str(MIXED_PORT), "is": "silent"},
            {"hosts": list(task.wide.prefixes), "ports": f"1-{ports}", "is": "open"},
            {"hosts": list(task.wide.prefixes), "ports": f"{3 * ports + 1}-{4 * ports}", "is": "silent"},
        ],
    }


def _prefixes(first, count):
    """So many addresses, in as few prefixes as it takes."""
    return tuple(str(network) for network in ipaddress.summarize_address_range(first, first + (count - 1)))


def silent_task(prefix):
    """The task of the in-flight benchmark."""
    return Task(prefix, SILENT_PORT, "filtered")
