"""The kernel fleet: what both kinds must show, and what it alone can do."""

import json
import unittest

from labkit import Lab

from .behaviours import EveryFleet
from .needs import look, need_lab, raw_look

need_lab("fleet_services", "delay_lines", "tun_cable")

BANNER = "220 mail.example ESMTP\r\n"
TALKATIVE = {
    "subnets": [{"prefix": "10.71.0.0/24", "interface": "left"}, {"prefix": "fd71::/112", "interface": "left"}],
    "rules": [
        {"hosts": ["10.71.0.1", "fd71::1"], "ports": "25", "is": "banner", "banner": BANNER},
        {"hosts": ["10.71.0.2"], "ports": "25", "is": "banner", "banner": "554 go away\r\n"},
        {"hosts": ["10.71.0.3", "fd71::3"], "ports": "25", "is": "reply",
         "replies": {"PING\r\n": "+PONG\r\n", "QUIT\r\n": "+OK\r\n"}},
        {"hosts": ["10.71.0.4", "fd71::4"], "ports": "25", "is": "slow", "delay_ms": 150},
        {"hosts": ["10.71.0.5"], "ports": "25", "is": "slow", "delay_ms": 400},
        {"hosts": ["10.71.0.6", "fd71::6"], "ports": "*", "is": "open"},
    ],
}


class KernelFleet(EveryFleet, unittest.TestCase):
    kind = "kernel"


class Services(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lab = Lab(TALKATIVE).up()
        cls.addClassCleanup(cls.lab.down)

    def test_one_port_speaks_differently_at_each_address(self):
        rows = [
            (("10.71.0.1", 25), BANNER), (("fd71::1", 25), BANNER), (("10.71.0.2", 25), "554 go away\r\n"),
            (("10.71.0.3", 25), "silence"), (("10.71.0.3", 25, "PING\r\n"), "+PONG\r\n"),
            (("fd71::3", 25, "QUIT\r\n"), "+OK\r\n"), (("10.71.0.3", 25, "HELO\r\n"), "silence"),
        ]
        for (endpoint, then), seen in zip(rows, look(self.lab, [endpoint for endpoint, _ in rows])):
            with self.subTest(endpoint):
                self.assertEqual((seen["connect"], seen["then"]), ("ok", then))

    def test_a_slow_endpoint_takes_at_least_its_delay(self):
        for address, delay_ms in [("10.71.0.4", 150), ("fd71::4", 150), ("10.71.0.5", 400)]:
            with self.subTest(address):
                seen, = look(self.lab, [(address, 25)], timeout_s=3)
                self.assertEqual(seen["connect"], "ok")
                self.assertGreaterEqual(seen["ms"], delay_ms)

    def test_all_ports_of_a_host_can_be_open(self):
        endpoints = [(address, port) for address in ("10.71.0.6", "fd71::6") for port in (1, 25, 20001, 20002, 65535)]
        self.assertEqual({seen["connect"] for seen in look(self.lab, endpoints, stay=False)}, {"ok"})

    def test_the_ports_of_the_services_themselves_stay_closed(self):
        endpoints = [("10.71.0.1", port) for port in range(20001, 20008)] + [("fd71::1", 20001)]
        self.assertEqual({seen["connect"] for seen in look(self.lab, endpoints, stay=False)}, {"ECONNREFUSED"})


class TunLink(unittest.TestCase):
    TRUTH = {
        "subnets": [{"prefix": "10.71.0.0/24", "interface": "left"},
                    {"prefix": "10.73.0.0/24", "interface": "tunnel", "link": "tun"},
                    {"prefix": "fd73::/112", "interface": "tunnel", "link": "tun"}],
        "rules": [{"hosts": ["10.71.0.1", "10.73.0.1", "fd73::1"], "ports": "25", "is": "banner", "banner": BANNER},
                  {"hosts": ["10.73.0.2", "fd73::2"], "ports": "*", "is": "silent"},
                  {"hosts": ["10.73.0.3", "fd73::3"], "ports": "*", "is": "admin-prohibited"}],
    }

    @classmethod
    def setUpClass(cls):
        cls.lab = Lab(cls.TRUTH).up()
        cls.addClassCleanup(cls.lab.down)

    def test_a_fleet_behind_a_link_without_link_layer(self):
        rows = [
            (("10.71.0.1", 25), "ok", BANNER), (("10.73.0.1", 25), "ok", BANNER), (("fd73::1", 25), "ok", BANNER),
            (("10.73.0.1", 26), "ECONNREFUSED", None), (("fd73::1", 26), "ECONNREFUSED", None),
            (("10.73.0.2", 25), "timeout", None), (("fd73::2", 25), "timeout", None),
            (("10.73.0.3", 25), "EHOSTUNREACH", None), (("fd73::3", 25), "EACCES", None),
        ]
        for (endpoint, connect, then), seen in zip(rows, look(self.lab, [endpoint for endpoint, _, _ in rows])):
            with self.subTest(endpoint):
                self.assertEqual((seen["connect"], seen["then"]), (connect, then))

    def test_raw_packets_pass(self):
        number = self.lab.truth.interfaces().index("tunnel")
        seen = raw_look(self.lab, ["10.73.0.1", "10.73.0.2", "10.73.0.3"], 25, "tunnel", f"10.255.{number}.1")
        self.assertEqual({host: answer["answer"] for host, answer in seen.items()}, {"10.73.0.1": "syn-ack", "10.73.0.3": "icmp"})

    def test_it_has_no_link_layer(self):
        device, = json.loads(self.lab.scanner.run(["ip", "-j", "link", "show", "tunnel"]))
        self.assertEqual((device["link_type"], device.get("address")), ("none", None))


class Scale(unittest.TestCase):
    def test_a_thousand_scattered_rules(self):
        words = {"open": "ok", "silent": "timeout", "closed": "ECONNREFUSED", "host-unreach": "EHOSTUNREACH"}
        hosts = [f"10.71.{n % 256}.{n // 256 * 3}" for n in range(0, 4096, 4)]
        rules = [{"hosts": [host], "ports": f"{20 + n % 5}", "is": list(words)[n % 4]} for n, host in enumerate(hosts)]
        with Lab({"subnets": [{"prefix": "10.71.0.0/16", "interface": "left"}], "rules": rules}) as lab:
            looks = look(lab, [(host, 20 + n % 5) for n, host in enumerate(hosts)], timeout_s=3, stay=False)
        for n, seen in enumerate(looks):
            self.assertEqual(seen["connect"], list(words.values())[n % 4], hosts[n])


if __name__ == "__main__":
    unittest.main()
