"""Who generates probes, and how each is asked: sonde's own benchmark, and zmap's dry run."""

import os

from .programs import CORE

ZMAP = ["taskset", "-c", str(CORE), "zmap", "-p", "80", "--dryrun", "-r", "0", "-T", "1", "-c", "0", "-i", "lo",
             "-S", "127.0.0.1", "-G", "02:00:00:00:00:01", "--source-mac", "02:00:00:00:00:02", "-b", "/dev/null",
             "-C", "/dev/null", "-q", "-v", "0", "--disable-syslog", "-o", "/dev/null"]


def probe_bench(build, names, seconds):
    """sonde's: the benchmarks whose names match, each for so long; one JSON object."""
    return ["taskset", "-c", str(CORE), os.path.join(build, "bench", "probe_bench"), f"--benchmark_filter={names}",
            f"--benchmark_min_time={seconds}", "--benchmark_format=json"]


def zmap_as_shipped(prefix, probes):
    """zmap's dry run: every packet becomes four lines of text."""
    return [*ZMAP, "-n", str(probes), prefix]


def zmap_timed(build, prefix, probes):
    """The same without the printing; the time as one JSON object."""
    return _preloaded(build, [f"DRYRUN_PROBES={probes}"], zmap_as_shipped(prefix, probes))


def zmap_proved(build, prefix, probes):
    """The same; instead of the time it tells what the packets are."""
    return _preloaded(build, [f"DRYRUN_PROBES={probes}", "DRYRUN_PROVE=1"], zmap_as_shipped(prefix, probes))


def _preloaded(build, settings, command):
    # taskset comes first: only zmap itself gets the library.
    pinned, zmap = command[:3], command[3:]
    library = os.path.join(build, "bench", "peers", "zmap_dryrun.so")
    return [*pinned, "env", f"LD_PRELOAD={library}", *settings, *zmap]
