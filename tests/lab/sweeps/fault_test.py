"""Our own faults never look like the target's."""

import unittest

from checks.needs import need_lab
from labkit import Lab

from .scan import differences, scan

need_lab("fleet_services")

FLEET = {
    "subnets": [{"prefix": "10.71.0.0/22", "interface": "left"}, {"prefix": "fd71::/118", "interface": "left"}],
    "default": "closed",
    "rules": [{"hosts": ["10.71.0.0/23", "fd71::/119"], "ports": "80", "is": "open"},
              {"hosts": ["10.71.2.0/24"], "ports": "80", "is": "silent"}],
}


class LocalFaults(unittest.TestCase):
    def setUp(self):
        self.lab = Lab(FLEET).up()
        self.addCleanup(self.lab.down)

    def inside(self, *words):
        done = self.lab.exec([*words], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)

    def assert_all(self, found, state, reason):
        self.assertEqual({(r["state"], r["reason"]) for r in found.endpoints}, {(state, reason)}, found.stderr)

    def test_no_route_is_ours(self):
        for io in ("io_uring", "epoll"):
            found = scan(self.lab, "10.99.0.0/28", "fd99::/124", "-p", "80", "--io", io)
            self.assert_all(found, "error", "local-no-route")
            self.assertEqual(found.exit_code, 3)
            self.assertEqual(found.summary["errors"], 32)
            self.assertTrue(found.summary["degraded"])

    def test_a_gateway_that_does_not_answer_is_ours(self):
        self.inside("ip", "address", "add", "10.254.0.1/24", "dev", "left")
        self.inside("ip", "route", "add", "10.88.0.0/30", "via", "10.254.0.77")
        found = scan(self.lab, "10.88.0.0/30", "-p", "80", "--timeout", "5s", "--retries", "0")
        self.assert_all(found, "error", "local-no-gateway")

    def test_a_route_that_is_away_for_a_moment_costs_no_truth(self):
        self.inside("ip", "route", "del", "10.71.0.0/22")
        process = self.lab.popen(["/bin/sh", "-c", "sleep 0.4; ip route add 10.71.0.0/22 via 10.255.0.2"])
        found = scan(self.lab, "10.71.0.0/22", "-p", "80", "--rate", "0", "--timeout", "300ms", "--retries", "3", "--retry-wait", "500ms")
        self.assertEqual(process.wait(), 0)
        self.assertEqual(differences(self.lab, "80", ["10.71.0.0/22"], found.lines), "")

    def test_a_closed_port_of_this_machine_is_never_open(self):
        for io in ("io_uring", "epoll"):
            found = scan(self.lab, "127.0.0.1", "::1", "10.255.0.1", "-p", "40000-42000", "--io", io, "--rate", "0")
            self.assert_all(found, "closed", "conn-refused")

    def test_a_prohibiting_route_is_ours(self):
        self.inside("ip", "route", "add", "prohibit", "10.71.0.0/28")
        self.assert_all(scan(self.lab, "10.71.0.0/28", "-p", "80"), "error", "local-denied")

    def test_a_rejecting_firewall_of_our_own_is_ours(self):
        self.inside("nft", "add table inet own")
        self.inside("nft", "add chain inet own out { type filter hook output priority 0 ; }")
        self.inside("nft", "add rule inet own out tcp dport 80 reject with icmpx type admin-prohibited")
        for io in ("io_uring", "epoll"):
            self.assert_all(scan(self.lab, "10.71.0.0/28", "-p", "80", "--io", io), "error", "local-firewall")

    def test_too_few_source_ports_cost_time_but_no_truth(self):
        # Every endpoint is an address of its own, so ten ports serve them all; a
        # range for a single address and port would be used up by TIME_WAIT.
        found = scan(self.lab, "10.71.0.0/22", "-p", "80", "--source-port", "40000-40009", "--rate", "0", "--timeout", "300ms")
        self.assertEqual(differences(self.lab, "80", ["10.71.0.0/22"], found.lines), "")

    def test_an_own_address_as_the_source(self):
        self.assert_all(scan(self.lab, "10.71.0.0/28", "-p", "80", "--source", "10.255.0.1"), "open", "syn-ack")
        wrong = scan(self.lab, "10.71.0.0/28", "-p", "80", "--source", "10.9.9.9")
        self.assertEqual(wrong.exit_code, 2)
        self.assertIn("--source", wrong.stderr)

    def test_an_output_that_cannot_be_written_is_said(self):
        found = scan(self.lab, "10.71.0.0/24", "-p", "80", "-o", "/dev/full", "--format", "jsonl", "--format", "jsonl")
        self.assertEqual(found.exit_code, 3)
        self.assertIn("/dev/full", found.stderr)

    def test_the_loopback_is_reached(self):
        self.assert_all(scan(self.lab, "127.0.0.1", "::1", "-p", "80"), "closed", "conn-refused")


if __name__ == "__main__":
    unittest.main()
