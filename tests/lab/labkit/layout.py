"""Rules that overlap, the last one winning, turned into a map without overlap.

Fleet builders and listings need "which behaviour has this endpoint" fast and
for whole ranges at once: the Layout is a sorted list of blocks of addresses
that share all their ports' behaviours.
"""

from bisect import bisect_left, bisect_right, insort
from dataclasses import dataclass

from .ports import ALL_PORTS


@dataclass(frozen=True)
class Block:
    """Neighbouring addresses whose ports all behave alike."""

    low: int
    high: int
    ports: tuple  # of (low, high, Behaviour), sorted, together all ports

    def at(self, port):
        """The behaviour of one port."""
        return next(behaviour for low, high, behaviour in self.ports if low <= port <= high)


class Layout:
    """Sorted disjoint blocks; together they are exactly the subnets."""

    def __init__(self, blocks):
        self.blocks = blocks
        self._lows = [block.low for block in blocks]

    @staticmethod
    def build(subnets, default, rules):
        """From the subnets' (low, high), the default behaviour and the rules in order."""
        return Layout(_merged(_blocks(subnets, default, rules)))

    def block_of(self, address):
        """The block that holds an address, or None."""
        at = bisect_right(self._lows, address) - 1
        if at >= 0 and address <= self.blocks[at].high:
            return self.blocks[at]
        return None

    def within(self, low, high):
        """(low, high, block) for every piece of a block in a range of addresses."""
        at = max(bisect_right(self._lows, low) - 1, 0)
        for block in self.blocks[at:]:
            if block.low > high:
                break
            if block.high >= low:
                yield max(low, block.low), min(high, block.high), block


def _blocks(subnets, default, rules):
    """Sweeps over the addresses where some rule begins or ends."""
    layers = [(ALL_PORTS, default)] + [(rule.ports, rule.behaviour) for rule in rules]
    changes = {}  # address → [(layer, +1 or -1)]
    for layer, ranges in enumerate([subnets] + [rule.hosts for rule in rules]):
        for low, high in ranges:
            changes.setdefault(low, []).append((layer, 1))
            changes.setdefault(high + 1, []).append((layer, -1))
    covering, active, painted = [0] * len(layers), [], {}
    stops = sorted(changes)
    for stop, next_stop in zip(stops, stops[1:]):
        for layer, step in changes[stop]:
            _cover(covering, active, layer, step)
        if active:
            key = tuple(active)
            if key not in painted:
                painted[key] = _paint([layers[layer] for layer in active])
            yield Block(stop, next_stop - 1, painted[key])


def _cover(covering, active, layer, step):
    before = covering[layer]
    covering[layer] += step
    if before == 0:
        insort(active, layer)
    elif covering[layer] == 0:
        del active[bisect_left(active, layer)]


def _paint(layers):
    """The ports of one block: for each stretch the last layer that covers it."""
    stops = sorted({stop for ranges, _ in layers for low, high in ranges for stop in (low, high + 1)})
    owner = [None] * len(stops)
    for ranges, behaviour in layers:
        for low, high in ranges:
            first, end = bisect_left(stops, low), bisect_left(stops, high + 1)
            owner[first:end] = [behaviour] * (end - first)
    ports = []
    for low, next_low, behaviour in zip(stops, stops[1:], owner):
        if ports and ports[-1][2] == behaviour:
            ports[-1] = (ports[-1][0], next_low - 1, behaviour)
        else:
            ports.append((low, next_low - 1, behaviour))
    return tuple(ports)


def _merged(blocks):
    merged = []
    for block in blocks:
        last = merged[-1] if merged else None
        if last and last.high + 1 == block.low and last.ports == block.ports:
            merged[-1] = Block(last.low, block.high, block.ports)
        else:
            merged.append(block)
    return merged
