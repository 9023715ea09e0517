"""The half-open scanners that are compared, and how each is asked.

How fast they may send depends on the machine, so zmap and masscan get several
settings; the benchmark tries them all and keeps the fastest complete one.
"""

import json
import os
import re
import shutil
from dataclasses import dataclass

from . import answers
from .programs import Program

# How long they wait at the end for late answers: zmap's cooldown, sonde's time-out. masscan works off what
# it has received so far after that, and leaves out what it has not done by then: it gets longer.
WAIT_S, MASSCAN_WAIT_S = 1, 5
FLAT_OUT = 100_000_000  # zmap takes 0 for something else
SONDE = "sonde --engine syn"
SONDE_XDP = "sonde --engine xdp"


@dataclass(frozen=True)
class Competitor:
    """A program in one or more settings (each a Program)."""

    name: str
    settings: list
    wait_s: float  # at its end, in which it does nothing but wait


def lineup(build, lab, tiny):
    """(the competitors in the order of a round, reasons for those left out)."""
    gateway = json.loads(lab.fleet.run(["ip", "-j", "link", "show", "left"]))[0]["address"]
    competitors, left_out = [Competitor(name, [_sonde(build, name)], WAIT_S) for name in (SONDE, SONDE_XDP)], []
    for name, make, settings, wait_s in (("zmap", _zmap, ZMAP_SETTINGS, WAIT_S), ("masscan", _masscan, MASSCAN_SETTINGS, MASSCAN_WAIT_S)):
        if shutil.which(name) is None:
            left_out.append(f"{name}: it is not installed")
        else:
            competitors.append(Competitor(name, [make(gateway, *setting) for setting in settings[:1 if tiny else None]], wait_s))
    return competitors, left_out


def _sonde(build, name):
    def command(task, path):
        return [os.path.join(build, "cli", "sonde"), "scan", *name.split()[1:], task.prefix, "-p", str(task.port), "--rate", "0",
                "--timeout", f"{WAIT_S}s", "--retries", "0", "--show", "open", "--quiet", "-o", path, "--format", "csv"]
    return _program(name, command, re.compile(r'^[^,]*,"?([0-9.]+)"?,', re.MULTILINE))


ZMAP_SETTINGS = [(FLAT_OUT, 1), (FLAT_OUT, 2), (200_000, 1), (160_000, 1), (130_000, 1), (100_000, 1), (80_000, 1), (60_000, 1)]


def _zmap(gateway, rate, threads):
    def command(task, path):
        return ["zmap", "-p", str(task.port), "-r", str(rate), "-T", str(threads), "-c", str(WAIT_S), "-i", "left", "-G", gateway,
                "-b", "/dev/null", "--max-sendto-failures", str(FLAT_OUT), "-q", "-v", "0", "--disable-syslog", "-o", path, task.prefix]
    return _program(f"zmap, {_pace(rate)}, {threads} sending", command, re.compile(r"^([0-9.]+)$", re.MULTILINE))


MASSCAN_SETTINGS = [(FLAT_OUT,), (160_000,), (100_000,), (60_000,), (40_000,), (20_000,)]


def _masscan(gateway, rate):
    def command(task, path):
        return ["masscan", task.prefix, "-p", str(task.port), "--rate", str(rate), "--wait", str(MASSCAN_WAIT_S), "-e", "left",
                "--adapter-ip", "10.255.0.1", "--router-mac", gateway.replace(":", "-"), "-oL", path]
    return _program(f"masscan, {_pace(rate)}", command, re.compile(r"^open tcp \d+ ([0-9.]+) ", re.MULTILINE))


def _pace(rate):
    return "flat out" if rate == FLAT_OUT else f"{rate // 1000}k/s"


def _program(name, command, found):
    return Program(name, False, command, lambda task, text: answers.of_open(task, found.findall(text)), lambda _text: None,
                   share=lambda task, text: answers.open_share(task, found.findall(text)))
