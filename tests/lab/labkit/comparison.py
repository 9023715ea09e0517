"""Compares what a scan reported with the truth.

Memory is one byte per endpoint of the selection, so a million endpoints are a
matter of seconds and a megabyte.
"""

import json
from dataclasses import dataclass, field

from .address import AddressError, format_address, parse_address
from .behaviour import SAME_REASON
from .namespaces import LabError

SHOWN = 20
MOST_ENDPOINTS = 1 << 28
STATES = ("open", "closed", "filtered", "error")


@dataclass
class Finding:
    """One kind of difference: how many, and the first few of them."""

    title: str
    count: int = 0
    first: list = field(default_factory=list)

    def add(self, text):
        self.count += 1
        if len(self.first) < SHOWN:
            self.first.append(text)


@dataclass
class Comparison:
    """The whole result."""

    expected: int = 0
    matched: int = 0
    missing: Finding = field(default_factory=lambda: Finding("missing: true, but not reported"))
    surplus: Finding = field(default_factory=lambda: Finding("surplus: reported, but not asked for, or twice"))
    different: Finding = field(default_factory=lambda: Finding("different: reported, but otherwise"))

    @property
    def equal(self):
        return not (self.missing.count or self.surplus.count or self.different.count)

    def write(self, out):
        out.write(f"expected {self.expected}, matched {self.matched}, missing {self.missing.count}, "
                  f"surplus {self.surplus.count}, different {self.different.count}\n")
        for finding in (self.missing, self.surplus, self.different):
            if finding.count:
                out.write(f"{finding.title} ({finding.count})\n")
                out.writelines(f"  {text}\n" for text in finding.first)


class _Truths:
    """Looks up host numbers and true verdicts by the texts that reports use."""

    def __init__(self, truth, selection):
        self._layout, self._selection = truth.layout, selection
        self._port_numbers = {port: i for i, port in enumerate(selection.ports)}
        self._blocks = {}  # block low → verdicts at the selected ports
        self._last = (None, None, None)

    def find(self, address, port):
        """(endpoint number, true verdict), or None for an endpoint outside the selection."""
        if address != self._last[0]:
            self._last = (address, *self._host(address))
        _, host, verdicts = self._last
        at = self._port_numbers.get(port)
        if host is None or at is None:
            return None
        return host * len(verdicts) + at, verdicts[at]

    def _host(self, address):
        number, before = parse_address(address), 0
        for low, high in self._selection.ranges:
            if low <= number <= high:
                return before + number - low, self.verdicts(self._layout.block_of(number))
            before += high - low + 1
        return None, None

    def verdicts(self, block):
        if block.low not in self._blocks:
            self._blocks[block.low] = [b.verdict for b in self._selection.behaviours(block)]
        return self._blocks[block.low]


def compare(truth, selection, lines, show=STATES):
    """Compares JSON Lines with the truth; only endpoints in one of the `show` states count."""
    if selection.size > MOST_ENDPOINTS:
        raise LabError(f"{selection.size} endpoints: at most {MOST_ENDPOINTS} can be compared at once; "
                       "select fewer by --hosts or --ports")
    result, seen, truths = Comparison(), bytearray(selection.size), _Truths(truth, selection)
    for number, line in enumerate(lines, 1):
        record = _record(line, number)
        if record.get("type") == "endpoint" and record["state"] in show:
            _judge(result, seen, truths, record, show)
    _count_missing(result, seen, truth, selection, truths, show)
    return result


def _record(line, number):
    try:
        record = json.loads(line)
        if record.get("type") == "endpoint":
            record["addr"], record["port"], record["state"], record["reason"]  # pylint: disable=pointless-statement
        return record
    except (ValueError, AttributeError):
        raise LabError(f"line {number} of the report is no JSON object: {line[:80]!r}") from None
    except KeyError as error:
        raise LabError(f"line {number} of the report has no {error}: {line[:80]!r}") from None


def _judge(result, seen, truths, record, show):
    address, port, state = record["addr"], record["port"], record["state"]
    reason = SAME_REASON.get(record["reason"], record["reason"])
    told = f"{address} {port} {state} {reason}"
    try:
        found = truths.find(address, port)
    except AddressError as error:
        raise LabError(f"the report has a bad address: {error}") from None
    if found is None or seen[found[0]]:
        result.surplus.add(told)
        return
    endpoint, true = found
    seen[endpoint] = 1
    if (state, reason) == true:
        result.matched += 1
    elif true[0] in show:
        result.different.add(f"{told}, true: {' '.join(true)}")
    else:
        result.surplus.add(f"{told}, true: {' '.join(true)}")


def _count_missing(result, seen, truth, selection, truths, show):
    """Whole pieces are compared at once; only where they differ, endpoint by endpoint."""
    ports = selection.ports
    for first, low, high, block in selection.pieces(truth):
        verdicts = truths.verdicts(block)
        wanted = bytes(state in show for state, _ in verdicts)
        result.expected += sum(wanted) * (high - low + 1)
        for host in range(high - low + 1):
            at = (first + host) * len(ports)
            if seen[at:at + len(ports)] == wanted:
                continue
            for port, verdict, is_wanted, is_seen in zip(ports, verdicts, wanted, seen[at:at + len(ports)]):
                if is_wanted and not is_seen:
                    result.missing.add(f"{format_address(low + host)} {port} {' '.join(verdict)}")
