"""The programs that are compared, and how each is asked."""

import json
import os
import shutil
from dataclasses import dataclass
from typing import Callable

from . import answers

# Where the pinned programs run. Packets of a veth are handled on the core that
# sends them, so this core also does the work of the fleet's TCP for them.
CORE = 1

# Each at its best; README.md has what was tried.
NMAP_CONDUCT = ["-T5", "--max-retries", "0"]
LOOP_IN_FLIGHT = 64


@dataclass(frozen=True)
class Program:
    """One competitor. Its answer is what it writes to the answer file."""

    name: str
    pinned: bool
    command: Callable      # (task, answer path) → argv
    fault: Callable        # (task, answer) → what is wrong with the answer
    own_clock: Callable    # answer → seconds by the program's own clock, or None
    stdout_is_answer: bool = False
    share: Callable = lambda _task, _text: None  # (task, answer) → share of the true set that was found; None: not counted

    def argv(self, task, answer_path):
        """The command line, with the core it is bound to."""
        command = self.command(task, answer_path)
        return ["taskset", "-c", str(CORE), *command] if self.pinned else command


def lineup(build):
    """(the programs in the order of a round, reasons for those left out)."""
    programs = [
        _sonde(build, "sonde, one core", True, ["--threads", "1", "--io", "io_uring"]),
        _loop(build),
        _sonde(build, "sonde, one core, epoll", True, ["--threads", "1", "--io", "epoll"]),
        _sonde(build, "sonde, two cores", False, ["--threads", "2", "--io", "io_uring"]),
    ]
    if shutil.which("nmap") is None:
        return programs, ["nmap -sT: nmap is not installed"]
    return [*programs, _nmap()], []


def _sonde(build, name, pinned, conduct):
    def command(task, path):
        return [os.path.join(build, "cli", "sonde"), "scan", "--engine", "connect", task.prefix, "-p", str(task.port), "--rate", "0",
                *conduct, "--show", "all", "--quiet", "-o", path, "--format", "jsonl"]
    return Program(name, pinned, command, answers.of_json_lines,
                   lambda text: json.loads(text.splitlines()[-1]).get("elapsed_s"))


def _loop(build):
    def command(task, _path):
        return [os.path.join(build, "bench", "peers", "epoll_loop"), task.prefix, str(task.port), str(LOOP_IN_FLIGHT)]
    return Program("bare epoll loop, one core", True, command, answers.of_loop,
                   lambda text: json.loads(text)["seconds"], stdout_is_answer=True)


def _nmap():
    def command(task, path):
        return ["nmap", "-sT", "-n", "-Pn", *NMAP_CONDUCT, "-p", str(task.port), "-oG", path, task.prefix]
    return Program("nmap -sT", False, command, answers.of_greppable, lambda _text: None)
