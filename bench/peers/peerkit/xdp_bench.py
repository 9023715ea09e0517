"""The benchmark of the in-kernel sweep: as many probes by all programs, and what sending them alone would take."""

import ipaddress
import json
import os
import sys
from dataclasses import dataclass, replace

from labkit import Lab
from labkit.namespaces import LabError

from . import fleet
from .quiet import Patience
from .ratios import Goal
from .syn_bench import run_task, trickle
from .syn_programs import SONDE_XDP, ZMAP, lineup

GOALS = [Goal(SONDE_XDP, ZMAP, 15)]
COMPETITORS = (SONDE_XDP, ZMAP)
SENDING_CORE = "0"  # where sonde's one sender is, too
LEAST_LEFT = 0.99  # of the frames of the limit: with fewer it is none


@dataclass(frozen=True)
class XdpResult:
    """The whole benchmark."""

    tasks: list  # the one SynTaskResult
    limits: list  # frames/s that one core sends when it does nothing else, before each round
    left_out: list  # reasons

    def sonde_is_right(self):
        """Whether every answer of sonde was the true set."""
        return not any(run.fault for run in self.tasks[0].runs(SONDE_XDP))


def run(build, prefix, rounds, patience_s, tiny=False):
    """Builds the fleet, runs all programs and returns the XdpResult."""
    task, limits, patience = fleet.wide_task(prefix), [], Patience(patience_s)

    def take_limit():
        patience.wait_for_quiet()
        limits.append(_send_only(lab, build, task.wide))
    with Lab(fleet.wide_truth_of(task), kind="reflector", build=build) as lab:
        competitors, left_out = lineup(build, lab, tiny)
        for reason in left_out:
            print(f"left out: {reason}", file=sys.stderr)
        competitors = [_plausible(competitor) for competitor in competitors if competitor.name in COMPETITORS]
        with trickle(lab):
            result = run_task(lab, task, competitors, rounds, patience, GOALS, before_round=take_limit)
    return XdpResult([result], limits, left_out)


def _plausible(competitor):
    """Without the settings that only differ in how far they are beyond what zmap can send."""
    settings = [program for program in competitor.settings if "2 sending" not in program.name]
    return replace(competitor, settings=settings)


def _send_only(lab, build, question):
    """Frames/s that leave one core: as many SYNs as the question has endpoints, to one of the silent."""
    station = json.loads(lab.fleet.run(["ip", "-j", "link", "show", "left"]))[0]["address"]
    program = os.path.join(build, "bench", "peers", "live_frames")
    silent = ipaddress.ip_network(question.prefixes[0])[0], question.ports[1]
    before = _sent(lab)
    said = lab.scanner.run(["taskset", "-c", SENDING_CORE, program, "left", station, "10.255.0.1", *map(str, silent), str(question.size)])
    left = _sent(lab) - before
    if left < LEAST_LEFT * question.size:
        raise LabError(f"only {left} of {question.size} frames left: this device does not take live frames so fast")
    return left / json.loads(said)["seconds"]


def _sent(lab):
    links = json.loads(lab.scanner.run(["ip", "-j", "-s", "link", "show", "left"]))
    return links[0]["stats64"]["tx"]["packets"]
