"""A lab: a scanner namespace and a fleet namespace, from a truth file."""

import fcntl
import os
import secrets
import shutil
import subprocess

from . import topology
from .kernel_fleet import KernelFleet
from .namespaces import PREFIX, LabError, Namespace, lab_names
from .process import FleetProgram, program
from .reflector_fleet import ReflectorFleet
from .truth import Truth

STATE = "/run/sonde-lab"
KINDS = {"kernel": KernelFleet, "reflector": ReflectorFleet}


def default_build():
    """SONDE_BUILD, or build/release of this checkout."""
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
    return os.environ.get("SONDE_BUILD") or os.path.join(root, "build", "release")


class Lab:
    """Brings a fleet up and down; as a context manager it always comes down.

    truth: a Truth, a path, or the JSON document as a dict.
    """

    def __init__(self, truth, kind="kernel", name=None, build=None):
        if kind not in KINDS:
            raise LabError(f'"{kind}": expected a kind of fleet: {", ".join(KINDS)}')
        self.truth = truth if isinstance(truth, Truth) else _read(truth)
        self.truth_path = os.path.abspath(truth) if isinstance(truth, str) else ""
        self.name = name or f"{os.getpid()}-{secrets.token_hex(2)}"
        self.scanner, self.fleet = _namespaces(self.name)
        self._directory = os.path.join(STATE, self.name)
        self._build = os.path.abspath(build or default_build())
        self._services = KINDS[kind](self.fleet, self.truth, self._build, self._directory, self.scanner)
        self._cables = []  # programs
        self._hold = None

    def up(self):
        """Builds everything, or raises and leaves nothing behind."""
        if os.geteuid() != 0:
            raise LabError("a lab needs root, to make network namespaces: run it with sudo")
        if self.scanner.exists() or self.fleet.exists():
            raise LabError(f'a lab "{self.name}" is up already: take it down first (lab down {self.name}), '
                           "or give another --name")
        os.makedirs(self._directory, exist_ok=True)
        self._hold = _take_hold(self._directory)
        try:
            self.scanner.create()
            self.fleet.create()
            topology.join(self.scanner, self.fleet, self.truth, self._start_tun_cables)
            self._services.start()
        except BaseException:
            self.down()
            raise
        return self

    def down(self):
        """Removes everything; may be called at any time and again."""
        take_down(self.name)
        for programs in (self._services.programs, self._cables):
            while programs:
                programs.pop().wait()
        if self._hold is not None:
            os.close(self._hold)
            self._hold = None

    def _start_tun_cables(self, names):
        argv = [program(self._build, "tun_cable"), self.scanner.name, self.fleet.name, *names]
        log = os.path.join(self._directory, "tun_cable.log")
        self._cables.append(FleetProgram(self.fleet, argv, log))

    def __enter__(self):
        return self.up()

    def __exit__(self, *_):
        self.down()

    @property
    def environment(self):
        """The environment that commands in the lab get."""
        return {**os.environ, "SONDE_LAB_SCANNER": self.scanner.name, "SONDE_LAB_FLEET": self.fleet.name,
                "SONDE_LAB_TRUTH": self.truth_path}

    def exec(self, argv, **options):
        """Runs a command in the scanner namespace to its end; options are subprocess.run's."""
        return subprocess.run(self.scanner.inside(argv), env=self.environment, check=False, **options)

    def popen(self, argv, **options):
        """Starts a command in the scanner namespace; options are subprocess.Popen's."""
        return subprocess.Popen(self.scanner.inside(argv), env=self.environment, **options)

    def counters(self):
        """What the fleet has counted so far, name → number of packets."""
        return self._services.counters()


def take_down(name):
    """Removes the lab of this name, whoever made it."""
    for namespace in _namespaces(name):
        namespace.delete()
    shutil.rmtree(os.path.join(STATE, name), ignore_errors=True)


def held(name):
    """Whether a living process holds this lab (so that it is not a leftover)."""
    try:
        hold = os.open(os.path.join(STATE, name, "hold"), os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(hold, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(hold)
    return False


def leftovers():
    """The names of labs that nobody holds."""
    return [name for name in lab_names() if not held(name)]


def _take_hold(directory):
    hold = os.open(os.path.join(directory, "hold"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(hold, fcntl.LOCK_EX)
    return hold


def _namespaces(name):
    if not name.replace("-", "").replace("_", "").isalnum() or len(name) > 40:
        raise LabError(f'"{name}": expected a name of at most 40 letters, digits, "-" and "_"')
    return Namespace(f"{PREFIX}{name}-scanner"), Namespace(f"{PREFIX}{name}-fleet")


def _read(truth):
    return Truth.parse(truth) if isinstance(truth, dict) else Truth.load(truth)
