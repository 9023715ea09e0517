#!/usr/bin/python3
"""Holds a wide sample of the output against schema.json, and the CSV against the JSON Lines.

usage: schema_test.py SCHEMA SAMPLE_PROGRAM
Exit code 77: skipped, because python3-jsonschema is missing.
"""
import copy
import csv
import io
import json
import re
import subprocess
import sys

try:
    import jsonschema
except ImportError:
    print("skipped: python3-jsonschema is not installed")
    sys.exit(77)

ESCAPES = {rb"\\": b"\\", rb"\n": b"\n", rb"\r": b"\r", rb"\t": b"\t"}
EVIDENCE = ("window", "mss", "options", "usual_ttl", "neighbour", "errno", "after_accept", "follow_up")


def sample(program, form):
    return subprocess.run([program, form], check=True, capture_output=True).stdout


def unescaped(field):
    """The bytes of a CSV text field."""
    one = lambda match: ESCAPES.get(match[0]) or bytes([int(match[0][2:], 16)])
    return re.sub(rb"\\(?:x[0-9a-f]{2}|.)", one, field.encode())


def check_schema(schema, objects):
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    for number, line in enumerate(objects, 1):
        error = jsonschema.exceptions.best_match(validator.iter_errors(line))
        assert error is None, f"line {number}: {error}"
    return validator


def changed(line, path, value):
    """The line with one value set; None takes it out."""
    line = copy.deepcopy(line)
    part = line
    for name in path[:-1]:
        part = part[name]
    part[path[-1]] = value
    if value is None:
        del part[path[-1]]
    return line


def check_that_the_schema_is_strict(validator, objects):
    """A schema that takes anything would prove nothing."""
    for good in (objects[0], objects[-1]):
        for name in ("type", "state", "ledger", "attempts"):
            if name in good:
                assert not validator.is_valid({key: good[key] for key in good if key != name}), name
        assert not validator.is_valid({**good, "unheard_of": 1})
    full = next(line for line in objects if "proxies" in line)
    seen = next(line for line in objects if "mss" in line.get("evidence", {}))
    for good, path, value in (
        (objects[0], ["state"], "ajar"),
        (seen, ["ttl"], 256),
        (seen, ["revised"], False),
        (seen, ["evidence", "unheard_of"], 1),
        (seen, ["evidence", "options"], "M,S"),
        (seen, ["evidence", "follow_up"], "because"),
        (full, ["ledger", "unheard_of"], 1),
        (full, ["proxies"], []),
        (full, ["proxies", 0, "ports"], 0),
        (full, ["proxies", 0, "unheard_of"], 1),
    ):
        assert not validator.is_valid(changed(good, path, value)), path
    for good, path in ((seen, ["evidence", "window"]), (seen, ["evidence"]), (full, ["ledger", "duplicate"]), (full, ["ledger", "invalid"])):
        assert not validator.is_valid(changed(good, path, None)), path


def check_that_every_field_is_seen(schema, objects):
    """Each documented field occurs in the sample."""
    for kind in ("endpoint", "summary"):
        part = schema["$defs"][kind]["properties"]
        lines = [line for line in objects if line["type"] == kind]
        nested = {"endpoint": "evidence", "summary": "ledger"}[kind]
        for properties, values in ((part, lines), (part[nested]["properties"], [line[nested] for line in lines if nested in line])):
            seen = set().union(*(value.keys() for value in values))
            assert seen == set(properties), seen ^ set(properties)


def banner_of(line):
    return bytes.fromhex(line["banner_hex"]) if "banner_hex" in line else line.get("banner", "").encode()


def check_csv(text, objects):
    """Python's own reader has the same facts from the CSV as from the JSON Lines."""
    rows = list(csv.DictReader(io.StringIO(text.decode(), newline=""), strict=True))
    endpoints = [line for line in objects if line["type"] == "endpoint"]
    assert len(rows) == len(endpoints), (len(rows), len(endpoints))
    for row, line in zip(rows, endpoints):
        assert None not in row and None not in row.values(), row
        for name in ("time", "addr", "port", "state", "reason", "attempts", "scope", "rtt_clock", "ttl"):
            assert row[name] == str(line.get(name, "")), (name, row, line)
        assert float(row["rtt_us"] or -1) == line.get("rtt_us", -1), (row, line)
        evidence = line.get("evidence", {})
        icmp = evidence.get("icmp", {})
        facts = {"icmp_" + name: icmp.get(name, "") for name in ("type", "code", "from")}
        facts |= {name: evidence.get(name, "") for name in EVIDENCE}
        assert all(row[name] == str(fact) for name, fact in facts.items()), (row, line)
        assert unescaped(row["banner"]) == banner_of(line), (row, line)
        for name in ("revised", "repeated"):
            assert (row[name] == "true") == line.get(name, False), (name, row)


def main(schema_path, program):
    with open(schema_path, encoding="utf-8") as file:
        schema = json.load(file)
    objects = [json.loads(line) for line in sample(program, "jsonl").decode().split("\n") if line]
    validator = check_schema(schema, objects)
    check_that_the_schema_is_strict(validator, objects)
    check_that_every_field_is_seen(schema, objects)
    check_csv(sample(program, "csv"), objects)
    print(f"{len(objects)} lines are as the schema says")


main(*sys.argv[1:])
