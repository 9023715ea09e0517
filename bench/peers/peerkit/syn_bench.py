"""The half-open benchmark: the same sweep of a million addresses by every program, in alternating rounds."""

import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass

from labkit import Lab

from . import fleet
from .measuring import measure_quietly
from .quiet import Patience
from .ratios import Goal
from .syn_programs import MASSCAN, SONDE, SONDE_XDP, ZMAP, lineup

GOALS = [Goal(SONDE, ZMAP, 1.5), Goal(SONDE, MASSCAN, 1.5)]

# What counts as complete of others, where even a slow run may lose a packet or two. sonde has to find all.
COMPLETE = 0.9999


@dataclass(frozen=True)
class Trial:
    """One run of one setting, before the rounds."""

    program: str  # with its setting
    share: float
    wall_s: float
    ended_well: bool

    @property
    def complete(self):
        """Whether it found (next to) everything, and ended well."""
        return self.ended_well and self.share >= COMPLETE


@dataclass(frozen=True)
class SynTaskResult:
    """All rounds of one task."""

    task: fleet.SynTask
    competitors: list
    settings: dict  # competitor's name → the Program that it took part as
    trials: list
    rounds: list  # of dicts, competitor's name → Run
    goals: list

    def runs(self, name):
        """The runs of one competitor, in order."""
        return [done[name] for done in self.rounds if name in done]


@dataclass(frozen=True)
class SynResult:
    """The whole benchmark."""

    tasks: list
    left_out: list  # reasons

    def sonde_is_right(self):
        """Whether every answer of sonde was the true set."""
        return not any(run.fault for task in self.tasks for ours in (SONDE, SONDE_XDP) for run in task.runs(ours))


def run(build, prefix, rounds, patience_s, tiny=False):
    """Builds the fleet, runs all programs and returns the SynResult."""
    patience = Patience(patience_s)
    with Lab(fleet.syn_truth_of(prefix), kind="reflector", build=build) as lab:
        competitors, left_out = lineup(build, lab, tiny)
        for reason in left_out:
            print(f"left out: {reason}", file=sys.stderr)
        with trickle(lab):
            results = [run_task(lab, task, competitors, rounds, patience, GOALS) for task in fleet.syn_tasks(prefix)]
    return SynResult(results, left_out)


@contextmanager
def trickle(lab):
    """Five pings a second: on a silent link masscan notices neither its last answers nor its end."""
    pings = subprocess.Popen(lab.fleet.inside(["ping", "-q", "-i", "0.2", "10.255.0.1"]), stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        pings.kill()
        pings.wait()


def run_task(lab, task, competitors, rounds, patience, goals, before_round=lambda: None):
    """Finds each competitor's best setting, then runs the rounds."""
    trials, settings, done = [], {}, []
    for competitor in competitors:
        settings[competitor.name] = _best(lab, task, competitor, patience, trials)
    for number in range(rounds):
        before_round()
        done.append({})
        for name, program in settings.items():
            done[-1][name] = measure_quietly(lab, program, task, patience)
            _tell(f"{task.state}, round {number + 1}: {program.name}", done[-1][name])
    return SynTaskResult(task, competitors, settings, trials, done, goals)


def _best(lab, task, competitor, patience, trials):
    """The fastest complete setting, which has shown it twice; without one, the one that found most."""
    if len(competitor.settings) == 1:
        return competitor.settings[0]
    tried = [(_try(lab, task, program, patience, trials), program) for program in competitor.settings]
    complete = sorted((entry for entry in tried if entry[0].complete), key=lambda entry: entry[0].wall_s)
    for _, program in complete:
        if _try(lab, task, program, patience, trials).complete:
            return program
    return max(tried, key=lambda entry: entry[0].share)[1]


def _try(lab, task, program, patience, trials):
    run_of = measure_quietly(lab, program, task, patience)
    _tell(f"{task.state}, trial: {program.name}", run_of)
    trials.append(Trial(program.name, run_of.share, run_of.wall_s, run_of.ended_well))
    return trials[-1]


def _tell(what, done):
    print(f"{what}: {done.wall_s:.2f} s, found {100 * done.share:.3f} %{f' ({done.fault})' if done.fault else ''}"
          f"{' (disturbed)' if done.disturbed else ''}", file=sys.stderr)
