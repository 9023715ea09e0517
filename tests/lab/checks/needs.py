"""Whether a lab can be built here; and looking at endpoints from inside one."""

import json
import os
import subprocess
import sys

from labkit import Lab
from labkit.lab import default_build

SKIPPED = 77  # what CTest takes for "skipped"


def need_lab(*programs):
    """Ends the test program as skipped, with the reason, where no lab is possible."""
    reason = _obstacle(programs)
    if reason:
        print(f"skipped: {reason}")
        sys.exit(SKIPPED)


def _obstacle(programs):
    if os.geteuid() != 0:
        return "a lab needs root, to make network namespaces"
    for name in programs:
        if not os.path.exists(os.path.join(default_build(), "tests", "lab", name)):
            return f"{name} is not built in {default_build()}"
    name = f"sonde-lab-try{os.getpid()}"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True, check=False)
    if made.returncode != 0:
        return f"no network namespace can be made here: {made.stderr.strip()}"
    subprocess.run(["ip", "netns", "del", name], check=True)
    return None


def raw_look(lab: Lab, hosts, port, interface="left", source="10.255.0.1", wait_s=0.6):
    """What a packet socket sees of hosts behind an interface: host → answer (raw_look.py)."""
    device = json.loads(lab.fleet.run(["ip", "-j", "link", "show", interface]))[0]
    gateway = device["address"] if device["link_type"] == "ether" else ""
    return _inside(lab, "raw_look.py", {"interface": interface, "gateway": gateway, "source": source,
                                        "hosts": hosts, "port": port, "wait_s": wait_s})


def look(lab: Lab, endpoints, timeout_s=0.6, stay=True):
    """What plain sockets see of (address, port) or (address, port, text to send) endpoints."""
    rows = [(*endpoint, None)[:3] for endpoint in endpoints]
    return _inside(lab, "look.py", {"endpoints": rows, "timeout_s": timeout_s, "stay": stay})


def _inside(lab, script, order):
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), script)
    done = lab.exec(["/usr/bin/python3", "-B", path], input=json.dumps(order), capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    return json.loads(done.stdout)
