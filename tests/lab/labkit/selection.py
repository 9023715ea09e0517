"""The endpoints that a listing or a comparison is about: hosts × ports."""

from .address import AddressError, is_v4, parse_hosts
from .namespaces import LabError
from .ports import port_list


class Selection:
    """Sorted disjoint host ranges and a port list; endpoints are numbered host by host."""

    def __init__(self, truth, hosts, port_ranges):
        self.ranges = _chosen(truth, hosts) if hosts else truth.hosts()
        self.ports = port_list(port_ranges)
        self.host_count = sum(high - low + 1 for low, high in self.ranges)

    @property
    def size(self):
        """The number of endpoints."""
        return self.host_count * len(self.ports)

    def pieces(self, truth):
        """(first host number, low, high, block) over all hosts, in order."""
        number = 0
        for low, high in self.ranges:
            for piece_low, piece_high, block in truth.layout.within(low, high):
                yield number, piece_low, piece_high, block
                number += piece_high - piece_low + 1

    def behaviours(self, block):
        """The behaviours of a block at the selected ports, in order."""
        found, stretches = [], iter(block.ports)
        low, high, behaviour = next(stretches)
        for port in self.ports:
            while port > high:
                low, high, behaviour = next(stretches)
            found.append(behaviour)
        return found


def _chosen(truth, texts):
    """The named hosts, each once; all must be the fleet's."""
    ranges = []
    for text in texts:
        try:
            low, high = parse_hosts(text)
        except AddressError as error:
            raise LabError(f"--hosts: {error}") from None
        covered = sum(piece_high - piece_low + 1 for piece_low, piece_high, _ in truth.layout.within(low, high))
        if covered != high - low + 1:
            raise LabError(f'--hosts: "{text}" is not wholly within the subnets of the truth file')
        ranges.append((low, high))
    return _united(sorted(ranges))


def _united(ranges):
    united = [ranges[0]]
    for low, high in ranges[1:]:
        last_low, last_high = united[-1]
        if low <= last_high + 1 and is_v4(low) == is_v4(last_low):
            united[-1] = (last_low, max(last_high, high))
        else:
            united.append((low, high))
    return united
