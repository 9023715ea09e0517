"""Reads a capture that sonde wrote: pcap with nanoseconds, link type LINUX_SLL2."""

import ipaddress
import struct
from dataclasses import dataclass

NANOSECOND_MAGIC, LINUX_SLL2, SLL2_HEADER = 0xA1B23C4D, 276, 20
IPV4, IPV6, TCP, OUTGOING = 0x0800, 0x86DD, 6, 4
SYN, RST, ACK = 2, 4, 16


@dataclass(frozen=True)
class Segment:
    """A TCP segment of a capture; `peer` is the address and port that are not the scanner's."""

    sent: bool
    time_ns: int
    peer: tuple
    flags: int


def read_segments(path):
    """The TCP segments of a capture, in order; anything that is no whole record is an error."""
    with open(path, "rb") as file:
        data = file.read()
    magic, _, _, _, _, _, link_type = struct.unpack_from("<IHHiIII", data)
    if (magic, link_type) != (NANOSECOND_MAGIC, LINUX_SLL2):
        raise ValueError(f"{path}: magic {magic:x}, link type {link_type}")
    segments, at = [], 24
    while at < len(data):
        seconds, nanos, kept, whole = struct.unpack_from("<IIII", data, at)
        packet = data[at + 16:at + 16 + kept]
        if len(packet) < kept or whole < kept or nanos >= 10**9:
            raise ValueError(f"{path}: the record at {at} is not whole")
        segment = _segment(packet, seconds * 10**9 + nanos)
        if segment:
            segments.append(segment)
        at += 16 + kept
    return segments


def _segment(packet, time_ns):
    ether_type, sent, ip = struct.unpack_from("!H", packet)[0], packet[10] == OUTGOING, packet[SLL2_HEADER:]
    if ether_type == IPV4 and ip[9] == TCP:
        addresses, tcp = (ip[12:16], ip[16:20]), ip[4 * (ip[0] & 15):]
    elif ether_type == IPV6 and ip[6] == TCP:
        addresses, tcp = (ip[8:24], ip[24:40]), ip[40:]
    else:
        return None
    peer = str(ipaddress.ip_address(addresses[sent])), struct.unpack_from("!HH", tcp)[sent]
    return Segment(sent, time_ns, peer, tcp[13])
