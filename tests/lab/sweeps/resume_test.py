"""Interrupted sweeps: kill -9 at any moment, Ctrl-C, and what resuming brings back."""

import csv
import json
import os
import random
import select
import signal
import subprocess
import tempfile
import unittest

from checks.needs import need_lab
from labkit import Lab

from .scan import PATIENCE_S, SONDE, differences

need_lab("fleet_services")

FLEET = {
    "subnets": [{"prefix": "10.71.0.0/19", "interface": "left"}],
    "default": "closed",
    "rules": [{"hosts": ["10.71.0.0/21"], "ports": "80", "is": "open"},
              {"hosts": ["10.71.8.0/21"], "ports": "80,443", "is": "silent"},
              {"hosts": ["10.71.16.0/21"], "ports": "443", "is": "admin-prohibited"}],
}
HOSTS, PORTS = ["10.71.0.0/19"], "80,443"
ENDPOINTS = 2 * 8192
KILLS = 20


class Interrupted(unittest.TestCase):
    engine = "connect"

    @classmethod
    def setUpClass(cls):
        cls.lab = Lab(FLEET).up()
        cls.addClassCleanup(cls.lab.down)

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.journal, self.jsonl, self.csv = (os.path.join(folder.name, name) for name in ("sweep.journal", "found.jsonl", "found.csv"))

    def first(self):
        return [SONDE, "scan", "--engine", self.engine, *HOSTS, "-p", PORTS, "--journal", self.journal,
                "-o", self.jsonl, "-o", self.csv, "--show", "all", "--rate", "12k", "--timeout", "300ms", "--retry-wait", "1ms", "--quiet"]

    def resume(self):
        return [SONDE, "scan", "--resume", self.journal]

    def end_when(self, process, lines, number):
        """Sends the signal once the report has so many lines, or lets it end."""
        while process.poll() is None:
            if self.count_lines() >= lines:
                process.send_signal(number)
                break
        _, stderr = process.communicate(timeout=PATIENCE_S)
        return stderr

    def count_lines(self):
        try:
            with open(self.jsonl, "rb") as file:
                return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))
        except FileNotFoundError:
            return 0

    def complete_lines(self):
        """All complete lines parse, whatever has happened; the last may be cut."""
        with open(self.jsonl, "rb") as file:
            whole = file.read()
        lines = whole[:whole.rfind(b"\n") + 1].decode("utf-8").splitlines()
        for line in lines:
            json.loads(line)
        return lines

    def check_report(self):
        lines = self.complete_lines()
        records = [json.loads(line) for line in lines]
        endpoints = [record for record in records if record["type"] == "endpoint"]
        seen, distinct = set(), []
        for line, record in ((line, json.loads(line)) for line in lines):
            if record["type"] != "endpoint":
                continue
            key = (record["addr"], record["port"])
            if key in seen:
                self.assertTrue(record.get("repeated"), f"{key} came again without a mark")
            else:
                seen.add(key)
                distinct.append(line)
        self.assertEqual(len(seen), ENDPOINTS, "every endpoint is reported")
        self.assertEqual(differences(self.lab, PORTS, HOSTS, distinct), "")
        with open(self.csv, newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual({(row["addr"], int(row["port"])) for row in rows}, seen)
        self.assertTrue(all(None not in row and None not in row.values() for row in rows), "every row has every column")
        self.assertLess(len(endpoints) - len(seen), KILLS * 4096)
        self.assertEqual(records[-1]["type"], "summary")
        self.assertEqual(records[-1]["unreported"], 0)

    def test_killed_twenty_times_at_random_moments(self):
        chance = random.Random(20261123)
        moments = sorted(chance.randrange(ENDPOINTS) for _ in range(KILLS))
        kills, command = 0, self.first()
        for moment in moments:
            process = self.lab.popen(command, stderr=subprocess.PIPE, text=True)
            self.end_when(process, max(moment, self.count_lines() + 1), signal.SIGKILL)
            kills += process.returncode == -signal.SIGKILL
            self.complete_lines()
            command = self.resume()
        self.assertGreater(kills, KILLS // 2)
        done = self.lab.exec(command, capture_output=True, text=True, timeout=PATIENCE_S)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.check_report()

    def test_ctrl_c_closes_everything_and_says_how_to_go_on(self):
        process = self.lab.popen([word for word in self.first() if word != "--quiet"], stderr=subprocess.PIPE, text=True)
        stderr = self.end_when(process, 2000, signal.SIGINT)
        self.assertEqual(process.returncode, 130, stderr)
        self.assertIn(f"sonde scan --resume {self.journal}", stderr)
        summary = json.loads(self.complete_lines()[-1])
        self.assertTrue(summary["interrupted"])
        self.assertTrue(summary["ledger"]["balanced"])
        done = self.lab.exec(self.resume(), capture_output=True, text=True, timeout=PATIENCE_S)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.check_report()

    def test_a_journal_is_never_overwritten_and_never_shared(self):
        done = self.lab.exec(self.first(), capture_output=True, text=True, timeout=PATIENCE_S)
        self.assertEqual(done.returncode, 0, done.stderr)
        again = self.lab.exec(self.first(), capture_output=True, text=True, timeout=PATIENCE_S)
        self.assertEqual(again.returncode, 2)
        self.assertIn("--resume", again.stderr)
        self.check_report()

    def test_what_is_swept_cannot_be_changed_on_resume(self):
        process = self.lab.popen(self.first(), stderr=subprocess.PIPE, text=True)
        self.end_when(process, 1000, signal.SIGKILL)
        refused = self.lab.exec([*self.resume(), "-p", "22"], capture_output=True, text=True, timeout=PATIENCE_S)
        self.assertEqual(refused.returncode, 2)
        self.assertIn("--resume", refused.stderr)

    def run_command(self, command):
        return self.lab.exec(command, capture_output=True, text=True, timeout=PATIENCE_S)

    def kill_after(self, lines):
        self.end_when(self.lab.popen(self.first(), stderr=subprocess.PIPE, text=True), lines, signal.SIGKILL)

    def test_an_output_that_cannot_be_opened_leaves_no_journal(self):
        done = self.run_command([*self.first(), "-o", "/nonexistent/found.csv"])
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertFalse(os.path.exists(self.journal))

    def test_a_journal_in_the_way_leaves_the_outputs_as_they_were(self):
        for name in (self.journal, self.jsonl, self.csv):
            with open(name, "w", encoding="utf-8") as file:
                file.write("of another sweep\n")
        self.assertEqual(self.run_command(self.first()).returncode, 2)
        for name in (self.journal, self.jsonl, self.csv):
            with open(name, encoding="utf-8") as file:
                self.assertEqual(file.read(), "of another sweep\n")

    def test_a_missing_output_is_not_begun_anew(self):
        self.kill_after(1000)
        kept = self.jsonl + ".kept"
        os.rename(self.jsonl, kept)
        refused = self.run_command(self.resume())
        self.assertEqual(refused.returncode, 2)
        self.assertIn(f"output {self.jsonl} of the interrupted sweep is missing here", refused.stderr)
        self.assertFalse(os.path.exists(self.jsonl))
        os.rename(kept, self.jsonl)
        done = self.run_command(self.resume())
        self.assertEqual(done.returncode, 0, done.stderr)
        self.check_report()

    def test_an_output_that_is_new_on_resume_says_that_it_is_the_rest(self):
        self.kill_after(1000)
        rest = os.path.join(self.folder, "rest.jsonl")
        done = self.run_command([*self.resume(), "-o", rest])
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(f"{rest} holds only the rest", done.stderr)
        with open(rest, encoding="utf-8") as file:
            summary = json.loads(file.read().splitlines()[-1])
        self.assertTrue(any("holds only the rest" in note for note in summary["notes"]), summary["notes"])

    def test_a_sweep_whose_output_fails_says_how_to_go_on(self):
        done = self.run_command([*self.first(), "-o", "/dev/full", "--format", "jsonl", "--format", "csv", "--format", "jsonl"])
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("/dev/full", done.stderr)
        self.assertIn(f"sonde scan --resume {self.journal}", done.stderr)

    def insist(self, process):
        """Ctrl-C once, and again until it has an effect: right after the first it has none."""
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.stderr.readline(), "sonde: stopping; once more ends at once\n")
        while process.poll() is None:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(0.1)
            except subprocess.TimeoutExpired:
                continue
        process.stderr.close()
        self.assertEqual(process.returncode, 130)

    def wait_until_signals_are_held(self, process):
        def held():
            with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
                fields = dict(line.split(":", 1) for line in status)
            return int(fields["SigBlk"], 16) >> (signal.SIGINT - 1) & 1
        while process.poll() is None and not held():
            pass

    def test_ctrl_c_ends_a_sweep_whose_pipe_nobody_opens(self):
        pipe = os.path.join(self.folder, "pipe.jsonl")
        os.mkfifo(pipe)
        process = self.lab.popen([*self.first(), "-o", pipe], stderr=subprocess.PIPE, text=True)
        self.wait_until_signals_are_held(process)
        self.insist(process)
        self.assertFalse(os.path.exists(self.journal))

    def test_ctrl_c_ends_a_sweep_whose_pipe_nobody_reads(self):
        reader, writer = os.pipe()
        self.addCleanup(os.close, reader)
        self.addCleanup(os.close, writer)
        process = self.lab.popen([*self.first(), "-o", "-", "--format", "jsonl", "--format", "csv", "--format", "csv"], stdout=writer,
                                 stderr=subprocess.PIPE, text=True)
        while process.poll() is None and select.select([], [writer], [], 0)[1]:
            pass  # until the pipe is full
        self.insist(process)
        done = self.run_command([*self.resume(), "-o", self.jsonl, "-o", self.csv])
        self.assertEqual(done.returncode, 0, done.stderr)
        self.check_report()

    def test_a_journal_needs_an_output_that_survives(self):
        done = self.lab.exec([SONDE, "scan", *HOSTS, "-p", PORTS, "--journal", self.journal], capture_output=True, text=True)
        self.assertEqual(done.returncode, 2)
        self.assertIn(".jsonl", done.stderr)
        self.assertFalse(os.path.exists(self.journal))


class InterruptedSyn(Interrupted):
    engine = "syn"


if __name__ == "__main__":
    unittest.main()
