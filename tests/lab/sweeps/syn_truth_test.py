"""Half-open sweeps of a /16 and an IPv6 prefix with every kind of answer: the found set is the truth, every time."""

import json
import unittest

from checks.needs import need_lab
from labkit import Lab
from labkit.namespaces import until

from .scan import RUNS, SMALL, differences, scan
from .truth_test import FLEET, HOSTS, PORTS

need_lab("fleet_services", "reflector")

PAIRS = ["10.71.60.0/22", "10.71.124.0/22", "10.71.143.0/24", "10.71.144.0/23", "fd71::3f00/120", "fd71::7000/120"]  # some of all kinds


def lossy(loss):
    with open(FLEET, encoding="utf-8") as file:
        return {**json.load(file), "loss": loss}


class Sweeps:
    """What every sweep of a healthy fleet must show; a subclass has the lab."""

    lab = None

    def check(self, found, ports, hosts):
        """The found set is the truth, RSTs are told by their own name, and the books balance."""
        self.assertEqual(found.exit_code, 0, (found.stderr, found.summary and found.summary.get("notes")))
        self.assertEqual(differences(self.lab, ports, hosts, found.lines), "")
        self.assertEqual({r["reason"] for r in found.endpoints if r["state"] == "closed"} - {"reset"}, set())
        self.assertTrue(found.summary["engine"].startswith("syn"), found.summary["engine"])
        self.assertTrue(found.summary["ledger"]["balanced"], found.summary["ledger"])
        self.assertEqual((found.summary["errors"], found.summary["degraded"]), (0, False))

    def sweep(self, *options, hosts=HOSTS, ports=PORTS, runs=RUNS):
        if "--timeout" not in options:
            options = ("--timeout", "500ms", *options)
        for run in range(runs):
            with self.subTest(run=run, options=options):
                found = scan(self.lab, *hosts, "-p", ports, *options, engine="syn")
                self.check(found, ports, hosts)


class EveryFleet(Sweeps):
    """Of both kinds of fleet; a subclass names the kind."""

    kind = None

    @classmethod
    def setUpClass(cls):
        cls.lab = Lab(FLEET, kind=cls.kind).up()
        cls.addClassCleanup(cls.lab.down)

    def test_flat_out(self):
        self.sweep("--rate", "0")

    def test_flat_out_on_one_thread(self):
        self.sweep("--rate", "0", "--threads", "1", hosts=PAIRS, ports="443", runs=1)

    def test_paced(self):
        self.sweep("--rate", "10k", hosts=PAIRS, ports="22", runs=1)

    def test_one_pass_at_a_modest_rate_is_enough(self):
        """Nothing is lost on the way, so no retry may be what finds it."""
        self.sweep("--rate", "10k", "--retries", "0", hosts=PAIRS, ports="80", runs=1)

    def test_an_answer_at_a_thread_that_has_finished_is_taken(self):
        """The kernel shares answers out by flow: they come in at any thread's ring, also after its own last probe."""
        self.sweep("--rate", "300", "--threads", "2", "--retries", "0", hosts=["10.71.0.0/24", "10.71.128.0/24"], ports="22,80", runs=1)

    def test_every_rejection_says_who_sent_it(self):
        hosts = [f"10.71.{third}.0/24" for third in (128, 144, 160, 176, 192)] + ["fd71::6000/120", "fd71::7000/120"]
        found = scan(self.lab, *hosts, "-p", PORTS, "--rate", "0", engine="syn")
        self.check(found, PORTS, hosts)
        rejected = [r for r in found.endpoints if r["reason"].endswith(("-unreach", "-prohibited"))]
        senders = {r["evidence"]["icmp"]["from"] for r in rejected}
        self.assertGreater(len(rejected), 1000)
        # The fleet's gateway, or (as a reflector does it) the host itself.
        gateways = {"10.255.0.2", "fd00:255::2"}
        self.assertTrue(senders <= gateways or senders <= {r["addr"] for r in found.endpoints}, sorted(senders)[:5])

    def test_an_answer_shows_its_header(self):
        found = scan(self.lab, "10.71.0.1", "-p", "22,25", engine="syn")
        opened, closed = found.at("10.71.0.1", 22), found.at("10.71.0.1", 25)
        self.assertEqual((opened["ttl"], closed["ttl"]), (64, 64))
        self.assertEqual(opened["evidence"]["mss"], 1460)
        self.assertGreater(opened["evidence"]["window"], 0)
        self.assertGreater(opened["rtt_us"], 0)

    def test_every_open_port_gets_a_reset(self):
        """By the scanner's kernel, to which the SYN-ACK at a reserved port means nothing."""
        before = self.lab.counters()["rst_received"]
        found = scan(self.lab, *PAIRS, "-p", PORTS, "--rate", "10k", engine="syn")
        self.check(found, PORTS, PAIRS)
        opened = sum(r["state"] == "open" for r in found.endpoints)
        self.assertGreater(opened, 100)
        self.assertGreaterEqual(self.lab.counters()["rst_received"] - before, opened)

    def test_shards_together_are_the_truth(self):
        lines = []
        for index in (1, 2, 3):
            lines += scan(self.lab, *PAIRS, "-p", PORTS, "--seed", "5", "--shard", f"{index}/3", "--timeout", "300ms", engine="syn").lines
        self.assertEqual(differences(self.lab, PORTS, PAIRS, lines), "")

    def test_source_ports_of_ones_own_choice(self):
        self.sweep("--source-port", "61000-61003", hosts=["10.71.60.0/22"], runs=1)


