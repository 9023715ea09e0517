"""Adds up the JUnit reports of several CTest runs; names what was skipped, and why, and shows what failed."""

import sys
import xml.etree.ElementTree as ElementTree

TAIL_LINES = 60  # of a failed test's output: what it said itself is far above by then


def reason_of(case):
    """The line of a skipped test's output that says why."""
    output = (case.findtext("system-out") or "").splitlines()
    said = [line.strip() for line in output if line.strip() and not line.startswith(("[", "Running", "Note"))]
    return said[-1] if said else "it gave no reason"


def main(paths):
    passed = skipped = 0
    failed = []
    for path in paths:
        for case in ElementTree.parse(path).getroot().iter("testcase"):
            status = case.get("status")
            if status == "run":
                passed += 1
            elif status == "fail":
                failed.append((path, case))
            else:
                skipped += 1
                print(f"skipped: {path}: {case.get('name')}: {reason_of(case)}")
    for path, case in failed:
        print(f"failed: {path}: {case.get('name')}; the end of what it said:")
        print("\n".join(f"  {line}" for line in (case.findtext("system-out") or "").splitlines()[-TAIL_LINES:]))
    print(f"{passed} passed, {len(failed)} failed, {skipped} skipped")


if __name__ == "__main__":
    main(sys.argv[1:])
