"""Labs come up whole, and leave nothing behind however they end."""

import json
import os
import signal
import subprocess
import tempfile
import unittest

from labkit import Lab, LabError
from labkit.lab import take_down
from labkit.namespaces import Namespace, lab_names, until

from .needs import need_lab

need_lab("fleet_services")

LAB = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lab")
TRUTH = {"subnets": [{"prefix": "10.71.0.0/24", "interface": "left"}], "default": "open"}


class Lifetime(unittest.TestCase):
    def setUp(self):
        self.name = f"test{os.getpid()}"
        self.addCleanup(take_down, self.name)
        file = tempfile.NamedTemporaryFile("w", suffix=".json", delete=False)  # pylint: disable=consider-using-with
        with file:
            json.dump(TRUTH, file)
        self.truth = file.name
        self.addCleanup(os.unlink, file.name)

    def arguments(self, verb, *rest):
        return [LAB, verb, self.truth, "--name", self.name, *rest]

    def assert_gone(self):
        self.assertNotIn(self.name, lab_names())
        self.assertFalse(os.path.exists(f"/run/sonde-lab/{self.name}"))

    def test_run_gives_the_commands_exit_code_and_its_environment(self):
        script = 'test -n "$SONDE_LAB_FLEET" -a -f "$SONDE_LAB_TRUTH" || exit 1; ip netns identify; exit 7'
        done = subprocess.run(self.arguments("run", "--", "sh", "-c", script), capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 7, done.stderr)
        self.assertEqual(done.stdout.strip(), f"sonde-lab-{self.name}-scanner")
        self.assert_gone()

    def test_run_takes_down_when_it_is_told_to_end(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(number):
                running = subprocess.Popen(self.arguments("run", "--", "sh", "-c", "echo here; exec sleep 60"),
                                           stdout=subprocess.PIPE, text=True, start_new_session=True)
                self.assertEqual(running.stdout.readline(), "here\n")
                os.killpg(running.pid, number)
                self.assertEqual(running.wait(timeout=20), 128 + number)
                running.stdout.close()
                self.assert_gone()

    def test_up_stays_until_down(self):
        subprocess.run(self.arguments("up"), check=True, capture_output=True)
        connect = "import socket; socket.create_connection(('10.71.0.9', 4711), 5)"
        subprocess.run(Namespace(f"sonde-lab-{self.name}-scanner").inside(["/usr/bin/python3", "-c", connect]), check=True)
        self.assertIn(self.name, lab_names())
        subprocess.run([LAB, "down", self.name], check=True)
        self.assert_gone()

    def test_a_failure_in_the_middle_leaves_nothing(self):
        with self.assertRaisesRegex(LabError, "fleet_services is missing"):
            Lab(TRUTH, name=self.name, build="/nonexistent").up()
        self.assert_gone()

    def test_an_exception_in_the_with_block_takes_it_down(self):
        with self.assertRaises(ZeroDivisionError), Lab(TRUTH, name=self.name):
            1 / 0  # pylint: disable=pointless-statement
        self.assert_gone()

    def test_down_all_removes_leftovers_and_spares_the_living(self):
        with Lab(TRUTH, name=self.name):
            crashed = f"{self.name}-crashed"
            self.addCleanup(take_down, crashed)
            Namespace(f"sonde-lab-{crashed}-scanner").create()
            told = subprocess.run([LAB, "down", "--all"], check=True, capture_output=True, text=True).stdout
            self.assertIn(f"lab {crashed} is down", told)
            self.assertIn(f"lab {self.name} is in use", told)
            self.assertNotIn(crashed, lab_names())
            self.assertIn(self.name, lab_names())

    def test_a_name_is_taken_once(self):
        with Lab(TRUTH, name=self.name), self.assertRaisesRegex(LabError, "up already"):
            Lab(TRUTH, name=self.name).up()

    def test_a_killed_run_is_a_leftover(self):
        running = subprocess.Popen(self.arguments("run", "--", "sh", "-c", "echo here; exec sleep 60"),
                                   stdout=subprocess.PIPE, text=True)
        self.assertEqual(running.stdout.readline(), "here\n")
        running.kill()
        running.wait()
        running.stdout.close()
        take_down(self.name)
        until(lambda: self.name not in lab_names(), "the lab's end")
        self.assert_gone()


if __name__ == "__main__":
    unittest.main()
