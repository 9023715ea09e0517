"""Half-open sweeps over several links at once: gateways, attached networks, a tunnel, this machine itself."""

import ipaddress
import unittest

from checks.needs import need_lab
from labkit import Lab
from labkit.namespaces import until

from .scan import RUNS, SMALL, differences, scan

need_lab("fleet_services", "reflector", "tun_cable")

GATEWAY = [{"prefix": "10.71.0.0/22", "interface": "left"}, {"prefix": "fd71::/118", "interface": "left"}]
ATTACHED = [{"prefix": "10.72.0.0/24", "interface": "right", "on_link": True},
            {"prefix": "fd72::/120", "interface": "right", "on_link": True}]
TUNNEL = [{"prefix": "10.73.0.0/22", "interface": "tunnel", "link": "tun"},
          {"prefix": "fd73::/118", "interface": "tunnel", "link": "tun"}]
ABSENT = ["10.72.0.128/26", "fd72::80/122"]
HOSTS = {
    "left": ["10.71.0.0/22", "fd71::/118"],
    "right": ["10.72.0.1-10.72.0.127", "fd72::1-fd72::7f"],  # those that are there: the others cost three seconds a pass
    "all right": ["10.72.0.1-10.72.0.253", "fd72::1-fd72::fe"],  # not the network's, the scanner's and the broadcast address
    "tunnel": ["10.73.0.0/22", "fd73::/118"],
}
PORTS = "80,81"
OWN = ["10.255.0.1", "127.0.0.1", "::1", "fd00:255::1"]


STRETCHES = ((16, "open"), (48, "silent"), (64, "admin-prohibited"), (80, "host-unreach"), (96, "net-unreach"))  # 16 hosts each


def truth_of(*subnets):
    """A fleet on these subnets that has every kind of answer on each of them."""
    rules = []
    for subnet in subnets:
        first = ipaddress.ip_network(subnet["prefix"]).network_address
        rules += [{"hosts": [f"{first + low}-{first + low + 15}"], "ports": "80", "is": word} for low, word in STRETCHES]
    if ATTACHED[0] in subnets:
        rules.append({"hosts": ABSENT, "ports": "*", "is": "absent"})
    return {"subnets": list(subnets), "default": "closed", "rules": rules}


class Links(unittest.TestCase):
    def check(self, lab, found, hosts):
        self.assertEqual(found.exit_code, 0, (found.stderr, found.summary and found.summary.get("notes")))
        self.assertEqual(differences(lab, PORTS, hosts, found.lines), "")
        self.assertTrue(found.summary["engine"].startswith("syn"))
        self.assertTrue(found.summary["ledger"]["balanced"], found.summary["ledger"])

    def sweep(self, lab, hosts, *options, runs=RUNS):
        for run in range(runs):
            for rate in ("0", "5k"):
                with self.subTest(run=run, rate=rate):
                    found = scan(lab, *hosts, "-p", PORTS, "--rate", rate, "--timeout", "400ms", *options, engine="syn")
                    self.check(lab, found, hosts)

    def test_a_gateway_and_an_attached_network_at_once(self):
        for kind in ("kernel", "reflector"):
            with self.subTest(kind), Lab(truth_of(*GATEWAY, *ATTACHED), kind=kind) as lab:
                self.sweep(lab, HOSTS["left"] + HOSTS["right"])

    def test_who_is_absent_was_asked_for(self):
        with Lab(truth_of(*ATTACHED), kind="kernel") as lab:
            found = scan(lab, *HOSTS["all right"], "-p", PORTS, "--timeout", "400ms", engine="syn")
            self.check(lab, found, HOSTS["all right"])
        absent = [r for r in found.endpoints if r["reason"] == "host-unreach" and "icmp" not in r.get("evidence", {})]
        self.assertEqual(len(absent), 2 * 128)
        self.assertEqual({r["evidence"]["neighbour"] for r in absent}, {"unresolved"})

    def test_a_tunnel_a_gateway_and_an_attached_network_at_once(self):
        with Lab(truth_of(*GATEWAY, *ATTACHED, *TUNNEL), kind="kernel") as lab:
            self.sweep(lab, HOSTS["tunnel"], runs=1)
            self.sweep(lab, HOSTS["left"] + HOSTS["right"] + HOSTS["tunnel"])
            until(lambda: not lab.fleet.run(["ss", "-tanH", "state", "syn-recv"]), "the end of the last half-open connection", 3)

    def test_this_machine_itself_in_the_same_sweep(self):
        with Lab(truth_of(*GATEWAY), kind="kernel") as lab:
            found = scan(lab, *HOSTS["left"], *OWN, "-p", PORTS, "--rate", "0", "--timeout", "400ms", engine="syn")
            fleet = [line for line in found.lines if not any(f'"addr":"{own}"' in line for own in OWN)]
            self.assertEqual(differences(lab, PORTS, HOSTS["left"], fleet), "")
            self.assertEqual({found.at(own, port)["state"] for own in OWN for port in (80, 81)}, {"closed"})
            self.assertEqual(found.exit_code, 0, (found.stderr, found.summary.get("notes")))

    def test_one_interface_of_ones_own_choice(self):
        with Lab(truth_of(*GATEWAY, *ATTACHED), kind="kernel") as lab:
            self.sweep(lab, HOSTS["left"], "--interface", "left", runs=1)


class AttachedNetwork(unittest.TestCase):
    """Larger than the kernel's neighbour table, which half-open probing does not use."""

    PREFIX, HOSTS = ("10.72.0.0/22", "10.72.0.1-10.72.3.253") if SMALL else ("10.72.0.0/20", "10.72.0.1-10.72.15.253")
    SUBNET = {"prefix": PREFIX, "interface": "right", "on_link": True}

    def sweep(self, truth):
        with Lab(truth) as lab:
            found = scan(lab, self.HOSTS, "-p", "80", "--rate", "0", engine="syn")
            self.assertEqual(found.exit_code, 0, (found.stderr, found.summary.get("notes")))
            self.assertEqual(differences(lab, "80", [self.HOSTS], found.lines), "")

    def test_every_host_answers(self):
        self.sweep({"subnets": [self.SUBNET], "default": "open",
                    "rules": [{"hosts": ["10.72.3.0/25"], "ports": "*", "is": "closed"}]})

    def test_few_hosts_are_there(self):
        present = [f"10.72.{third}.{9 * third + 1}" for third in range(4 if SMALL else 16)]
        self.sweep({"subnets": [self.SUBNET], "default": "closed",
                    "rules": [{"hosts": [self.PREFIX], "ports": "*", "is": "absent"}, {"hosts": present, "ports": "*", "is": "open"}]})


if __name__ == "__main__":
    unittest.main()
