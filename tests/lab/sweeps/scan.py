"""Runs sonde in a lab and holds what it found against the truth."""

import json
import os
import tempfile

from labkit.comparison import compare
from labkit.lab import default_build
from labkit.ports import parse_ports
from labkit.selection import Selection

SONDE = os.path.join(default_build(), "cli", "sonde")
PATIENCE_S = 240  # no scan of these tests may take longer

# CI and everyday runs repeat less often than a release check does.
RUNS = int(os.environ.get("SONDE_LAB_RUNS", "2"))

# Builds that are slow ask for a small scale.
SMALL = os.environ.get("SONDE_LAB_SCALE") == "small"


class Scan:
    """One finished scan: exit code, endpoint records, summary, standard error."""

    def __init__(self, done, lines):
        self.exit_code, self.stderr = done.returncode, done.stderr
        self.lines = lines
        records = [json.loads(line) for line in lines]
        self.endpoints = [record for record in records if record["type"] == "endpoint"]
        self.summary = records[-1] if records and records[-1]["type"] == "summary" else None

    def at(self, address, port):
        """The record of an endpoint."""
        found = [r for r in self.endpoints if (r["addr"], r["port"]) == (address, port)]
        assert len(found) == 1, f"{address}:{port} was reported {len(found)} times"
        return found[0]


def scan(lab, *arguments, engine="connect", show="all", wrapper=(), timeout_s=PATIENCE_S):
    """Runs `sonde scan ARGUMENTS --show SHOW` in the lab; a wrapper's words go before it."""
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "found.jsonl")
        done = lab.exec([*wrapper, SONDE, "scan", "--engine", engine, "--quiet", "--show", show, "-o", out, *arguments],
                        capture_output=True, text=True, timeout=timeout_s)
        lines = []
        if os.path.exists(out):
            with open(out, encoding="utf-8") as file:
                lines = file.read().splitlines()
    return Scan(done, lines)


def differences(lab, ports, hosts, lines):
    """What a report has wrong, as a text for people; empty when it is the truth."""
    selection = Selection(lab.truth, hosts, parse_ports(ports))
    result = compare(lab.truth, selection, lines)
    if result.equal:
        return ""
    text = [f"expected {result.expected}, matched {result.matched}"]
    for finding in (result.missing, result.surplus, result.different):
        text += [f"{finding.title}: {finding.count}", *finding.first[:5]]
    return "\n".join(text)


def low_descriptor_limit(count):
    """A wrapper under which a process has at most `count` descriptors."""
    return ["/bin/sh", "-c", f'ulimit -n {count}; exec "$@"', "limited"]


def without_raw_sockets():
    """A wrapper under which a process has no CAP_NET_RAW and cannot get it."""
    return ["setpriv", "--bounding-set=-net_raw", "--inh-caps=-net_raw"]


def without_io_uring():
    """A wrapper under which io_uring is forbidden, as in a container."""
    return ["/usr/bin/python3", "-B", os.path.join(os.path.dirname(os.path.abspath(__file__)), "no_io_uring.py")]
