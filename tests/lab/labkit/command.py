"""The command line of the lab."""

import argparse
import json
import signal
import subprocess
import sys

from .comparison import STATES, compare
from .fields import TruthError
from .lab import KINDS, Lab, held, lab_names, leftovers, take_down
from .listing import write_truth
from .namespaces import LabError
from .ports import PortsError, parse_ports
from .selection import Selection
from .truth import Truth

SELF_INFLICTED = 2  # exit code for a wrong command line or truth file, and for a lab that cannot be


def main(arguments):
    """Carries out one command and returns the exit code."""
    options, command = _parse(arguments)
    try:
        return options.verb(options, command)
    except (LabError, TruthError, PortsError) as error:
        print(f"lab: {error}", file=sys.stderr)
        return SELF_INFLICTED


def _parse(arguments):
    command = []
    if "--" in arguments:
        at = arguments.index("--")
        arguments, command = arguments[:at], arguments[at + 1:]
    return _parser().parse_args(arguments), command


def _parser():
    parser = argparse.ArgumentParser(prog="lab", description="Fleets in network namespaces, from a truth file.")
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    _lab_verb(verbs, "up", up, "bring a lab up; it stays until `lab down NAME`")
    run = _lab_verb(verbs, "run", run_command, "bring a lab up, run a command (after --) in it, take it down")
    run.add_argument("--counters", action="store_true", help="print what the fleet has counted, on stderr")
    down_parser = verbs.add_parser("down", help="take a lab down")
    down_parser.add_argument("name", nargs="?")
    down_parser.add_argument("--all", action="store_true", help="all labs but those of a living `lab run`")
    down_parser.set_defaults(verb=down)
    _truth_verb(verbs, "truth", list_truth, "print what a perfect scan would find")
    comparing = _truth_verb(verbs, "compare", compare_report, "compare a scan's JSON Lines with the truth")
    comparing.add_argument("found", metavar="FOUND.jsonl", help="the report; - for standard input")
    comparing.add_argument("--show", default=",".join(STATES), help="the states that the scan was asked to show")
    return parser


def _lab_verb(verbs, name, verb, text):
    parser = verbs.add_parser(name, help=text, description=text)
    parser.add_argument("truth", metavar="TRUTH.json")
    parser.add_argument("--kind", choices=sorted(KINDS), default="kernel")
    parser.add_argument("--name", help="default: one of its own")
    parser.add_argument("--build", help="build directory (default: SONDE_BUILD, or build/release)")
    parser.set_defaults(verb=verb)
    return parser


def _truth_verb(verbs, name, verb, text):
    parser = verbs.add_parser(name, help=text, description=text)
    parser.add_argument("truth", metavar="TRUTH.json")
    parser.add_argument("--ports", required=True, help='such as "22,80,8000-8010" or "*"')
    parser.add_argument("--hosts", action="append", default=[],
                        help="CIDR, a-b range or address; may be repeated (default: the whole fleet)")
    parser.set_defaults(verb=verb)
    return parser


def up(options, _):
    lab = Lab(options.truth, options.kind, options.name, options.build).up()
    print(f"lab {lab.name} is up\n"
          f"scanner namespace: {lab.scanner.name}\n"
          f"use it:            ip netns exec {lab.scanner.name} COMMAND\n"
          f"take it down:      lab down {lab.name}")
    return 0


def run_command(options, command):
    if not command:
        raise LabError("run: expected a command after --")
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    try:
        with Lab(options.truth, options.kind, options.name, options.build) as lab:
            code = _wait(lab.popen(command))
            if options.counters:
                print(json.dumps(lab.counters()), file=sys.stderr)
            return code
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def _leave(number, _):
    signal.signal(number, signal.SIG_IGN)
    raise SystemExit(128 + number)


def _wait(process):
    """The exit code. When we are told to end, so is the command, and it gets time to do so."""
    try:
        code = process.wait()
    except KeyboardInterrupt:  # the terminal has told the command as well
        code = _patient(process)
    except SystemExit:
        process.terminate()
        _patient(process)
        raise
    return code if code >= 0 else 128 - code


def _patient(process):
    try:
        return process.wait(timeout=10)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        process.kill()
        return process.wait()


def down(options, _):
    if options.all:
        for name in leftovers():
            take_down(name)
            print(f"lab {name} is down")
        for name in lab_names():
            if held(name):
                print(f"lab {name} is in use by a living `lab run` and stays")
        return 0
    if options.name not in lab_names():
        raise LabError(f'there is no lab "{options.name}"; there are: {", ".join(lab_names()) or "none"}')
    take_down(options.name)
    return 0


def list_truth(options, _):
    truth = Truth.load(options.truth)
    try:
        write_truth(truth, Selection(truth, options.hosts, parse_ports(options.ports)), sys.stdout)
    except BrokenPipeError:  # `lab truth … | head`
        sys.stderr.close()
    return 0


def compare_report(options, _):
    truth = Truth.load(options.truth)
    show = tuple(options.show.split(","))
    for state in show:
        if state not in STATES:
            raise LabError(f'--show: "{state}": expected states of {", ".join(STATES)}')
    selection = Selection(truth, options.hosts, parse_ports(options.ports))
    result = _compare_file(truth, selection, options.found, show)
    result.write(sys.stdout)
    return 0 if result.equal else 1


def _compare_file(truth, selection, path, show):
    if path == "-":
        return compare(truth, selection, sys.stdin, show)
    try:
        with open(path, encoding="utf-8") as lines:
            return compare(truth, selection, lines, show)
    except OSError as error:
        raise LabError(f"{path}: {error.strerror}") from None
