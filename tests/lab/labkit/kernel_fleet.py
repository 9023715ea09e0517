"""A fleet whose answers come from the kernel's own TCP stack."""

import json
import os

from .behaviour import REFLECTOR_ONLY
from .namespaces import LabError
from .process import FleetProgram, program
from .ruleset import ruleset

FIRST_SERVICE_PORT = 20001
MOST_SERVICES = 5000  # each takes two descriptors of 20,000
MOST_DELAYS = 64

# A fleet is many hosts, so the limits that protect one host are lifted.
SYSCTLS = {
    "net.core.somaxconn": 1048576,
    "net.ipv4.tcp_max_syn_backlog": 1048576,
    "net.ipv4.icmp_ratelimit": 0,
    "net.ipv4.icmp_msgs_per_sec": 100000000,
    "net.ipv4.icmp_msgs_burst": 100000000,
    "net.ipv6.icmp.ratelimit": 0,
    "net.ipv4.conf.all.rp_filter": 0,
    "net.ipv4.conf.default.rp_filter": 0,
}
FORWARDING = {"net.ipv4.ip_forward": 1, "net.ipv6.conf.all.forwarding": 1}


class KernelFleet:
    """Turns a joined fleet namespace into the fleet of the truth file."""

    def __init__(self, namespace, truth, build, directory, _scanner):
        self._namespace, self._truth, self._build, self._directory = namespace, truth, build, directory
        self.programs = []  # that run in the fleet

    def start(self):
        impossible = sorted({b.word for b in self._truth.behaviours() if b.word in REFLECTOR_ONLY})
        if impossible:
            raise LabError(f"a kernel cannot be {', '.join(impossible)}: take --kind reflector for this truth file")
        self._namespace.sysctl(SYSCTLS)
        services = sorted((b for b in self._truth.behaviours() if b.accepts), key=repr)
        if len(services) > MOST_SERVICES:
            raise LabError(f"the truth file has {len(services)} different banners, replies and delays: "
                           f"at most {MOST_SERVICES} are possible")
        ports = {behaviour: FIRST_SERVICE_PORT + i for i, behaviour in enumerate(services)}
        delays = sorted({b.delay_ms for b in services if b.delay_ms})
        if ports:
            self._start_services(ports)
        if delays:
            self._start_delay_lines(delays)
        marks = {delay_ms: number for number, delay_ms in enumerate(delays, 1)}
        self._namespace.run(["nft", "-f", "-"], ruleset(self._truth, ports, marks))

    def counters(self):
        """What the fleet has counted so far, name → packets."""
        listed = json.loads(self._namespace.run(["nft", "-j", "list", "counters"]))["nftables"]
        return {entry["counter"]["name"]: entry["counter"]["packets"] for entry in listed if "counter" in entry}

    def _start(self, argv):
        log = os.path.join(self._directory, os.path.basename(argv[0]) + ".log")
        self.programs.append(FleetProgram(self._namespace, argv, log))

    def _start_services(self, ports):
        path = os.path.join(self._directory, "services")
        with open(path, "w", encoding="ascii") as file:
            file.writelines(f"{port} {_service_line(behaviour)}\n" for behaviour, port in ports.items())
        argv = [program(self._build, "fleet_services"), path]
        self._start(argv)

    def _start_delay_lines(self, delays):
        """Packets with a delay's mark go through its TUN device, and come back later as new arrivals."""
        if len(delays) > MOST_DELAYS:
            raise LabError(f"the truth file has {len(delays)} different delays: at most {MOST_DELAYS} are possible")
        self._namespace.sysctl(FORWARDING)
        argv = [program(self._build, "delay_lines"), *(f"delay{ms}:{ms}" for ms in delays)]
        self._start(argv)
        for family in ("-4", "-6"):
            self._namespace.run(["ip", family, "rule", "add", "pref", "20", "lookup", "local"])
            self._namespace.run(["ip", family, "rule", "del", "pref", "0"])
        for number, delay_ms in enumerate(delays, 1):
            self._delay_route(number, f"delay{delay_ms}")

    def _delay_route(self, number, device):
        table = 100 + number
        self._namespace.ip([f"link set {device} up"])
        for family in ("-4", "-6"):
            ip = ["ip", family]
            self._namespace.run([*ip, "route", "add", "default", "dev", device, "table", str(table)])
            self._namespace.run([*ip, "rule", "add", "pref", "10", "fwmark", str(number), "lookup", str(table)])


def _service_line(behaviour):
    """A service as fleet_services reads it: a word, then its texts in hexadecimal."""
    if behaviour.word == "slow":
        return "open"
    texts = [behaviour.banner] if behaviour.banner else [text for pair in behaviour.replies for text in pair]
    return " ".join([behaviour.word, *(text.hex() for text in texts)])
