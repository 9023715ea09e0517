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

# How long they wait at the end for late answers: zmap's cooldown. masscan works off what
# it has received so far after that, and leaves out what it has not done by then: it gets longer.
WAIT_S, MASSCAN_WAIT_S = 1, 5
FLAT_OUT = 100_000_000  # zmap takes 0 for something else
SONDE = "sonde --engine syn"
SONDE_XDP = "sonde --engine xdp"
ZMAP, MASSCAN = "zmap", "masscan"


@dataclass(frozen=True)
class Competitor:
    """A program in one or more settings (each a Program)."""

    name: str
    settings: list
    wait_s: float  # at its end, in which it does nothing but wait
    ends_when_all_answered: bool = False  # without waiting


def lineup(build, lab, tiny):
    """(the competitors in the order of a round, reasons for those left out)."""
    gateway = json.loads(lab.fleet.run(["ip", "-j", "link", "show", "left"]))[0]["address"]
    competitors, left_out = [Competitor(SONDE, [_sonde(build, SONDE, PROVED)], 0),
                             Competitor(SONDE_XDP, [_sonde(build, SONDE_XDP, ONE_PASS)], WAIT_S, True)], []
    for name, make, settings, wait_s in ((ZMAP, _zmap, ZMAP_SETTINGS, WAIT_S), (MASSCAN, _masscan, MASSCAN_SETTINGS, MASSCAN_WAIT_S)):
        if shutil.which(name) is None:
            left_out.append(f"{name}: it is not installed")
        else:
            competitors.append(Competitor(name, [make(gateway, *setting) for setting in settings[:1 if tiny else None]], wait_s))
    return competitors, left_out


# What is asked of sonde. By raw sockets, as much as others have to find to count as complete, and a proof of it: the
# devices here drop frames without telling who sent them. Out of XDP nothing is lost on the way, and one pass is all,
# with as long a wait at its end as zmap has.
PROVED = ["--completeness", "99.99%", "--timeout", "300ms", "--retry-wait", "1ms"]
ONE_PASS = ["--retries", "0", "--timeout", f"{WAIT_S}s"]


def _sonde(build, name, settings):
    def command(task, path):
        return [os.path.join(build, "cli", "sonde"), "scan", *name.split()[1:], *task.wide.prefixes, "-p", _ports(task.wide),
                "--rate", "0", *settings, "--show", "open", "--quiet", "-o", path, "--format", "csv"]
    row = re.compile(r'^[^,]*,"?([0-9.]+)"?,"?(\d+)"?,', re.MULTILINE)
    return _program(name, command, lambda task, text: (task.wide, [(address, int(port)) for address, port in row.findall(text)]))


ZMAP_SETTINGS = [(FLAT_OUT, 1), (FLAT_OUT, 2), (200_000, 1), (160_000, 1), (130_000, 1), (100_000, 1), (80_000, 1), (60_000, 1)]


def _zmap(gateway, rate, threads):
    def command(task, path):
        return ["zmap", "-p", _ports(task.tall), "-r", str(rate), "-T", str(threads), "-c", str(WAIT_S), "-i", "left", "-G", gateway,
                "-b", "/dev/null", "--max-sendto-failures", str(FLAT_OUT), "-q", "-v", "0", "--disable-syslog", "-o", path,
                *task.tall.prefixes]
    row = re.compile(r"^([0-9.]+)$", re.MULTILINE)
    return _program(f"zmap, {_pace(rate)}, {threads} sending", command,
                    lambda task, text: (task.tall, [(address, task.tall.ports[0]) for address in row.findall(text)]))


MASSCAN_SETTINGS = [(FLAT_OUT,), (160_000,), (100_000,), (60_000,), (40_000,), (20_000,)]


def _masscan(gateway, rate):
    def command(task, path):
        return ["masscan", *task.wide.prefixes, "-p", _ports(task.wide), "--rate", str(rate), "--wait", str(MASSCAN_WAIT_S), "-e", "left",
                "--adapter-ip", "10.255.0.1", "--router-mac", gateway.replace(":", "-"), "-oL", path]
    row = re.compile(r"^open tcp (\d+) ([0-9.]+) ", re.MULTILINE)
    return _program(f"masscan, {_pace(rate)}", command,
                    lambda task, text: (task.wide, [(address, int(port)) for port, address in row.findall(text)]))


def _ports(question):
    first, last = question.ports
    return str(first) if first == last else f"{first}-{last}"


def _pace(rate):
    return "flat out" if rate == FLAT_OUT else f"{rate // 1000}k/s"


def _program(name, command, read):
    """read: (task, answer) → (the question that it was asked, the endpoints that it calls open)."""
    def fault(task, text):
        question, found = read(task, text)
        return answers.of_open(question, task.open_count, found)

    def share(task, text):
        question, found = read(task, text)
        return answers.open_share(question, task.open_count, found)
    return Program(name, False, command, fault, lambda _text: None, share=share)
