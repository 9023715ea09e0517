"""The fleets of the benchmarks: one prefix whose addresses all behave alike."""

import ipaddress
from dataclasses import dataclass

OPEN_PORT, CLOSED_PORT, SILENT_PORT = 80, 81, 82


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


def silent_task(prefix):
    """The task of the in-flight benchmark."""
    return Task(prefix, SILENT_PORT, "filtered")
