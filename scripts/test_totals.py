"""Adds up the JUnit reports of several CTest runs; names what was skipped, and why."""

import sys
import xml.etree.ElementTree as ElementTree


def reason_of(case):
    """The line of a skipped test's output that says why."""
    output = (case.findtext("system-out") or "").splitlines()
    said = [line.strip() for line in output if line.strip() and not line.startswith(("[", "Running", "Note"))]
    return said[-1] if said else "it gave no reason"


def main(paths):
    passed = failed = skipped = 0
    for path in paths:
        for case in ElementTree.parse(path).getroot().iter("testcase"):
            status = case.get("status")
            if status == "run":
                passed += 1
            elif status == "fail":
                failed += 1
                print(f"failed: {path}: {case.get('name')}")
            else:
                skipped += 1
                print(f"skipped: {path}: {case.get('name')}: {reason_of(case)}")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")


if __name__ == "__main__":
    main(sys.argv[1:])
