"""Port lists as texts: "22,80,8000-8010" or "*"."""

FIRST, LAST = 1, 65535
ALL_PORTS = ((FIRST, LAST),)


class PortsError(ValueError):
    """A text that is no list of ports; says what was expected."""


def parse_ports(text):
    """The ports as a tuple of sorted disjoint (low, high) ranges."""
    if text in ("*", "-"):
        return ALL_PORTS
    ranges = sorted(_range(part) for part in str(text).split(","))
    merged = [ranges[0]]
    for low, high in ranges[1:]:
        if low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return tuple(merged)


def _range(part):
    low_text, dash, high_text = part.strip().partition("-")
    try:
        low = int(low_text)
        high = int(high_text) if dash else low
    except ValueError:
        raise PortsError(f'"{part}": expected a port, a range a-b or "*"') from None
    if not FIRST <= low <= high <= LAST:
        raise PortsError(f'"{part}": expected ports from {FIRST} to {LAST}, the lower one first')
    return low, high


def port_list(ranges):
    """Every single port of the ranges, in order."""
    return [port for low, high in ranges for port in range(low, high + 1)]
