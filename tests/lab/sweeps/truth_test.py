"""A /16 and an IPv6 prefix with every kind of answer: the found set is the truth, every time."""

import json
import os
import unittest

from checks.needs import need_lab
from labkit import Lab

from .scan import RUNS, SMALL, differences, low_descriptor_limit, scan, without_io_uring

need_lab("fleet_services")

FLEET = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "fleets", "sixteen.json")
PORTS = "22,80,443"
HOSTS = ["10.71.0.0/16", "fd71::/112"]
if SMALL:  # the edges of every block, for builds that are slow
    HOSTS = ["10.71.60.0/22", "10.71.64.0/24", "10.71.124.0/22", "10.71.128.0/23", "10.71.143.0/24", "10.71.144.0/22", "10.71.160.0/23",
             "10.71.176.0/22", "10.71.192.0/22", "10.71.208.0/22", "fd71::3f00/120", "fd71::4000/119", "fd71::6000/119",
             "fd71::7000/119", "fd71::8000/119", "fd71::9000/119"]


class FoundSetIsTheTruth(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lab = Lab(FLEET).up()
        cls.addClassCleanup(cls.lab.down)

    def sweep(self, *options, hosts=HOSTS, ports=PORTS, wrapper=(), runs=RUNS):
        if "--timeout" not in options:
            options = ("--timeout", "500ms", *options)
        for run in range(runs):
            with self.subTest(run=run, options=options):
                found = scan(self.lab, *hosts, "-p", ports, "--rate", "0", *options, wrapper=wrapper)
                self.assertEqual(found.exit_code, 0, found.stderr)
                self.assertEqual(differences(self.lab, ports, hosts, found.lines), "")
                self.assertTrue(found.summary["ledger"]["balanced"])
                self.assertEqual(found.summary["errors"], 0)

    def test_flat_out(self):
        self.sweep()

    def test_on_one_thread(self):
        self.sweep("--threads", "1", ports="443", runs=1)

    def test_on_epoll(self):
        self.sweep("--io", "epoll", hosts=["10.71.48.0/20", "10.71.128.0/18", "fd71::8000/116"])

    def test_with_256_descriptors(self):
        self.sweep("--timeout", "200ms", ports="80", hosts=[host for host in HOSTS if "." in host], wrapper=low_descriptor_limit(256))

    def test_with_256_descriptors_on_epoll(self):
        self.sweep("--io", "epoll", hosts=["10.71.56.0/21", "10.71.128.0/18"], wrapper=low_descriptor_limit(256), runs=1)

    def test_where_io_uring_is_forbidden(self):
        found = scan(self.lab, "10.71.60.0/22", "-p", PORTS, "--timeout", "300ms", wrapper=without_io_uring())
        self.assertEqual(differences(self.lab, PORTS, ["10.71.60.0/22"], found.lines), "")
        self.assertEqual(found.summary["engine"], "connect (epoll)")
        self.assertIn("not permitted", " ".join(found.summary["notes"]))

    def test_polite(self):
        self.sweep("--polite", hosts=["10.71.60.0/22", "fd71::3000/118"], runs=1)

    def test_shards_together_are_the_truth(self):
        hosts = ["10.71.56.0/21"]
        lines = []
        for index in (1, 2, 3):
            lines += scan(self.lab, *hosts, "-p", PORTS, "--seed", "5", "--shard", f"{index}/3", "--timeout", "300ms").lines
        self.assertEqual(differences(self.lab, PORTS, hosts, lines), "")

    def test_excludes_are_not_probed(self):
        found = scan(self.lab, "10.71.0.0/24", "-p", PORTS, "--exclude", "10.71.0.0/25", "--exclude", "10.71.0.200")
        addresses = {record["addr"] for record in found.endpoints}
        self.assertEqual(len(addresses), 127)
        self.assertNotIn("10.71.0.1", addresses)


class FoundSetIsTheTruthThroughLoss(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with open(FLEET, encoding="utf-8") as file:
            cls.lab = Lab({**json.load(file), "loss": {"syn": 0.2}}).up()
        cls.addClassCleanup(cls.lab.down)

    def sweep(self, *options, hosts, wrapper=()):
        for run in range(RUNS):
            with self.subTest(run=run):
                found = scan(self.lab, *hosts, "-p", "80", "--rate", "0", "--timeout", "400ms", "--retries", "14",
                             "--retry-wait", "1ms", *options, wrapper=wrapper)
                self.assertEqual(found.exit_code, 0, found.stderr)
                self.assertEqual(differences(self.lab, "80", hosts, found.lines), "")
                self.assertGreater(found.summary["completeness"], 0.9999)
                self.assertGreater(found.summary["passes"], 2)  # there was loss

    def test_a_fifth_of_all_syns_lost(self):
        self.sweep(hosts=HOSTS)

    def test_a_fifth_lost_and_256_descriptors(self):
        self.sweep(hosts=["10.71.48.0/20", "10.71.128.0/20"], wrapper=low_descriptor_limit(256))

    def test_the_goal_ends_the_passes(self):
        hosts = ["10.71.0.0/18"]
        found = scan(self.lab, *hosts, "-p", "80", "--rate", "0", "--timeout", "400ms", "--retry-wait", "1ms", "--completeness", "99.9%")
        self.assertEqual(found.exit_code, 0, found.stderr)
        self.assertGreaterEqual(found.summary["completeness_low"], 0.999)
        self.assertLess(found.summary["passes"], 15)

    def test_a_goal_that_is_not_reached_is_said(self):
        found = scan(self.lab, "10.71.0.0/22", "-p", "80", "--timeout", "300ms", "--retries", "1", "--completeness", "99.99%")
        self.assertEqual(found.exit_code, 3)
        self.assertTrue(found.summary["degraded"])


if __name__ == "__main__":
    unittest.main()
