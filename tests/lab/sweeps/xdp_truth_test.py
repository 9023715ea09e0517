"""Sweeps in the kernel: the found set is the truth, and nothing is left behind."""

import ipaddress
import json
import math
import os
import random
import signal
import tempfile
import unittest

from checks.needs import need_lab
from labkit import Lab
from labkit.namespaces import until

from . import syn_links_test as links
from .scan import SMALL, SONDE, differences, scan
from .syn_truth_test import PAIRS, lossy
from .truth_test import FLEET, PORTS
from .truth_test import HOSTS as ALL_HOSTS

need_lab("fleet_services", "reflector")

HOSTS = PAIRS if SMALL else ALL_HOSTS


def hear_redirected_frames(lab):
    """They reach a veth whose peer has an XDP program, or GRO."""
    for link in json.loads(lab.fleet.run(["ip", "-j", "link", "show", "type", "veth"])):
        lab.fleet.run(["ethtool", "-K", link["ifname"], "gro", "on"])


def hosts_of(*prefixes):
    return [host for prefix in prefixes for host in ipaddress.ip_network(prefix)]


def endpoint_text(host, port):
    return f"[{host}]:{port}" if host.version == 6 else f"{host}:{port}"


class EveryFleet:
    """Of both kinds of fleet; a subclass names the kind."""

    kind = None
    loss = None
    hosts = HOSTS

    @classmethod
    def setUpClass(cls):
        cls.lab = Lab(lossy(cls.loss) if cls.loss else FLEET, kind=cls.kind).up()
        cls.addClassCleanup(cls.lab.down)
        hear_redirected_frames(cls.lab)

    def sweep(self, *options, hosts=None, ports=PORTS):
        hosts = hosts or self.hosts
        with self.subTest(options=options):
            found = scan(self.lab, *hosts, "-p", ports, "--timeout", "500ms", *options, engine="xdp")
            self.assertEqual(found.exit_code, 0, (found.stderr, found.summary and found.summary.get("notes")))
            self.assertEqual(differences(self.lab, ports, hosts, found.lines), "")
            self.assertEqual(found.summary["engine"], "xdp")
            self.assertTrue(found.summary["ledger"]["balanced"], found.summary["ledger"])
            self.assertEqual((found.summary["errors"], found.summary["degraded"]), (0, False))
            return found

    def programs(self):
        """The XDP programs that stand on the scanner's interfaces."""
        links = json.loads(self.lab.scanner.run(["ip", "-j", "link", "show"]))
        return [link["ifname"] for link in links if "xdp" in link]

    def start(self, *options):
        return self.lab.popen([SONDE, "scan", "--engine", "xdp", "--quiet", "-o", "/dev/null", "--format", "jsonl",
                               *HOSTS, "-p", "1-1000", "--rate", "60k", *options])


