"""What the command lines of the benchmarks have in common."""

import argparse
import os
import signal
import sys

from checks.needs import need_lab
from labkit.lab import default_build

WHOLE, TINY = "10.71.0.0/16", "10.71.0.0/26"
WIDE_WHOLE, WIDE_TINY = "10.0.0.0/16", "10.0.0.0/26"  # of the in-kernel sweep: with a hundred ports each
SYN_WHOLE, SYN_TINY = "10.64.0.0/12", "10.64.0.0/24"  # of the half-open sweeps: a million addresses

# What has to be built, seen from the lab's build directory.
LAB_PROGRAMS = ("fleet_services", "reflector", "../../cli/sonde", "../../bench/peers/epoll_loop")
XDP_PROGRAMS = ("../../bench/peers/live_frames",)
DRY_PROGRAMS = ("../../bench/probe_bench", "../../bench/peers/zmap_dryrun.so")


def parser(description):
    """The options that every benchmark has."""
    options = argparse.ArgumentParser(description=description)
    options.add_argument("--build", default=default_build(), help="build directory (SONDE_BUILD, or build/release)")
    options.add_argument("--tiny", action="store_true", help="64 endpoints, once: does the benchmark work at all?")
    return options


def add_rounds(options):
    """The options of benchmarks with rounds."""
    options.add_argument("--rounds", type=int, default=5, help="how many times each program runs [5]")
    options.add_argument("--patience", type=float, default=600, metavar="SECONDS",
                         help="how long to wait, all in all, for other programs to leave the machine quiet [600]")


def prepare(options, programs=LAB_PROGRAMS):
    """Leaves, with exit code 77, where no lab is possible or a program not built; sees that a lab always comes down."""
    options.build = os.path.abspath(options.build)
    os.environ["SONDE_BUILD"] = options.build
    need_lab(*programs)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    if options.tiny:
        options.rounds, options.patience = 1, 0


def prefix(options):
    """The fleet's prefix."""
    return TINY if options.tiny else WHOLE


def syn_prefix(options):
    """The fleet's prefix of the half-open sweeps."""
    return SYN_TINY if options.tiny else SYN_WHOLE


def wide_prefix(options):
    """The fleet's prefix of the in-kernel sweep."""
    return WIDE_TINY if options.tiny else WIDE_WHOLE


def _leave(number, _frame):
    signal.signal(number, signal.SIG_IGN)
    sys.exit(128 + number)
