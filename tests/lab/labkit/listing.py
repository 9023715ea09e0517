"""Prints the true set: one line per endpoint, sorted by address and port."""

from .address import format_address


def write_truth(truth, selection, out):
    """Streams `ADDRESS PORT STATE REASON` lines."""
    for _, low, high, block in selection.pieces(truth):
        tails = [f" {port} {' '.join(behaviour.verdict)}\n"
                 for port, behaviour in zip(selection.ports, selection.behaviours(block))]
        for number in range(low, high + 1):
            address = format_address(number)
            out.write("".join([address + tail for tail in tails]))
