"""The fleet's long-running programs."""

import os
import subprocess

from .namespaces import LabError, until

START_PATIENCE_S = 60  # the kernel checks a BPF program for seconds when the machine is busy


def program(build, name):
    """The path of one of the lab's C++ programs in a build directory."""
    path = os.path.join(build, "tests", "lab", name)
    if not os.access(path, os.X_OK):
        raise LabError(f"{path} is missing: build the target {name} (cmake --build {build} --target {name}), "
                       "or name the build directory by --build or SONDE_BUILD")
    return path


class FleetProgram:
    """A program inside a namespace that says "ready" and then works until its end."""

    def __init__(self, namespace, argv, log_path):
        self._log_path = log_path
        self._name = os.path.basename(argv[0])
        with open(log_path, "wb") as log:
            self._process = subprocess.Popen(  # pylint: disable=consider-using-with
                namespace.inside(argv), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        until(self._settled, f"{self._name} getting ready", START_PATIENCE_S)
        if self._process.poll() is not None:
            last_words = "\n".join(self.output().strip().splitlines()[-8:])
            raise LabError(f"{self._name} ended: {last_words}")

    def output(self):
        """All it has printed so far."""
        with open(self._log_path, encoding="utf-8", errors="replace") as log:
            return log.read()

    def signal(self, number):
        self._process.send_signal(number)

    def wait(self):
        """Its exit code, once it has ended."""
        return self._process.wait(timeout=10)

    def _settled(self):
        return "ready\n" in self.output() or self._process.poll() is not None
