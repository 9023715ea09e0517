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
SPARSE = {
    "subnets": [{"prefix": "10.72.0.0/20", "interface": "right", "on_link": True}],
    "default": "closed",
    "rules": [{"hosts": ["10.72.0.0/20"], "ports": "*", "is": "absent"},
              {"hosts": [f"10.72.{third}.{9 * third + 1}" for third in range(16)], "ports": "*", "is": "open"}],
}

# An entry that answered can be collected only after it went stale: by default
# up to 45 s later. With these after 3 s at most, and the test is short. (With
# the first one alone the kernel asks again and again, and it never goes stale.)
SHORT_LIVED = ["net.ipv4.neigh.link.base_reachable_time_ms=2000", "net.ipv4.neigh.link.delay_first_probe_time=1"]


class AttachedNetwork(unittest.TestCase):
    def sweep(self, fleet, hosts, *options):
        with Lab(fleet) as lab:
            lab.exec(["sysctl", "-qw", f"net.ipv4.neigh.right.base_reachable_time_ms={REACHABLE_MS}"]).check_returncode()
            found = scan(lab, hosts, "-p", "80", "--rate", "0", *options)
            self.assertEqual(found.exit_code, 0, found.stderr)
            self.assertEqual(differences(lab, "80", [hosts], found.lines), "")
            self.assertEqual(found.summary["errors"], 0)

    def test_every_host_answers(self):
        self.sweep(LIVE, "10.72.0.0/21")

    def test_few_hosts_are_there(self):
        # An unanswered ARP request is given up, and told as host-unreach, after 3 s.
        self.sweep(SPARSE, "10.72.0.0/20", "--timeout", "4s", "--retries", "0")


if __name__ == "__main__":
    unittest.main()
