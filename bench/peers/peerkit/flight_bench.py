"""The in-flight benchmark: how many connects stand open against a silent fleet, and what they cost."""

import os
import resource
import subprocess
import tempfile
import time
from dataclasses import dataclass

from labkit import Lab

from . import answers, fleet

SYN_SENT = "02"  # in /proc/net/tcp
LOOK_S = 0.02
MEMORY_LIMIT_BYTES = 64 << 20
LONGEST_RUN_S = 60  # a run that lasts longer than that has failed


@dataclass(frozen=True)
class FlightResult:
    """What was seen from outside, while one run of sonde lasted."""

    wanted: int
    peak_in_flight: int  # most sockets in SYN-SENT, counted one by one
    peak_memory_bytes: int
    wall_s: float
    user_s: float
    system_s: float
    fault: str

    @property
    def reached(self):
        """Whether the goal is: all in flight, little memory, the right answer."""
        return not self.fault and self.peak_in_flight >= self.wanted and self.peak_memory_bytes < MEMORY_LIMIT_BYTES


def run(build, prefix, wanted, threads):
    """Builds the fleet, watches one run and returns the FlightResult."""
    task = fleet.silent_task(prefix)
    with Lab(fleet.truth_of(prefix), build=build) as lab, tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "answer")
        return _watch(lab, task, _command(build, task, wanted, threads, path), wanted, path)


def _command(build, task, wanted, threads, path):
    return [os.path.join(build, "cli", "sonde"), "scan", "--engine", "connect", task.prefix, "-p", str(task.port), "--rate", "0",
            "--threads", str(threads), "--concurrency", str(wanted), "--timeout", "5s", "--retries", "0",
            "--show", "all", "--quiet", "-o", path, "--format", "jsonl"]


def _watch(lab, task, command, wanted, path):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.monotonic()
    with lab.popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        in_flight, memory = _peaks(process, wanted, began)
        complaint = process.stderr.read().decode(errors="replace").strip()
    wall_s = time.monotonic() - began
    use = resource.getrusage(resource.RUSAGE_CHILDREN)
    return FlightResult(wanted, in_flight, memory, wall_s, use.ru_utime - before.ru_utime,
                        use.ru_stime - before.ru_stime, _fault(task, process.returncode, complaint, path))


def _peaks(process, wanted, began):
    """(most connects in flight, most memory in bytes) until the process ends."""
    peak, memory = 0, 0
    while process.poll() is None:
        if time.monotonic() - began > LONGEST_RUN_S:
            process.kill()
        try:
            memory = max(memory, _high_water_bytes(process.pid))
            # The kernel's gauge is cheap; where it says that it is worth it, they are counted.
            if peak < wanted and _sockets(process.pid) > peak:
                peak = max(peak, _connects_in_flight(process.pid))
        except (FileNotFoundError, ProcessLookupError):
            break  # it has just ended
        time.sleep(LOOK_S)
    process.wait()
    return peak, memory


def _high_water_bytes(pid):
    """VmHWM of the program; not of what the process was before it became sonde."""
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        fields = dict(line.split(":", 1) for line in file if ":" in line)
    if fields["Name"].strip() != "sonde" or "VmHWM" not in fields:
        return 0
    return int(fields["VmHWM"].split()[0]) * 1024


def _sockets(pid):
    """TCP sockets of the process's network namespace that have a peer."""
    with open(f"/proc/{pid}/net/sockstat", encoding="ascii") as file:
        words = next(line.split() for line in file if line.startswith("TCP:"))
    return int(words[words.index("inuse") + 1])


def _connects_in_flight(pid):
    with open(f"/proc/{pid}/net/tcp", encoding="ascii") as file:
        return sum(line.split()[3] == SYN_SENT for line in file)


def _fault(task, code, complaint, path):
    if code != 0:
        return f"exit code {code}: {complaint[-300:]}"
    with open(path, encoding="utf-8") as file:
        return answers.of_json_lines(task, file.read())
