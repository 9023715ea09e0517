"""The connect benchmark: the same sweep by every program, in alternating rounds."""

import sys
from dataclasses import dataclass

from labkit import Lab

from . import fleet
from .measuring import measure_quietly
from .programs import lineup
from .quiet import Patience
from .ratios import Goal

GOALS = [
    Goal("sonde, one core", "bare epoll loop, one core", 1.0),
    Goal("sonde, one core, epoll", "bare epoll loop, one core", 1.0),
    Goal("sonde, one core", "nmap -sT", 2.0),
    Goal("sonde, two cores", "nmap -sT", 3.5),
]


@dataclass(frozen=True)
class TaskResult:
    """All rounds of one task."""

    task: fleet.Task
    programs: list
    rounds: list  # of dicts, program name → Run

    def runs(self, name):
        """The runs of one program, in order."""
        return [done[name] for done in self.rounds if name in done]

    def sonde_is_right(self):
        """Whether it was for this task."""
        return not any(run.fault for done in self.rounds for name, run in done.items() if name.startswith("sonde"))


@dataclass(frozen=True)
class ConnectResult:
    """The whole benchmark."""

    tasks: list
    left_out: list  # reasons

    def sonde_is_right(self):
        """Whether every answer of sonde was the true set."""
        return all(task.sonde_is_right() for task in self.tasks)


def run(build, prefix, rounds, patience_s):
    """Builds the fleet, runs all programs and returns the ConnectResult."""
    programs, left_out = lineup(build)
    for reason in left_out:
        print(f"left out: {reason}", file=sys.stderr)
    patience = Patience(patience_s)
    with Lab(fleet.truth_of(prefix), build=build) as lab:
        results = [_run_task(lab, task, programs, rounds, patience) for task in fleet.connect_tasks(prefix)]
    return ConnectResult(results, left_out)


def _run_task(lab, task, programs, rounds, patience):
    done = []
    for number in range(rounds):
        done.append({})
        for program in programs:
            result = measure_quietly(lab, program, task, patience)
            done[-1][program.name] = result
            _tell(task, number, program, result)
    return TaskResult(task, programs, done)


def _tell(task, number, program, result):
    print(f"{task.state}, round {number + 1}: {program.name}: "
          f"{result.fault or f'{result.wall_s:.2f} s'}{' (disturbed)' if result.disturbed else ''}", file=sys.stderr)
