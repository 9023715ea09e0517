"""What single endpoints do, and what sonde says of it: banners, resets, delays, neighbours."""

import os
import unittest

from checks.needs import need_lab
from labkit import Lab

from .scan import differences, scan

need_lab("fleet_services", "delay_lines")

DEMO = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "fleets", "demo.json")


class Behaviours(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lab = Lab(DEMO).up()
        cls.addClassCleanup(cls.lab.down)

    def both(self, *arguments):
        """The scan on io_uring and on epoll, which must say the same."""
        return [scan(self.lab, *arguments, "--io", io) for io in ("io_uring", "epoll")]

    def test_the_whole_demo_fleet_over_two_interfaces(self):
        hosts, ports = ["10.71.0.0/24", "10.71.1.0/24", "10.72.0.1-10.72.0.19", "10.72.0.30-10.72.0.99", "fd71::/120"], "22,80,443,5432,6379"
        for found in self.both(*hosts, "-p", ports, "--timeout", "400ms", "--retries", "3"):
            self.assertEqual(differences(self.lab, ports, hosts, found.lines), "")

    def test_what_talks_first_is_listened_to(self):
        for found in self.both("10.71.0.10", "fd71::10", "10.71.0.20", "-p", "22,25", "--banner"):
            self.assertEqual(found.at("10.71.0.10", 22)["banner"], "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n")
            self.assertEqual(found.at("fd71::10", 22)["service"], "ssh")
            self.assertEqual(found.at("10.71.0.20", 25)["banner"], "220 mail.example ESMTP\r\n")

    def test_what_waits_is_asked_one_line(self):
        for found in self.both("10.71.0.16", "10.71.0.19", "fd71::16", "10.71.0.22", "-p", "6379,8080", "--banner"):
            self.assertEqual(found.at("10.71.0.16", 6379)["banner"], "+PONG\r\n")
            self.assertEqual(found.at("fd71::16", 6379)["service"], "redis")
            self.assertIn("NOAUTH", found.at("10.71.0.19", 6379)["banner"])
            self.assertEqual(found.at("10.71.0.22", 8080)["service"], "http")

    def test_what_happens_after_accepting_is_told(self):
        for found in self.both("10.71.0.14", "10.71.0.15", "10.71.0.29", "-p", "80,5432", "--banner", "--timeout", "400ms"):
            closed, reset, silent = found.at("10.71.0.14", 5432), found.at("10.71.0.15", 5432), found.at("10.71.0.29", 80)
            self.assertEqual([r["state"] for r in (closed, reset, silent)], ["open"] * 3)
            self.assertEqual(closed["evidence"]["after_accept"], "closed")
            self.assertEqual(reset["evidence"]["after_accept"], "reset")
            self.assertNotIn("after_accept", silent.get("evidence", {}))

    def test_the_kernels_clock_tells_a_slow_endpoint_from_a_fast_one(self):
        for found in self.both("10.71.0.28", "10.71.0.22", "-p", "80"):
            slow, fast = found.at("10.71.0.28", 80), found.at("10.71.0.22", 80)
            self.assertEqual((slow["rtt_clock"], fast["rtt_clock"]), ("kernel", "kernel"))
            self.assertGreaterEqual(slow["rtt_us"], 150_000)
            self.assertLess(fast["rtt_us"], 100_000)

    def test_a_rejection_says_who_sent_it(self):
        for found in self.both("10.71.1.130", "fd71::1005", "-p", "22"):
            v4, v6 = (found.at(address, 22)["evidence"]["icmp"] for address in ("10.71.1.130", "fd71::1005"))
            self.assertEqual((v4["type"], v4["code"]), (3, 13))
            self.assertEqual((v6["type"], v6["code"]), (1, 1))
            self.assertTrue(v4["from"].startswith("10.255.") and v6["from"].startswith("fd00:255:"), (v4, v6))

    def test_a_neighbour_that_does_not_answer_is_told_apart(self):
        for found in self.both("10.72.0.25", "-p", "22", "--timeout", "5s", "--retries", "0"):
            absent = found.at("10.72.0.25", 22)
            self.assertEqual((absent["state"], absent["reason"]), ("filtered", "host-unreach"))
            self.assertEqual(absent["evidence"]["neighbour"], "unresolved")

    def test_broadcast_and_network_addresses_of_attached_subnets_are_left_out(self):
        found = scan(self.lab, "10.72.0.252-10.72.0.255", "-p", "22")
        self.assertNotIn("10.72.0.255", {record["addr"] for record in found.endpoints})
        self.assertEqual(found.summary["errors"], 0)

    def test_pairs_with_labels(self):
        for found in self.both("10.71.0.10:22 label=jump", "[fd71::16]:6379 label=cache sni=cache.example", "10.72.0.10:8000"):
            self.assertEqual(found.at("10.71.0.10", 22)["name"], "jump")
            self.assertEqual(found.at("fd71::16", 6379)["sni"], "cache.example")
            self.assertEqual(len(found.endpoints), 3)

    def test_no_time_wait_is_left_behind(self):
        scan(self.lab, "10.71.0.0/24", "10.72.0.10-10.72.0.19", "-p", "22,443,8000-8010", "--timeout", "300ms")
        left = self.lab.exec(["ss", "-tanH", "state", "time-wait"], capture_output=True, text=True).stdout
        self.assertEqual(left, "")


if __name__ == "__main__":
    unittest.main()
