"""The reflector fleet: what both kinds must show, and what it cannot do."""

import os
import unittest

from labkit import Lab, LabError
from labkit.lab import default_build

from .behaviours import EveryFleet
from .needs import look, need_lab, raw_look

need_lab("reflector", "tun_cable")


class ReflectorFleet(EveryFleet, unittest.TestCase):
    kind = "reflector"

    def test_it_counts(self):
        before = self.lab.counters()
        look(self.lab, [("10.71.0.1", 80), ("10.71.0.1", 81), ("10.71.0.2", 80), ("fd71::4", 80)], timeout_s=0.3)
        after = self.lab.counters()
        told = {name: after[name] - before[name] for name in after}
        self.assertEqual((told["syn_received"], told["syn_ack_sent"], told["rst_sent"], told["silent"],
                          told["icmp_sent"], told["bad_checksum"]), (4, 1, 1, 1, 1, 0))

    def test_a_tun_link_is_refused_with_the_remedy(self):
        truth = {"subnets": [{"prefix": "10.71.0.0/24", "interface": "tunnel", "link": "tun"}]}
        with self.assertRaisesRegex(LabError, "Ethernet frames only.*--kind kernel"):
            Lab(truth, kind="reflector", name=f"{self.lab.name}-tun").up()

    def test_what_needs_a_service_is_refused_with_the_remedy(self):
        truth = {"subnets": [{"prefix": "10.71.0.0/24", "interface": "left"}],
                 "rules": [{"hosts": ["10.71.0.1"], "ports": "25", "is": "banner", "banner": "hello"}]}
        with self.assertRaisesRegex(LabError, "cannot be banner.*--kind kernel"):
            Lab(truth, kind="reflector", name=f"{self.lab.name}-refused").up()


class SynProxy(unittest.TestCase):
    TRUTH = {"subnets": [{"prefix": "10.71.0.0/24", "interface": "left"}], "default": "open",
             "rules": [{"hosts": ["10.71.0.2"], "ports": "*", "is": "syn-proxy"}]}

    def test_it_accepts_without_window_or_options(self):
        with Lab(self.TRUTH, kind="reflector") as lab:
            seen = raw_look(lab, ["10.71.0.1", "10.71.0.2"], 80)
        self.assertEqual(seen["10.71.0.1"], {"answer": "syn-ack", "window": 64240, "options": 4})
        self.assertEqual(seen["10.71.0.2"], {"answer": "syn-ack", "window": 0, "options": 0})

    def test_a_kernel_is_none(self):
        with self.assertRaisesRegex(LabError, "cannot be syn-proxy.*--kind reflector"):
            Lab(self.TRUTH, name=f"test{os.getpid()}-proxy", build=default_build()).up()


if __name__ == "__main__":
    unittest.main()
