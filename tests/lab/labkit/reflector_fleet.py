"""A fleet whose TCP answers come from an XDP program, at line speed.

The fleet's kernel still answers ARP, neighbour solicitations and pings.
"""

import json
import os
import signal

from .behaviour import KERNEL_ONLY
from .namespaces import LabError, until
from .process import FleetProgram, program

# What XDP has no other answer for.
SAME_AS = {"accept-and-silence": "open", "absent": "silent"}


class ReflectorFleet:
    """Turns a joined fleet namespace into the fleet of the truth file."""

    def __init__(self, namespace, truth, build, directory, scanner):
        self._namespace, self._truth, self._build, self._directory = namespace, truth, build, directory
        self._scanner = scanner
        self.programs = []  # that run in the fleet: the reflector

    def start(self):
        impossible = sorted({b.word for b in self._truth.behaviours() if b.word in KERNEL_ONLY})
        if impossible:
            raise LabError(f"a reflector cannot be {', '.join(impossible)}: take --kind kernel for this truth file")
        if self._truth.interfaces("tun"):
            raise LabError("a reflector answers Ethernet frames only: take --kind kernel for a truth file with tun links")
        interfaces = self._truth.interfaces()
        for interface in interfaces:
            self._prepare(interface)
        plan = os.path.join(self._directory, "plan")
        with open(plan, "w", encoding="ascii") as file:
            file.writelines(plan_lines(self._truth))
        argv = [program(self._build, "reflector"), plan, *interfaces]
        log = os.path.join(self._directory, "reflector.log")
        self.programs.append(FleetProgram(self._namespace, argv, log))

    def counters(self):
        """What the reflector has counted so far, name → packets."""
        reflector, = self.programs
        before = reflector.output().count("\n")
        reflector.signal(signal.SIGUSR1)
        until(lambda: reflector.output().count("\n") > before, "the reflector telling its counters")
        return json.loads(reflector.output().splitlines()[-1])

    def _prepare(self, interface):
        """Frames sent back by XDP reach a veth peer only if it polls, as with GRO; and a frame
        between veths has a complete checksum, as on a wire, only without offload."""
        self._scanner.run(["ethtool", "-K", interface, "gro", "on", "tx", "off"])


def plan_lines(truth):
    """The plan as the reflector program reads it."""
    yield f"loss {round(truth.syn_loss * 1e6)} {round(truth.answer_loss * 1e6)}\n"
    first_spans, total = {}, 0
    for ports in dict.fromkeys(block.ports for block in truth.layout.blocks):
        first_spans[ports] = total
        total += len(ports)
        for number, (low, _, behaviour) in enumerate(ports):
            yield f"span {low if number else 0} {SAME_AS.get(behaviour.word, behaviour.word)}\n"
    for block in truth.layout.blocks:
        yield f"block {block.low:032x} {block.high:032x} {first_spans[block.ports]} {len(block.ports)}\n"
