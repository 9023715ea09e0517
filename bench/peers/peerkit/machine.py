"""What the figures were measured on."""

import datetime
import os
import platform
import re
import subprocess


def describe(build):
    """(what, value) rows."""
    return [
        ("date (UTC)", datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M")),
        ("processor", f"{os.cpu_count()} × {_processor()}"),
        ("kernel", platform.release()),
        ("system", platform.freedesktop_os_release().get("PRETTY_NAME", "Linux")),
        ("sonde", f"{_first_line([os.path.join(build, 'cli', 'sonde'), '--version'])}, {_build_type(build)}"),
        ("nmap", _first_line(["nmap", "--version"])),
        ("zmap", _first_line(["zmap", "--version"])),
        ("masscan", next((line for line in _lines(["masscan", "--version"]) if line), "not there")),
        ("load average before", "%.2f %.2f %.2f" % os.getloadavg()),
    ]


def _processor():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        match = re.search(r"^model name\s*: (.*)$", file.read(), re.MULTILINE)
    return match.group(1) if match else platform.machine()


def _first_line(argv):
    return next(iter(_lines(argv)), "not there")


def _lines(argv):
    """What a program prints; some end with an error after telling their version."""
    try:
        return subprocess.run(argv, capture_output=True, text=True, check=False).stdout.splitlines()
    except OSError:
        return []


def _build_type(build):
    try:
        with open(os.path.join(build, "CMakeCache.txt"), encoding="utf-8") as file:
            match = re.search(r"^CMAKE_BUILD_TYPE:\w+=(.*)$", file.read(), re.MULTILINE)
    except OSError:
        match = None
    return match.group(1) if match else "unknown build"
