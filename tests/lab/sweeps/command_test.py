"""The command line: exit codes, plans, formats, and errors that say what to do."""

import os
import re
import subprocess
import tempfile
import unittest

from checks.needs import need_lab
from labkit import Lab

from .scan import SONDE

need_lab("fleet_services")

FLEET = {"subnets": [{"prefix": "10.71.0.0/24", "interface": "left"}], "default": "closed",
         "rules": [{"hosts": ["10.71.0.0/28"], "ports": "80", "is": "open"}]}


class CommandLine(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lab = Lab(FLEET).up()
        cls.addClassCleanup(cls.lab.down)

    def sonde(self, *words, **options):
        return self.lab.exec([SONDE, *words], capture_output=True, text=True, timeout=60, **options)

    def test_wrong_input_is_exit_code_2_with_place_and_expectation(self):
        rows = [
            (["scan"], "target"),
            (["scan", "10.71.0.0/33", "-p", "80"], "10.71.0.0/33"),
            (["scan", "10.71.0.1"], "-p"),
            (["scan", "10.71.0.1", "-p", "80,foo"], "foo"),
            (["scan", "10.71.0.1", "-p", "70000"], "70000"),
            (["scan", "8.8.8.8", "-p", "53"], "--allow-public"),
            (["scan", "224.0.0.1", "-p", "53"], "multicast"),
            (["scan", "10.71.0.1", "-p", "80", "--rate", "fast"], "--rate"),
            (["scan", "10.71.0.1", "-p", "80", "--timeout", "0"], "--timeout"),
            (["scan", "10.71.0.1", "-p", "80", "--completeness", "100%"], "--completeness"),
            (["scan", "10.71.0.1", "-p", "80", "--show", "opened"], "--show"),
            (["scan", "10.71.0.1", "-p", "80", "--shard", "3/2"], "--shard"),
            (["scan", "10.71.0.1", "-p", "80", "-o", "found.xyz"], "found.xyz"),
            (["scan", "10.71.0.1", "-p", "80", "-o", "a.csv", "-o", "a.csv"], "twice"),
            (["scan", "10.71.0.1", "-p", "80", "-o", "a.csv", "-o", "./a.csv"], "twice"),
            (["scan", "10.71.0.1", "-p", "80", "-o", "a.csv", "--journal", "./a.csv"], "same file"),
            (["scan", "10.71.0.1", "-p", "80", "--shard", "1/2"], "--seed"),
            (["scan", "10.71.0.1", "-p", "80", "--rate", "0.0001"], "0.001"),
            (["scan", "10.71.0.1", "-p", "80", "--concurrency", "0"], "--concurrency"),
            (["scan", "10.71.0.1", "-p", "80", "--interface", "none0"], "--interface"),
            (["scan", "--resume", "/nonexistent"], "/nonexistent"),
            (["scan", "--resume", "/etc/passwd"], "not a journal"),
            (["scan", "-iL", "/nonexistent", "-p", "80"], "/nonexistent"),
            (["sacn"], "sacn"),
            ([], "usage"),
        ]
        for words, told in rows:
            with self.subTest(words=words):
                done = self.sonde(*words)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertIn(told, done.stderr)
                self.assertEqual(done.stdout, "")

    def test_a_wrong_line_of_a_file_is_named(self):
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            file.write("10.71.0.1\n# a comment\n10.71.0.2   10.71.0.300\n")
            file.flush()
            done = self.sonde("scan", "-iL", file.name, "-p", "80")
            self.assertEqual(done.returncode, 2)
            self.assertIn(f"{file.name}:3:21", done.stderr)

    def test_standard_input_and_standard_output(self):
        done = self.sonde("scan", "-iL", "-", "-p", "80", "-o", "-", "--format", "csv", "--quiet", input="10.71.0.1\n10.71.0.2 # two\n")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(done.stdout.splitlines()), 3)

    def test_the_table_is_for_people(self):
        done = self.sonde("scan", "10.71.0.0/27", "-p", "80")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("10.71.0.15", done.stdout)
        self.assertNotIn("10.71.0.16\n", done.stdout)
        self.assertIn("16 open, 16 closed", done.stdout)

    def test_a_plan_sends_nothing(self):
        before = self.syns()
        done = self.sonde("scan", "10.71.0.0/24", "-p", "80,443", "--plan")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.syns(), before)
        for told in ("512", "left", "10.255."):
            self.assertIn(told, done.stdout)

    def syns(self):
        """How many connects the scanner's kernel has begun."""
        done = self.lab.exec(["cat", "/proc/net/snmp"], capture_output=True, text=True)
        names, values = [line.split() for line in done.stdout.splitlines() if line.startswith("Tcp:")]
        return dict(zip(names, values))["ActiveOpens"]

    def test_the_same_seed_gives_the_same_order(self):
        orders = []
        for _ in range(2):
            with tempfile.TemporaryDirectory() as folder:
                out = os.path.join(folder, "found.csv")
                self.sonde("scan", "10.71.0.0/26", "-p", "80", "--seed", "11", "--rate", "100", "-o", out, "--show", "all", "--threads", "1")
                with open(out, encoding="utf-8") as file:
                    orders.append([line.split(",")[1] for line in file])
        self.assertEqual(orders[0], orders[1])
        self.assertNotEqual(orders[0][1:], sorted(orders[0][1:]), "shuffled")

    def test_shards_tell_the_digest_by_which_they_fit_together(self):
        told = set()
        for part in ("1/2", "2/2"):
            done = self.sonde("scan", "10.71.0.0/28", "-p", "80", "--shard", part, "--seed", "3")
            self.assertEqual(done.returncode, 0, done.stderr)
            told.add(re.search(r"target digest ([0-9a-f]{16}):", done.stderr)[1])
        self.assertEqual(len(told), 1)
        whole = self.sonde("scan", "10.71.0.0/28", "-p", "80")
        self.assertNotIn("digest", whole.stderr)

    def test_doctor_and_version_and_help(self):
        self.assertEqual(self.sonde("doctor").returncode, 0)
        self.assertIn("connect (io_uring)", self.sonde("--version").stdout)
        for words in (["--help"], ["scan", "--help"], ["doctor", "--help"]):
            done = self.sonde(*words)
            self.assertEqual(done.returncode, 0)
            self.assertIn("xit codes", done.stdout)


if __name__ == "__main__":
    unittest.main()
