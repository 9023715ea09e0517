"""Addresses as plain integers.

IPv4 and IPv6 share one number line: an IPv4 address stands where its
IPv4-mapped IPv6 address (RFC 4291, 2.5.5.2) stands. So one sorted table, one
comparison and one range type serve both families.
"""

import ipaddress
import socket

MAPPED = 0xFFFF << 32


class AddressError(ValueError):
    """A text that is no address, prefix or range; says what was expected."""


def is_v4(number):
    """Whether the number stands for an IPv4 address."""
    return number >> 32 == 0xFFFF


def parse_address(text):
    """The number of "10.0.0.1" or "fd00::1"."""
    try:
        return MAPPED | int.from_bytes(socket.inet_pton(socket.AF_INET, text), "big")
    except OSError:
        pass
    try:
        return int.from_bytes(socket.inet_pton(socket.AF_INET6, text), "big")
    except OSError:
        raise AddressError(f'"{text}": expected an IPv4 or IPv6 address') from None


def format_address(number):
    """The usual text of an address."""
    if is_v4(number):
        return socket.inet_ntoa((number & 0xFFFFFFFF).to_bytes(4, "big"))
    return socket.inet_ntop(socket.AF_INET6, number.to_bytes(16, "big"))


def parse_prefix(text):
    """The first and last number of a CIDR without host bits."""
    try:
        network = ipaddress.ip_network(text)
    except ValueError as error:
        raise AddressError(f'"{text}": {error}') from None
    base = MAPPED if network.version == 4 else 0
    return base | int(network.network_address), base | int(network.broadcast_address)


def parse_hosts(text):
    """The first and last number of a CIDR, an a-b range or a single address."""
    if "/" in text:
        return parse_prefix(text)
    low_text, dash, high_text = text.partition("-")
    low = parse_address(low_text)
    high = parse_address(high_text) if dash else low
    if high < low or is_v4(low) != is_v4(high):
        raise AddressError(f'"{text}": the range ends before it begins')
    return low, high


def prefixes_of(low, high):
    """The CIDRs (as texts) that together are exactly low to high."""
    if is_v4(low):
        first, last = (ipaddress.IPv4Address(n & 0xFFFFFFFF) for n in (low, high))
    else:
        first, last = ipaddress.IPv6Address(low), ipaddress.IPv6Address(high)
    return [str(prefix) for prefix in ipaddress.summarize_address_range(first, last)]


def without(ranges, holes):
    """The disjoint sorted `ranges` less the `holes`, both lists of (low, high)."""
    rest = []
    for low, high in ranges:
        for hole_low, hole_high in sorted(holes):
            if hole_high < low or hole_low > high:
                continue
            if low < hole_low:
                rest.append((low, hole_low - 1))
            low = hole_high + 1
        if low <= high:
            rest.append((low, high))
    return rest
