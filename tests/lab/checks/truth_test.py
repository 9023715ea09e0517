"""Truth files: reading, overlapping rules, and errors that name the place."""

import io
import unittest

from labkit import Truth, TruthError
from labkit.listing import write_truth
from labkit.ports import parse_ports
from labkit.selection import Selection

SUBNET = {"prefix": "10.71.0.0/24", "interface": "left"}
SUBNET6 = {"prefix": "fd71::/112", "interface": "left"}


def rule(hosts, ports, word, **more):
    return {"hosts": [hosts], "ports": ports, "is": word, **more}


def listing(document, ports, hosts=()):
    truth, out = Truth.parse(document), io.StringIO()
    write_truth(truth, Selection(truth, list(hosts), parse_ports(ports)), out)
    return out.getvalue().splitlines()


class Listing(unittest.TestCase):
    def test_what_no_rule_names_has_the_default(self):
        self.assertEqual(listing({"subnets": [SUBNET]}, "22", ["10.71.0.7"]), ["10.71.0.7 22 closed conn-refused"])
        self.assertEqual(listing({"subnets": [SUBNET], "default": "silent"}, "22", ["10.71.0.7"]),
                         ["10.71.0.7 22 filtered no-response"])

    def test_the_last_rule_wins(self):
        rules = [rule("10.71.0.0/25", "20-30", "open"), rule("10.71.0.4-10.71.0.5", "22,25", "silent"),
                 rule("10.71.0.5", "25", "admin-prohibited")]
        self.assertEqual(listing({"subnets": [SUBNET], "rules": rules}, "22,25", ["10.71.0.3-10.71.0.5"]), [
            "10.71.0.3 22 open syn-ack", "10.71.0.3 25 open syn-ack",
            "10.71.0.4 22 filtered no-response", "10.71.0.4 25 filtered no-response",
            "10.71.0.5 22 filtered no-response", "10.71.0.5 25 filtered admin-prohibited",
        ])

    def test_a_later_rule_may_take_an_earlier_one_back(self):
        rules = [rule("10.71.0.0/24", "*", "silent"), rule("10.71.0.9", "*", "closed")]
        self.assertEqual(listing({"subnets": [SUBNET], "rules": rules}, "1,65535", ["10.71.0.9"]),
                         ["10.71.0.9 1 closed conn-refused", "10.71.0.9 65535 closed conn-refused"])

    def test_both_families_sorted_and_each_host_once(self):
        lines = listing({"subnets": [SUBNET6, SUBNET]}, "80", ["fd71::1", "10.71.0.2", "10.71.0.0/30"])
        self.assertEqual([line.split()[0] for line in lines],
                         ["10.71.0.0", "10.71.0.1", "10.71.0.2", "10.71.0.3", "fd71::1"])

    def test_an_on_link_subnet_lacks_the_addresses_that_are_no_hosts(self):
        lines = listing({"subnets": [{**SUBNET, "prefix": "10.72.0.0/29", "on_link": True}]}, "80")
        self.assertEqual([line.split()[0] for line in lines], [f"10.72.0.{n}" for n in range(1, 6)])

    def test_every_word_has_its_verdict(self):
        words = {
            "open": "open syn-ack", "accept-and-silence": "open syn-ack", "reset-after-accept": "open syn-ack",
            "close-after-accept": "open syn-ack", "closed": "closed conn-refused", "silent": "filtered no-response",
            "net-unreach": "filtered net-unreach", "host-unreach": "filtered host-unreach",
            "proto-unreach": "filtered proto-unreach", "port-unreach": "filtered port-unreach",
            "admin-prohibited": "filtered admin-prohibited",
        }
        for word, verdict in words.items():
            with self.subTest(word):
                document = {"subnets": [SUBNET], "rules": [rule("10.71.0.1", "9", word)]}
                self.assertEqual(listing(document, "9", ["10.71.0.1"]), [f"10.71.0.1 9 {verdict}"])

    def test_ten_thousand_scattered_rules(self):
        hosts = [f"10.71.{n % 256}.{n // 256}" for n in range(0, 65536, 7)]
        document = {"subnets": [{**SUBNET, "prefix": "10.71.0.0/16"}],
                    "rules": [{"hosts": [host], "ports": str(20 + n % 3), "is": "open"} for n, host in enumerate(hosts)]}
        lines = listing(document, "20-22")
        self.assertEqual(len(lines), 3 * 65536)
        self.assertEqual(sum(line.endswith("open syn-ack") for line in lines), len(hosts))


class Errors(unittest.TestCase):
    ROWS = [
        ("no subnets", {}, '"subnets" is missing'),
        ("a mistyped key", {"subnets": [SUBNET], "defualt": "open"}, 'unknown key "defualt"'),
        ("host bits", {"subnets": [{**SUBNET, "prefix": "10.71.0.1/24"}]}, "subnets[0].prefix"),
        ("an interface of another kind", {"subnets": [{**SUBNET, "interface": "lo"}]}, "subnets[0].interface"),
        ("overlapping subnets", {"subnets": [SUBNET, {**SUBNET, "prefix": "10.71.0.0/16"}]}, "overlap"),
        ("an unknown word", {"subnets": [SUBNET], "rules": [rule("10.71.0.1", "1", "ajar")]}, "rules[0].is"),
        ("a bad port", {"subnets": [SUBNET], "rules": [rule("10.71.0.1", "1,70000", "open")]}, "rules[0].ports"),
        ("a bad address", {"subnets": [SUBNET], "rules": [rule("10.71.0.256", "1", "open")]}, "rules[0].hosts[0]"),
        ("a host of no subnet", {"subnets": [SUBNET], "rules": [rule("10.99.0.1", "1", "open")]}, "none of the subnets"),
        ("a banner without text", {"subnets": [SUBNET], "rules": [rule("10.71.0.1", "1", "banner")]}, "belong together"),
        ("a text without banner", {"subnets": [SUBNET], "rules": [rule("10.71.0.1", "1", "open", banner="x")]},
         "belong together"),
        ("protocol unreachable in IPv6", {"subnets": [SUBNET6], "rules": [rule("fd71::1", "1", "proto-unreach")]},
         "IPv4 only"),
        ("an absent host behind a router", {"subnets": [SUBNET], "rules": [rule("10.71.0.1", "*", "absent")]}, "on_link"),
        ("an unknown kind of link", {"subnets": [{**SUBNET, "link": "wire"}]}, "subnets[0].link"),
        ("a tun link with neighbours", {"subnets": [{**SUBNET, "link": "tun", "on_link": True}]}, "no neighbours"),
        ("an interface of two kinds", {"subnets": [{**SUBNET, "link": "tun"}, SUBNET6]}, "two kinds of link"),
        ("a SYN proxy at one port", {"subnets": [SUBNET], "rules": [rule("10.71.0.1", "80", "syn-proxy")]}, "on all ports"),
        ("a loss above one", {"subnets": [SUBNET], "loss": {"syn": 20}}, "loss.syn"),
    ]

    def test_an_error_names_its_place(self):
        for what, document, expected in self.ROWS:
            with self.subTest(what), self.assertRaises(TruthError) as caught:
                Truth.parse(document)
            self.assertIn(expected, str(caught.exception))


if __name__ == "__main__":
    unittest.main()
