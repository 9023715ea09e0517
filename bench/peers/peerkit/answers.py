"""Proves a program's answer before its time counts.

Each proof returns what is wrong with the answer, as text, and "" when it is
the fleet's true set: every endpoint once, in its true state.
"""

import json
import re

GREPPABLE = re.compile(r"^Host: (\S+) .*Ports: (\d+)/(\w+)/", re.MULTILINE)


def of_json_lines(task, text):
    """sonde's records, and that it calls the run complete."""
    records = [json.loads(line) for line in text.splitlines()]
    summary = records.pop() if records and records[-1]["type"] == "summary" else None
    if summary is None:
        return "the summary is missing"
    if summary["degraded"] or not summary["ledger"]["balanced"]:
        return f"degraded: {'; '.join(summary.get('notes', ['the books do not balance']))}"
    return _difference(task, [(record["addr"], record["port"], record["state"]) for record in records])


def of_greppable(task, text):
    """nmap's -oG lines."""
    return _difference(task, [(address, int(port), state) for address, port, state in GREPPABLE.findall(text)])


def of_loop(task, text):
    """The bare loop's counts: it asks every address once and keeps nothing else."""
    counts = json.loads(text) if text else {}
    right = counts.get("opened" if task.state == "open" else "refused", 0)
    return "" if right == counts.get("connects") == task.size else f"{right} of {task.size} were {task.state}"


def _difference(task, found):
    true = {(address, task.port, task.state) for address in task.addresses()}
    seen = set(found)
    if seen == true and len(found) == len(true):
        return ""
    return (f"{len(seen & true)} of {len(true)} right, {len(true - seen)} missing, {len(seen - true)} wrong, "
            f"{len(found) - len(seen)} told twice")


def of_open(question, open_count, found):
    """The endpoints that a half-open scanner called open: each once, all of them, and no other."""
    right, seen = _right(question, open_count, found), set(found)
    if right == len(seen) == len(found) == open_count:
        return ""
    return f"{right} of {open_count} found, {len(seen) - right} wrong, {len(found) - len(seen)} told twice"


def open_share(question, open_count, found):
    """The share of the open ones that was found."""
    return _right(question, open_count, found) / open_count


def _right(question, open_count, found):
    return sum(0 <= number < open_count for number in question.numbers(set(found)))