class KernelFleet(EveryFleet, unittest.TestCase):
    kind = "kernel"

    def half_open(self):
        return self.lab.fleet.run(["ss", "-tanH", "state", "syn-recv"])

    def test_no_half_open_connection_is_left_behind(self):
        found = scan(self.lab, *PAIRS, "-p", PORTS, "--rate", "0", "--timeout", "500ms", engine="syn")
        self.check(found, PORTS, PAIRS)
        until(lambda: not self.half_open(), "the end of the last half-open connection", 3)


class ReflectorFleet(EveryFleet, unittest.TestCase):
    kind = "reflector"

    def test_every_checksum_is_right(self):
        before = self.lab.counters()["bad_checksum"]
        self.sweep("--rate", "0", hosts=PAIRS, runs=1)
        self.assertEqual(self.lab.counters()["bad_checksum"], before)

    def test_a_tiny_receive_ring_is_never_silently_short(self):
        hosts = ["10.71.0.0/18"]
        for run in range(RUNS):
            with self.subTest(run=run):
                found = scan(self.lab, *hosts, "-p", "80", "--rate", "0", "--threads", "1", "--ring-bytes", "8192",
                             "--timeout", "300ms", "--retries", "1", engine="syn")
                self.assertTrue(found.summary["ledger"]["balanced"], found.summary["ledger"])
                self.assertGreater(found.summary["ledger"]["rx_dropped"], 0, "the ring was meant to overflow")
                self.assertEqual(found.exit_code, 3 if found.summary["degraded"] else 0, found.stderr)
                self.assertEqual(len(found.endpoints), 1 << 14)
                told = differences(self.lab, "80", hosts, found.lines)
                if found.exit_code == 0:
                    self.assertEqual(told, "")
                else:
                    self.assertTrue(found.summary["notes"])
                    self.assertEqual({r["reason"] for r in found.endpoints} - {"syn-ack", "reset", "no-response", "admin-prohibited",
                                     "host-unreach", "net-unreach", "port-unreach", "proto-unreach"}, set())


class Loss(Sweeps):
    """A fifth of all SYNs and a fifth of all answers are lost."""

    kind = None

    @classmethod
    def setUpClass(cls):
        cls.lab = Lab(lossy({"syn": 0.2, "syn_ack": 0.2}), kind=cls.kind).up()
        cls.addClassCleanup(cls.lab.down)

    def test_enough_retries_find_everything(self):
        for run in range(RUNS):
            with self.subTest(run=run):
                # Of both directions 64 % come through: so many passes leave a ten-thousandth of an endpoint.
                retries = "15" if SMALL else "20"
                found = scan(self.lab, *HOSTS, "-p", "80", "--rate", "0", "--timeout", "300ms", "--retries", retries,
                             "--retry-wait", "1ms", engine="syn")
                self.check(found, "80", HOSTS)
                self.assertGreater(found.summary["completeness"], 0.9999)
                self.assertGreater(found.summary["passes"], 5)

    def test_the_goal_ends_the_passes(self):
        hosts = ["10.71.0.0/20" if SMALL else "10.71.0.0/18"]
        found = scan(self.lab, *hosts, "-p", "80", "--rate", "0", "--timeout", "300ms", "--retry-wait", "1ms",
                     "--completeness", "99.9%", engine="syn")
        self.assertEqual(found.exit_code, 0, (found.stderr, found.summary and found.summary.get("notes")))
        self.assertGreaterEqual(found.summary["completeness_low"], 0.999)
        self.assertLess(found.summary["passes"], 25)

    def test_a_goal_that_is_not_reached_is_said(self):
        found = scan(self.lab, "10.71.0.0/22", "-p", "80", "--timeout", "300ms", "--retries", "1", "--completeness", "99.99%", engine="syn")
        self.assertEqual(found.exit_code, 3)
        self.assertTrue(found.summary["degraded"])


class KernelLoss(Loss, unittest.TestCase):
    kind = "kernel"


class ReflectorLoss(Loss, unittest.TestCase):
    kind = "reflector"


class Proxy(unittest.TestCase):
    def test_a_syn_proxy_is_called_one(self):
        truth = {"subnets": [{"prefix": "10.71.0.0/24", "interface": "left"}, {"prefix": "fd71::/120", "interface": "left"}],
                 "default": "open",
                 "rules": [{"hosts": ["10.71.0.9", "10.71.0.32/30", "fd71::9"], "ports": "*", "is": "syn-proxy"}]}
        hosts, ports = ["10.71.0.0/24", "fd71::/120"], "22,80,443"
        with Lab(truth, kind="reflector") as lab:
            found = scan(lab, *hosts, "-p", ports, "--rate", "0", engine="syn")
            self.assertEqual(differences(lab, ports, hosts, found.lines), "")
        told = {proxy["addr"]: proxy["ports"] for proxy in found.summary["proxies"]}
        self.assertEqual(told, {host: 3 for host in ("10.71.0.9", "10.71.0.32", "10.71.0.33", "10.71.0.34", "10.71.0.35", "fd71::9")})


if SMALL:  # its counterpart with the reflector takes the same way through the program
    del KernelLoss


if __name__ == "__main__":
    unittest.main()
