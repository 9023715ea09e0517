"""Attached networks larger than the kernel's neighbour table: no host is lost to "neighbor table overflow"."""

import unittest

from checks.needs import need_lab
from labkit import Lab

from .scan import differences, scan

need_lab("fleet_services")

LIVE = {
    "subnets": [{"prefix": "10.72.0.0/21", "interface": "right", "on_link": True}],
    "default": "open",
    "rules": [{"hosts": ["10.72.3.0/25", "10.72.7.7"], "ports": "*", "is": "closed"}],
}
PRESENT = [f"10.72.{third}.{9 * third + 1}" for third in range(16)]
SPARSE = {
    "subnets": [{"prefix": "10.72.0.0/20", "interface": "right", "on_link": True}],
    "default": "closed",
    "rules": [{"hosts": ["10.72.0.0/20"], "ports": "*", "is": "absent"},
              {"hosts": PRESENT, "ports": "*", "is": "open"}],
}

# An entry that answered can be collected only after it went stale: by default
# up to 45 s later. With these after 3 s at most, and the test is short. (With
# the first one alone the kernel asks again and again, and it never goes stale.)
SHORT_LIVED = ["net.ipv4.neigh.right.base_reachable_time_ms=2000", "net.ipv4.neigh.right.delay_first_probe_time=1"]


class AttachedNetwork(unittest.TestCase):
    def sweep(self, lab, hosts, *options):
        lab.exec(["sysctl", "-qw", *SHORT_LIVED]).check_returncode()
        found = scan(lab, hosts, "-p", "80", "--rate", "0", *options)
        self.assertEqual(found.exit_code, 0, found.stderr)
        self.assertEqual(found.summary["errors"], 0)
        return found

    # The first and the last two addresses are the network's, the scanner's and the broadcast address.
    def test_every_host_answers(self):
        hosts = "10.72.0.1-10.72.7.253"
        with Lab(LIVE) as lab:
            self.assertEqual(differences(lab, "80", [hosts], self.sweep(lab, hosts).lines), "")

    # One pass: no retry may make up for a lost SYN. Of who is absent, the kernel tells host-unreach only as
    # often as its ICMP limit allows, so that the reasons are no matter here.
    def test_few_hosts_are_there(self):
        with Lab(SPARSE) as lab:
            found = self.sweep(lab, "10.72.0.1-10.72.15.253", "--timeout", "500ms", "--retries", "0")
        self.assertEqual(len(found.endpoints), 4093)
        self.assertEqual(sorted(r["addr"] for r in found.endpoints if r["state"] == "open"), sorted(PRESENT))


class DeadGateway(unittest.TestCase):
    def test_its_silence_is_not_the_targets(self):
        """Linux tells a connect after three seconds; by then it has timed out."""
        with Lab(LIVE) as lab:
            for words in ("ip route add 10.99.0.0/24 via 10.98.0.77 dev right onlink", "ip address add fd98::1/64 dev right nodad",
                          "ip -6 route add fd99::/64 via fd98::77 dev right"):
                lab.scanner.run(words.split())
            found = scan(lab, "10.99.0.0/29", "fd99::/125", "10.72.0.9", "-p", "80", "--retries", "0")
        self.assertEqual((found.exit_code, found.summary["degraded"]), (3, True))
        notes = " ".join(found.summary["notes"])
        self.assertIn("the gateway 10.98.0.77 on right does not answer ARP", notes)
        self.assertIn("the gateway fd98::77 on right does not answer NDP", notes)
        self.assertEqual(found.at("10.72.0.9", 80)["state"], "open")


if __name__ == "__main__":
    unittest.main()
