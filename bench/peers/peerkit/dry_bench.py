"""The dry benchmark: what one probe costs that is generated and not sent, in alternating rounds."""

import ipaddress
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass

from labkit.namespaces import Namespace

from . import dry_programs, quiet
from .measuring import LONGEST_RUN_S
from .ratios import Goal

WHOLE, TINY = "10.0.0.0/8", "10.0.0.0/16"  # the whole one is also probe_bench's ipv4_one_port
PROVED = "10.0.0.0/16"  # zmap's packets are looked at one by one here
SHIPPED_PROBES = 1_000_000  # of the dry run that prints: enough, and it is slow

SONDE, BATCHED, ZMAP, SHIPPED = "sonde", "sonde, with the engine's batch", "zmap, printing taken out", "zmap as it is, printing"
GOALS = [Goal(SONDE, ZMAP, 2.5), Goal(BATCHED, ZMAP, 2.5)]

STAGES = ("index", "target", "probe", "batched")  # of probe_bench, each with the one before in it
SAME_TASK = "ipv4_one_port"
TASKS = (SAME_TASK, "ipv4_hundred_ports", "ipv4_thousand_prefixes", "ipv6_one_port", "ipv6_hundred_ports")


@dataclass(frozen=True)
class Cost:
    """One measurement: CPU time of a probe."""

    ns: float | None
    fault: str
    disturbed: bool


@dataclass(frozen=True)
class DryResult:
    """The whole benchmark."""

    prefix: str
    rounds: list  # of dicts, program name or (stage, task) → Cost
    zmap_fault: str  # of the proof of its packets
    left_out: list  # reasons

    @property
    def size(self):
        """How many endpoints the compared task has."""
        return ipaddress.ip_network(self.prefix).num_addresses

    def costs(self, name):
        """Of one program or stage, in order."""
        return [done[name] for done in self.rounds if name in done]

    def is_right(self):
        """Whether all packets were what they should be."""
        return not self.zmap_fault and not any(cost.fault for done in self.rounds for cost in done.values())


def run(build, rounds, patience_s, tiny=False):
    """Runs all programs and returns the DryResult."""
    prefix, seconds = (TINY, 0.001) if tiny else (WHOLE, 0.5)
    left_out = [] if shutil.which("zmap") else ["zmap: it is not installed (scripts/setup bench)"]
    for reason in left_out:
        print(f"left out: {reason}", file=sys.stderr)
    patience = quiet.Patience(patience_s)
    with _nowhere() as namespace:
        zmap_fault = "" if left_out else _prove_zmap(namespace, build)
        done = [_round(namespace, build, prefix, seconds, patience, bool(left_out)) for _ in range(rounds)]
    return DryResult(prefix, done, zmap_fault, left_out)


@contextmanager
def _nowhere():
    """A network namespace with nothing but its own loopback: whatever is done there stays there."""
    namespace = Namespace(f"sonde-dryrun-{os.getpid()}")
    namespace.create()
    try:
        namespace.ip(["link set lo up"])
        yield namespace
    finally:
        namespace.delete()


def _round(namespace, build, prefix, seconds, patience, without_zmap):
    size = ipaddress.ip_network(prefix).num_addresses
    costs = _sonde(namespace, build, SAME_TASK, seconds, patience)
    done = {SONDE: costs["probe", SAME_TASK], BATCHED: costs["batched", SAME_TASK], **costs}
    if not without_zmap:
        done[ZMAP] = _zmap(namespace, build, prefix, size, patience)
        done[SHIPPED] = _zmap_as_shipped(namespace, prefix, min(SHIPPED_PROBES, size), patience)
    for task in TASKS[1:]:
        done |= _sonde(namespace, build, task, seconds, patience)
    for name in (SONDE, BATCHED, ZMAP, SHIPPED):
        if name in done:
            print(f"{name}: {done[name].fault or f'{done[name].ns:.1f} ns'}", file=sys.stderr)
    return done


def _sonde(namespace, build, task, seconds, patience):
    """probe_bench's costs of a task: (stage, task) → Cost."""
    done, _, disturbed = _quietly(namespace, dry_programs.probe_bench(build, f"/{task}$", seconds), patience)
    told = json.loads(done.stdout)["benchmarks"] if done.returncode == 0 else []
    costs = {tuple(one["name"].split("/")): Cost(one.get("cpu_time"), one.get("error_message", ""), disturbed) for one in told}
    return {(stage, task): costs.get((stage, task), Cost(None, _complaint(done), disturbed)) for stage in STAGES}


def _zmap(namespace, build, prefix, size, patience):
    done, _, disturbed = _quietly(namespace, dry_programs.zmap_timed(build, prefix, size), patience)
    told = json.loads(done.stdout or "{}") if done.returncode == 0 else {}
    fault = "" if told.get("probes") == size else _complaint(done)
    return Cost(told.get("ns_per_probe"), fault, disturbed)


def _zmap_as_shipped(namespace, prefix, probes, patience):
    """The CPU time of the whole process; its start is some 10 ns of a probe."""
    done, cpu_s, disturbed = _quietly(namespace, dry_programs.zmap_as_shipped(prefix, probes), patience, subprocess.DEVNULL)
    return Cost(1e9 * cpu_s / probes, "" if done.returncode == 0 else _complaint(done), disturbed)


def _prove_zmap(namespace, build):
    """What is wrong with zmap's packets; "" when each is valid, and all ask another address of the prefix."""
    network = ipaddress.ip_network(PROVED)
    size, first = network.num_addresses, int(network.network_address)
    done = _run(namespace, dry_programs.zmap_proved(build, PROVED, size), subprocess.PIPE)
    told = json.loads(done.stdout or "{}") if done.returncode == 0 else {}
    right = {"probes": size, "valid": size, "different": size, "first": first, "last": first + size - 1}
    return "" if told == right else f"{told or _complaint(done)}, where {right} would be right"


def _quietly(namespace, command, patience, out=subprocess.PIPE):
    """(what it did, CPU seconds, whether it was disturbed) of a run; again while there is patience."""
    while True:
        patience.wait_for_quiet()
        user_s, cpu_s, began = _books()
        done = _run(namespace, command, out)
        user_after_s, cpu_after_s, ended = _books()
        cpu_s, wall_s = cpu_after_s - cpu_s, ended - began
        foreign_s = user_after_s - user_s - cpu_s
        disturbed = foreign_s > quiet.FOREIGN_LIMIT * wall_s + quiet.BOOKS_NOISE_S
        if not disturbed or not patience.left:
            return done, cpu_s, disturbed
        patience.spend(wall_s)


def _books():
    """User time of all programs; CPU time of our ended children; now."""
    use = resource.getrusage(resource.RUSAGE_CHILDREN)
    return quiet.processor_times()[0], use.ru_utime + use.ru_stime, time.monotonic()


def _run(namespace, command, out):
    try:
        return subprocess.run(namespace.inside(command), stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.PIPE, text=True,
                              check=False, timeout=LONGEST_RUN_S)
    except subprocess.TimeoutExpired as late:
        return subprocess.CompletedProcess(command, -9, stdout="", stderr=f"not done after {late.timeout} s: ended")


def _complaint(done):
    return f"exit code {done.returncode}: {(done.stderr or '').strip()[-300:] or 'it told nothing'}"
