"""Comparing a report with the truth."""

import json
import unittest

from labkit import LabError, Truth
from labkit.comparison import compare
from labkit.ports import parse_ports
from labkit.selection import Selection

TRUTH = Truth.parse({
    "subnets": [{"prefix": "10.71.0.0/30", "interface": "left"}, {"prefix": "fd71::/126", "interface": "left"}],
    "rules": [{"hosts": ["10.71.0.1", "fd71::1"], "ports": "22", "is": "open"},
              {"hosts": ["10.71.0.2"], "ports": "22", "is": "silent"}],
})
PERFECT = [
    ("10.71.0.0", 22, "closed", "conn-refused"), ("10.71.0.1", 22, "open", "syn-ack"),
    ("10.71.0.2", 22, "filtered", "no-response"), ("10.71.0.3", 22, "closed", "reset"),
    ("fd71::", 22, "closed", "reset"), ("fd71::1", 22, "open", "syn-ack"),
    ("fd71::2", 22, "closed", "conn-refused"), ("fd71::3", 22, "closed", "conn-refused"),
]


def report(rows):
    keys = ("addr", "port", "state", "reason")
    lines = [json.dumps({"type": "endpoint", **dict(zip(keys, row))}) for row in rows]
    return lines + [json.dumps({"type": "summary", "open": 2})]


def compared(rows, hosts=(), **options):
    return compare(TRUTH, Selection(TRUTH, list(hosts), parse_ports("22")), report(rows), **options)


class Comparing(unittest.TestCase):
    def test_a_perfect_report_is_equal_in_any_order(self):
        result = compared(reversed(PERFECT))
        self.assertTrue(result.equal)
        self.assertEqual((result.expected, result.matched), (8, 8))

    def test_what_is_left_out_is_missing(self):
        result = compared(PERFECT[1:])
        self.assertEqual(result.missing.first, ["10.71.0.0 22 closed conn-refused"])
        self.assertFalse(result.equal)

    def test_another_state_or_reason_is_different(self):
        for row in [("10.71.0.0", 22, "open", "syn-ack"), ("10.71.0.0", 22, "closed", "host-unreach")]:
            with self.subTest(row):
                result = compared([row] + PERFECT[1:])
                self.assertEqual((result.different.count, result.missing.count, result.surplus.count), (1, 0, 0))

    def test_what_was_not_asked_for_or_comes_twice_is_surplus(self):
        for row in [PERFECT[0], ("10.99.0.1", 22, "open", "syn-ack"), ("10.71.0.0", 23, "closed", "reset")]:
            with self.subTest(row):
                self.assertEqual(compared(PERFECT + [row]).surplus.count, 1)

    def test_only_the_states_asked_for_count(self):
        opens = [row for row in PERFECT if row[2] == "open"]
        self.assertTrue(compared(opens, show=("open",)).equal)
        self.assertTrue(compared(PERFECT, show=("open",)).equal)
        wrong = opens + [("10.71.0.2", 22, "open", "syn-ack")]
        self.assertEqual(compared(wrong, show=("open",)).surplus.count, 1)

    def test_a_selection_of_hosts(self):
        self.assertTrue(compared(PERFECT[:2], hosts=["10.71.0.0", "10.71.0.1"]).equal)
        self.assertEqual(compared(PERFECT[:3], hosts=["10.71.0.0/31"]).surplus.count, 1)

    def test_a_report_that_is_none_is_an_error(self):
        for lines in (["{"], ["[]"], ['{"type":"endpoint","addr":"10.71.0.1"}']):
            with self.subTest(lines), self.assertRaises(LabError):
                compare(TRUTH, Selection(TRUTH, [], parse_ports("22")), lines)


if __name__ == "__main__":
    unittest.main()
