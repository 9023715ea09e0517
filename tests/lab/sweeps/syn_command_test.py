"""Half-open sweeps: rights, faults of our own, banners, captures."""

import os
import tempfile
import unittest

from checks.needs import need_lab
from labkit import Lab

from .capture import ACK, RST, SYN, read_segments
from .scan import differences, scan, without_raw_sockets

need_lab("fleet_services", "delay_lines")

DEMO = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "fleets", "demo.json")


class Demo(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lab = Lab(DEMO).up()
        cls.addClassCleanup(cls.lab.down)

    def inside(self, *words):
        done = self.lab.exec([*words], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)

    def assert_all(self, found, state, reason):
        self.assertEqual({(r["state"], r["reason"]) for r in found.endpoints}, {(state, reason)}, found.stderr)

    def test_without_the_right_it_falls_back_to_connects_and_says_so(self):
        hosts = ["10.71.0.10-10.71.0.19"]
        found = scan(self.lab, *hosts, "-p", "22", engine="auto", wrapper=without_raw_sockets())
        self.assertEqual(found.exit_code, 0, found.stderr)
        self.assertTrue(found.summary["engine"].startswith("connect"))
        self.assertEqual(differences(self.lab, "22", hosts, found.lines), "")
        told = [line for line in found.summary["notes"] + found.stderr.splitlines() if "raw" in line.lower()]
        self.assertEqual(len(set(told)), 1, told)
        self.assertIn("connect", told[0])

    def test_without_the_right_syn_by_name_names_the_remedy(self):
        found = scan(self.lab, "10.71.0.10", "-p", "22", engine="syn", wrapper=without_raw_sockets())
        self.assertEqual(found.exit_code, 4, found.stderr)
        self.assertIn("setcap", found.stderr)
        self.assertIn("--engine connect", found.stderr)
        self.assertEqual(found.lines, [])

    def test_with_the_right_auto_is_syn(self):
        found = scan(self.lab, "10.71.0.10", "-p", "22", engine="auto")
        self.assertTrue(found.summary["engine"].startswith("syn"))

    def test_banners_follow(self):
        hosts, ports = ["10.71.0.0/24", "fd71::/120"], "22,25,6379,8080"
        found = scan(self.lab, *hosts, "-p", ports, "--banner", "--timeout", "600ms", engine="syn")
        self.assertEqual(found.exit_code, 0, (found.stderr, found.summary.get("notes")))
        self.assertEqual(differences(self.lab, ports, hosts, found.lines), "")
        ssh = {r["banner"] for r in found.endpoints if (r["port"], r["state"]) == (22, "open")}
        self.assertEqual(ssh, {"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n"})
        self.assertEqual(found.at("10.71.0.20", 25)["banner"], "220 mail.example ESMTP\r\n")
        self.assertEqual(found.at("10.71.0.16", 6379)["banner"], "+PONG\r\n")
        self.assertEqual(found.at("fd71::16", 6379)["service"], "redis")
        self.assertEqual(found.at("10.71.0.22", 8080)["service"], "http")

    def test_what_happens_after_accepting_is_told(self):
        found = scan(self.lab, "10.71.0.14", "10.71.0.15", "10.71.0.29", "-p", "80,5432", "--banner", "--timeout", "400ms", engine="syn")
        closed, reset, silent = found.at("10.71.0.14", 5432), found.at("10.71.0.15", 5432), found.at("10.71.0.29", 80)
        self.assertEqual([r["state"] for r in (closed, reset, silent)], ["open"] * 3)
        self.assertEqual((closed["evidence"]["after_accept"], reset["evidence"]["after_accept"]), ("closed", "reset"))
        self.assertNotIn("after_accept", silent.get("evidence", {}))

    def test_a_slow_endpoint_has_a_long_round_trip(self):
        found = scan(self.lab, "10.71.0.28", "10.71.0.22", "-p", "80", engine="syn")
        self.assertGreaterEqual(found.at("10.71.0.28", 80)["rtt_us"], 149_000)  # TSvals count whole milliseconds
        self.assertLess(found.at("10.71.0.22", 80)["rtt_us"], 100_000)

    def test_no_route_is_ours(self):
        found = scan(self.lab, "10.99.0.0/28", "fd99::/124", "-p", "80", engine="syn")
        self.assert_all(found, "error", "local-no-route")
        self.assertEqual((found.exit_code, found.summary["errors"]), (3, 32))

    def test_a_gateway_that_does_not_answer_is_ours(self):
        self.inside("ip", "address", "add", "10.254.0.1/24", "dev", "left")
        self.inside("ip", "route", "add", "10.88.0.0/30", "via", "10.254.0.77")
        self.addCleanup(self.inside, "ip", "address", "del", "10.254.0.1/24", "dev", "left")
        found = scan(self.lab, "10.88.0.0/30", "-p", "80", "--retries", "0", engine="syn")
        self.assert_all(found, "error", "local-no-gateway")

    def test_a_prohibiting_route_is_ours(self):
        self.inside("ip", "route", "add", "prohibit", "10.71.1.240/28")
        self.addCleanup(self.inside, "ip", "route", "del", "prohibit", "10.71.1.240/28")
        self.assert_all(scan(self.lab, "10.71.1.240/28", "-p", "80", engine="syn"), "error", "local-denied")

    def test_a_capture_holds_what_was_sent_and_what_came(self):
        hosts = ["10.71.0.0/27", "10.72.0.10-10.72.0.13", "fd71::/123"]
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "sweep.pcap")
            found = scan(self.lab, *hosts, "-p", "22,80", "--capture", path, engine="syn")
            self.assertEqual(found.exit_code, 0, (found.stderr, found.summary and found.summary.get("notes")))
            segments = read_segments(path)
        asked = [s.peer for s in segments if s.sent and s.flags & (SYN | ACK) == SYN]
        accepted = {s.peer for s in segments if not s.sent and s.flags & (SYN | ACK) == SYN | ACK}
        refused = {s.peer for s in segments if not s.sent and s.flags & RST}
        told = {state: {(r["addr"], r["port"]) for r in found.endpoints if r["state"] == state} for state in ("open", "closed")}
        self.assertEqual(set(asked), {(r["addr"], r["port"]) for r in found.endpoints})
        self.assertEqual(len(asked), found.summary["ledger"]["packets_sent"])
        self.assertEqual((accepted, refused), (told["open"], told["closed"]))
        self.assertTrue(told["open"] and told["closed"])

    def test_a_capture_that_exists_is_not_overwritten(self):
        with tempfile.NamedTemporaryFile(suffix=".pcap") as file:
            file.write(b"of another sweep")
            file.flush()
            found = scan(self.lab, "10.71.0.10", "-p", "22", "--capture", file.name, engine="syn")
            self.assertNotEqual(found.exit_code, 0)
            self.assertIn(file.name, found.stderr)
            with open(file.name, "rb") as kept:
                self.assertEqual(kept.read(), b"of another sweep")


if __name__ == "__main__":
    unittest.main()