class Sweeps(EveryFleet):
    """What holds in every fleet without loss."""

    def test_fast(self):
        self.sweep("--rate", "200k", "--retries", "3")

    def test_paced(self):
        self.sweep("--rate", "50k", hosts=PAIRS)

    def test_shards_together_are_the_truth(self):
        lines = []
        for index in (1, 2, 3):
            lines += scan(self.lab, *PAIRS, "-p", PORTS, "--rate", "60k", "--seed", "5", "--shard", f"{index}/3",
                          "--timeout", "300ms", engine="xdp").lines
        self.assertEqual(differences(self.lab, PORTS, PAIRS, lines), "")

    def test_exact_lists_and_excludes(self):
        """Endpoints and hosts from a file, some of them named twice, and a prefix with holes; of both families."""
        endpoints = [endpoint_text(host, port) for host in hosts_of("10.71.61.0/24", "fd71::4000/121") for port in PORTS.split(",")]
        hosts = [str(host) for host in hosts_of("10.71.64.0/25", "fd71::6000/122")]
        random.Random(4).shuffle(endpoints)
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            file.write("\n".join([*endpoints, *endpoints[:9], *hosts]))
            file.flush()
            found = scan(self.lab, "-iL", file.name, "10.71.124.0/23", "--exclude", "10.71.124.64/26", "--exclude", "10.71.125.7",
                         "-p", PORTS, "--rate", "60k", "--timeout", "500ms", engine="xdp")
        self.assertEqual(found.exit_code, 0, (found.stderr, found.summary and found.summary.get("notes")))
        left = ["10.71.124.0/26", "10.71.124.128/25", "10.71.125.0-10.71.125.6", "10.71.125.8-10.71.125.255"]
        self.assertEqual(differences(self.lab, PORTS, ["10.71.61.0/24", "fd71::4000/121", *hosts, *left], found.lines), "")

    def test_what_is_not_shown_is_counted(self):
        shown = self.sweep("--rate", "60k", hosts=PAIRS)
        hidden = scan(self.lab, *PAIRS, "-p", PORTS, "--rate", "60k", "--timeout", "500ms", show="open", engine="xdp")
        for count in ("open", "closed", "filtered"):
            self.assertEqual(hidden.summary[count], shown.summary[count], count)
        self.assertEqual(len(hidden.endpoints), shown.summary["open"])
        self.assertTrue(hidden.summary["ledger"]["balanced"], hidden.summary["ledger"])

    def test_no_program_is_left_behind(self):
        self.sweep("--rate", "60k", hosts=["10.71.60.0/24"])
        self.assertEqual(self.programs(), [])
        process = self.start()
        until(self.programs, "the program on the interface", 20)
        process.send_signal(signal.SIGKILL)
        process.wait()
        until(lambda: not self.programs(), "the end of the program", 5)

    def test_ctrl_c_ends_it_with_what_there_is(self):
        process = self.start()
        until(self.programs, "the program on the interface", 20)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(timeout=20), 130)
        self.assertEqual(self.programs(), [])


class KernelFleet(Sweeps, unittest.TestCase):
    kind = "kernel"
    hosts = PAIRS

    def test_no_half_open_connection_is_left_behind(self):
        self.sweep("--rate", "100k", hosts=PAIRS)
        until(lambda: not self.lab.fleet.run(["ss", "-tanH", "state", "syn-recv"]), "the end of the last half-open connection", 3)


class ReflectorFleet(Sweeps, unittest.TestCase):
    kind = "reflector"

    def test_flat_out(self):
        self.sweep("--rate", "0", "--retries", "8", "--retry-wait", "1ms")

    def test_every_open_port_gets_a_reset_and_every_checksum_is_right(self):
        before = self.lab.counters()
        opened = self.sweep("--rate", "60k", hosts=PAIRS).summary["open"]
        after = self.lab.counters()
        self.assertGreaterEqual(after["rst_received"] - before["rst_received"], opened)
        self.assertEqual(after["bad_checksum"], before["bad_checksum"])


class Loss(EveryFleet, unittest.TestCase):
    """A tenth of all SYNs and a tenth of all answers are lost."""

    kind = "reflector"
    loss = {"syn": 0.1, "syn_ack": 0.1}

    def sweep_to_five_nines(self, *options):
        found = scan(self.lab, *HOSTS, "-p", PORTS, "--timeout", "500ms", "--completeness", "99.999%", "--retries", "23", *options,
                     engine="xdp")
        self.assertEqual(found.exit_code, 0, (found.stderr, found.summary and found.summary.get("notes")))
        self.assertGreaterEqual(found.summary["completeness_low"], 0.99999)
        self.assertTrue(found.summary["ledger"]["balanced"], found.summary["ledger"])
        # It is an estimate: what is missing must be of that order, and nothing may be wrong but silence.
        missed = [line for line in differences(self.lab, PORTS, HOSTS, found.lines).splitlines() if line.startswith("different")]
        self.assertLess(sum(int(line.rsplit(" ", 1)[1]) for line in missed), len(found.endpoints) / 10000)
        return found

    def test_the_goal_is_reached_flat_out(self):
        """However many passes that takes: this fleet's veth loses much of what it is sent so fast."""
        self.sweep_to_five_nines("--rate", "0", "--retry-wait", "1ms")

    def test_the_goal_takes_hardly_more_probes_than_it_must(self):
        found = self.sweep_to_five_nines("--rate", "100k")
        unanswered_once = 1 - (1 - self.loss["syn"]) * (1 - self.loss["syn_ack"])
        silent = sum(record["reason"] == "no-response" for record in found.endpoints)
        passes = math.ceil(math.log(1e-5) / math.log(unanswered_once))
        least = passes * silent + (len(found.endpoints) - silent) / (1 - unanswered_once)
        # One pass more may be needed, to know that it is reached.
        self.assertLess(found.summary["ledger"]["sent"], least + 1.1 * silent)
        self.assertLessEqual(found.summary["passes"], passes + 1)


