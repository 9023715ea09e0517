"""Network namespaces: made, used and removed through `ip`."""

import os
import signal
import subprocess
import time

PREFIX = "sonde-lab-"
PATIENCE_S = 5


class LabError(RuntimeError):
    """The lab cannot be built or used; the text names cause and remedy."""


def run(argv, text_input=None):
    """Runs a tool to its end and returns its output; its complaint becomes a LabError."""
    done = subprocess.run(argv, input=text_input, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise LabError(f"{' '.join(argv)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def until(condition, what, patience_s=PATIENCE_S):
    """Polls a condition; a LabError that says what did not happen ends the patience."""
    deadline = time.monotonic() + patience_s
    while not condition():
        if time.monotonic() > deadline:
            raise LabError(f"{what} did not happen within {patience_s} s")
        time.sleep(0.005)


class Namespace:
    """One network namespace by name."""

    def __init__(self, name):
        self.name = name

    def create(self):
        run(["ip", "netns", "add", self.name])

    def exists(self):
        return os.path.exists(f"/run/netns/{self.name}")

    def inside(self, argv):
        """The command line that runs argv inside."""
        return ["ip", "netns", "exec", self.name, *argv]

    def run(self, argv, text_input=None):
        """Runs a tool inside to its end."""
        return run(self.inside(argv), text_input)

    def ip(self, lines):
        """Carries out many `ip` commands at once, each a line without the word ip."""
        run(["ip", "-n", self.name, "-batch", "-"], "\n".join(lines) + "\n")

    def sysctl(self, settings):
        """Sets what this kernel knows of the settings; unknown names are passed over."""
        self.run(["sysctl", "-e", "-q", "-w", *(f"{key}={value}" for key, value in settings.items())])

    def processes(self):
        """The ids of the processes that live inside."""
        return [int(pid) for pid in run(["ip", "netns", "pids", self.name]).split()]

    def delete(self):
        """Ends the processes inside and removes the namespace; nothing if there is none."""
        if not self.exists():
            return
        for signal_number in (signal.SIGTERM, signal.SIGKILL):
            if self._end_processes(signal_number):
                break
        run(["ip", "netns", "del", self.name])

    def _end_processes(self, signal_number):
        for pid in self.processes():
            try:
                os.kill(pid, signal_number)
            except ProcessLookupError:
                pass
        try:
            until(lambda: not self.processes(), f"the end of the processes in {self.name}")
        except LabError:
            return False
        return True


def lab_names():
    """The names of the labs that have left a namespace on this machine."""
    try:
        entries = os.listdir("/run/netns")
    except FileNotFoundError:
        return []
    ours = [entry[len(PREFIX):] for entry in entries if entry.startswith(PREFIX)]
    return sorted({name.rpartition("-")[0] for name in ours})
