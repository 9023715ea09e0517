"""Runs one program in a lab, proves its answer and takes its time."""

import os
import resource
import subprocess
import tempfile
import time
from dataclasses import dataclass

from . import quiet

LONGEST_RUN_S = 300  # a program that takes longer has failed


@dataclass(frozen=True)
class Run:
    """One run. Wall time is the whole process, from its start to its end."""

    wall_s: float
    user_s: float
    system_s: float
    fleet_s: float  # CPU of the fleet's accepting program; its kernel's work is in system_s
    foreign_s: float  # user time of programs that are neither the competitor nor the fleet
    own_s: float | None
    fault: str
    share: float | None = None  # of the true set, that was found
    ended_well: bool = True  # by itself, in time, with exit code 0

    @property
    def disturbed(self):
        """Whether other programs took a noticeable share of a core; the books are kept in ticks."""
        return self.foreign_s > quiet.FOREIGN_LIMIT * self.wall_s + quiet.BOOKS_NOISE_S


def measure_quietly(lab, program, task, patience):
    """A run that was not disturbed, as long as there is patience; the last one otherwise."""
    while True:
        patience.wait_for_quiet()
        run = measure(lab, program, task)
        if not run.disturbed or not patience.left:
            return run
        patience.spend(run.wall_s)


def measure(lab, program, task):
    """Runs the program once."""
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "answer")
        command = lab.scanner.inside(program.argv(task, path))
        fleet = lab.fleet.processes()
        before = _books(fleet)
        began = time.monotonic()
        with open(path if program.stdout_is_answer else os.devnull, "wb") as out:
            done = _run(command, out)
        wall_s = time.monotonic() - began
        user_s, system_s, fleet_s, foreign_s = (after - past for after, past in zip(_books(fleet), before))
        answer = _read(path)
    fault = _fault(program, task, done, answer)
    return Run(wall_s, user_s, system_s, fleet_s, max(foreign_s - user_s, 0.0),
               None if fault else program.own_clock(answer), fault, program.share(task, answer),
               done.returncode == 0)


def _run(command, out):
    try:
        return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.PIPE, check=False,
                              timeout=LONGEST_RUN_S)
    except subprocess.TimeoutExpired as late:
        return subprocess.CompletedProcess(command, -9, stderr=b"not done after %d s: ended" % late.timeout)


def _books(fleet):
    """User and system time of ended children; CPU of the fleet's programs; user time of all others."""
    use = resource.getrusage(resource.RUSAGE_CHILDREN)
    user_s, _, _ = quiet.processor_times()
    fleet_user_s, fleet_system_s = _times_of(fleet)
    return use.ru_utime, use.ru_stime, fleet_user_s + fleet_system_s, user_s - fleet_user_s


def _times_of(pids):
    """(user, system) seconds of some living processes."""
    times = []
    for pid in pids:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            times.append([int(ticks) / quiet.TICKS_PER_S for ticks in file.read().rpartition(")")[2].split()[11:13]])
    return [sum(column) for column in zip(*times)]


def _read(path):
    if not os.path.exists(path):
        return ""
    with open(path, encoding="utf-8") as file:
        return file.read()


def _fault(program, task, done, answer):
    if done.returncode != 0:
        words = done.stderr.decode(errors="replace").strip()
        return f"exit code {done.returncode}: {words[-300:]}"
    return program.fault(task, answer)
