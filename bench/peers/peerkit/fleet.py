"""The fleets of the benchmarks: one prefix whose addresses all behave alike."""

import ipaddress
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
class SynTask(Task):
    """What the half-open sweeps are asked: the open ones among all addresses."""

    shares: tuple  # (state, share of the addresses), one after the other

    def open_count(self):
        """How many are open; they come first in the prefix."""
        return round(self.size * dict(self.shares)["open"])


def syn_tasks(prefix):
    """The two tasks of the half-open benchmark."""
    return [SynTask(prefix, OPEN_PORT, "open", (("open", 1),)),
            SynTask(prefix, MIXED_PORT, "mixed", (("open", 0.25), ("closed", 0.5), ("silent", 0.25)))]


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


def silent_task(prefix):
    """The task of the in-flight benchmark."""
    return Task(prefix, SILENT_PORT, "filtered")
