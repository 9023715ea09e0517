"""Other traffic on the interface of a sweep in the kernel passes untouched."""

import contextlib
import json
import os
import subprocess
import tempfile
import unittest

from checks.needs import need_lab
from labkit import Lab
from labkit.namespaces import until

from .scan import SONDE

need_lab("reflector")

FLEET = {"subnets": [{"prefix": "10.64.0.0/16", "interface": "left"}], "default": "silent",
         "rules": [{"hosts": ["10.64.0.0/16"], "ports": "80", "is": "open"}, {"hosts": ["10.64.0.0/16"], "ports": "81-88", "is": "closed"}]}
PORT = 7777
BYTES = 48 << 20

# Sends back whatever comes, until the sender is done.
ECHO = """
import socket
with socket.create_server(("10.255.0.2", %d)) as server:
    print("ready", flush=True)
    peer, _ = server.accept()
    with peer:
        while chunk := peer.recv(1 << 16):
            peer.sendall(chunk)
""" % PORT

# Sends seeded bytes and wants the same back; says how many came wrong.
TALK = """
import random, socket, threading
said = random.Random(7).randbytes(%d)
with socket.create_connection(("10.255.0.2", %d), timeout=60) as peer:
    def say():
        peer.sendall(said)
        peer.shutdown(socket.SHUT_WR)
    speaker = threading.Thread(target=say)
    speaker.start()
    heard = bytearray()
    while chunk := peer.recv(1 << 20):
        heard += chunk
    speaker.join()
print("same" if heard == said else f"{len(heard)} of {len(said)} bytes, or others")
""" % (BYTES, PORT)


@contextlib.contextmanager
def echo(lab):
    server = subprocess.Popen(lab.fleet.inside(["python3", "-c", ECHO]), stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout.readline() == "ready\n"
        yield
    finally:
        server.kill()
        server.communicate()


def taken_by_the_program(lab):
    """Frames that the XDP program on the scanner's interface kept from the host: dropped, or turned into RSTs."""
    lines = lab.scanner.run(["ethtool", "-S", "left"]).splitlines()
    counters = {name.strip(): int(value) for name, _, value in (line.rpartition(":") for line in lines) if value.strip().isdigit()}
    return sum(counters[f"rx_queue_0_xdp_{what}"] for what in ("drops", "redirect"))


class Bystander(unittest.TestCase):
    """A TCP connection to a host of the fleet, while the fleet is swept."""

    def test_nothing_but_answers_is_taken(self):
        with Lab(FLEET, kind="reflector") as lab, tempfile.TemporaryDirectory() as folder, echo(lab):
            out = os.path.join(folder, "found.jsonl")
            before = taken_by_the_program(lab)
            sweep = lab.popen([SONDE, "scan", "--engine", "xdp", "10.64.0.0/16", "-p", "80-89", "--rate", "100k", "--retries", "2",
                               "--timeout", "500ms", "--quiet", "-o", out, "--show", "open"])
            until(lambda: "xdp" in json.loads(lab.scanner.run(["ip", "-j", "link", "show", "left"]))[0], "the program", 20)
            talk = lab.exec(["python3", "-c", TALK], capture_output=True, text=True, timeout=120)
            self.assertIsNone(sweep.poll(), "the sweep was over before the connection")
            self.assertEqual((talk.returncode, talk.stdout), (0, "same\n"), talk.stderr)
            self.assertEqual(sweep.wait(timeout=120), 0)
            with open(out, encoding="utf-8") as file:
                summary = json.loads(file.read().splitlines()[-1])
            self.assertEqual((summary["open"], summary["closed"]), (1 << 16, 8 << 16))
            self.assertEqual(taken_by_the_program(lab) - before, summary["ledger"]["packets_answered"])


if __name__ == "__main__":
    unittest.main()