class Links(unittest.TestCase):
    """A gateway and an attached network at once, some of whose hosts are not there."""

    def test_several_next_hops(self):
        hosts = links.HOSTS["left"] + links.HOSTS["all right"]
        for kind in ("kernel", "reflector"):
            with self.subTest(kind), Lab(links.truth_of(*links.GATEWAY, *links.ATTACHED), kind=kind) as lab:
                hear_redirected_frames(lab)
                found = scan(lab, *hosts, "-p", links.PORTS, "--rate", "100k", "--timeout", "400ms", engine="xdp")
                self.assertEqual(found.exit_code, 0, (found.stderr, found.summary and found.summary.get("notes")))
                self.assertEqual(differences(lab, links.PORTS, hosts, found.lines), "")
                self.assertGreater(found.summary["ledger"]["neighbour_questions"], 2 * 128)
                self.assertTrue(found.summary["ledger"]["balanced"], found.summary["ledger"])

    def test_names_of_one_endpoint_all_hear_its_answer(self):
        with Lab(links.truth_of(*links.GATEWAY), kind="reflector") as lab:
            names = [f"10.71.0.1:80 sni={name}.example" for name in "abc"]
            found = scan(lab, *names, "10.71.0.20", "-p", "80", "--rate", "100k", "--timeout", "400ms", engine="xdp")
            self.assertEqual(found.exit_code, 0, (found.stderr, found.summary and found.summary.get("notes")))
            self.assertEqual(sorted((r["addr"], r["state"]) for r in found.endpoints),
                             [("10.71.0.1", "closed")] * 3 + [("10.71.0.20", "open")])
            self.assertTrue(found.summary["ledger"]["balanced"], found.summary["ledger"])

    def test_what_it_cannot_reach_is_refused_by_name_and_nothing_is_written(self):
        with Lab(links.truth_of(*links.GATEWAY), kind="reflector") as lab, tempfile.TemporaryDirectory() as folder:
            out, journal = os.path.join(folder, "kept.jsonl"), os.path.join(folder, "journal")
            with open(out, "w", encoding="utf-8") as file:
                file.write("of an earlier run\n")
            done = lab.exec([SONDE, "scan", "--engine", "xdp", "127.0.0.1", "-p", "80", "--rate", "0", "-o", out, "--journal", journal],
                            capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 4)
            self.assertIn("127.0.0.1", done.stderr)
            with open(out, encoding="utf-8") as file:
                self.assertEqual(file.read(), "of an earlier run\n")
            self.assertEqual(os.listdir(folder), ["kept.jsonl"])
            planned = lab.exec([SONDE, "scan", "--plan", "--engine", "xdp", "127.0.0.1", "-p", "80", "--rate", "0"],
                               capture_output=True, text=True, timeout=60)
            self.assertEqual((planned.returncode, planned.stdout, planned.stderr), (4, "", done.stderr))

    def test_a_device_that_takes_no_frames_ends_the_sweep(self):
        """The fleet's veth has no GRO here: it takes nothing that XDP redirects, which is not the targets' silence."""
        with Lab(links.truth_of(*links.GATEWAY), kind="kernel") as lab, tempfile.TemporaryDirectory() as folder:
            out = os.path.join(folder, "found.jsonl")
            done = lab.exec([SONDE, "scan", "--engine", "xdp", "10.71.0.0/28", "-p", "80", "--rate", "0", "-o", out],
                            capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 4, done.stderr)
            self.assertIn("takes no frames out of XDP (Operation not supported)", done.stderr)
            self.assertIn("use --engine syn", done.stderr)
            with open(out, encoding="utf-8") as file:
                self.assertNotIn('"state"', file.read())


del EveryFleet, Sweeps  # not tests of their own
if SMALL:  # what the slow builds look at is user space, which one kind of fleet shows
    del KernelFleet, Loss


if __name__ == "__main__":
    unittest.main()
