"""Sends SYNs from a packet socket, past queueing discipline and firewall; runs inside a scanner namespace.

Standard input: JSON, {"interface": …, "gateway": its link address, or "" without a link layer, "source": …,
"hosts": […], "port": …, "wait_s": how long to listen}; IPv4 only.
Standard output: JSON, host → {"answer": "syn-ack", "rst" or "icmp", "window": …, "options": their length}.
"""

import json
import select
import socket
import struct
import sys
import time

ETHERTYPE_IPV4 = 0x0800
SOL_PACKET, PACKET_QDISC_BYPASS, PACKET_OUTGOING = 263, 20, 4
SOURCE_PORT = 55555
SYN, RST = 2, 4


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF


def syn(source, host, port):
    """An IPv4 packet with a SYN that has an MSS, as text books have it."""
    tcp = struct.pack("!HHIIBBHHH4s", SOURCE_PORT, port, 4711, 0, 6 << 4, SYN, 64240, 0, 0, b"\x02\x04\x05\xb4")
    pseudo = socket.inet_aton(source) + socket.inet_aton(host) + struct.pack("!HH", socket.IPPROTO_TCP, len(tcp))
    tcp = tcp[:16] + struct.pack("!H", checksum(pseudo + tcp)) + tcp[18:]
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), 0, 0x4000, 64, socket.IPPROTO_TCP, 0,
                     socket.inet_aton(source), socket.inet_aton(host))
    return ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:] + tcp


def read_answer(packet):
    """(host, what it answered), or None for a packet that is no answer."""
    protocol, length = packet[9], 4 * (packet[0] & 15)
    if protocol == socket.IPPROTO_ICMP and packet[length] == 3:
        return socket.inet_ntoa(packet[length + 24:length + 28]), {"answer": "icmp"}
    tcp = packet[length:length + 20]
    if protocol != socket.IPPROTO_TCP or struct.unpack_from("!H", tcp, 2)[0] != SOURCE_PORT:
        return None
    answer = {"answer": "rst" if tcp[13] & RST else "syn-ack", "window": struct.unpack_from("!H", tcp, 14)[0],
              "options": 4 * (tcp[12] >> 4) - 20}
    return socket.inet_ntoa(packet[12:16]), answer


def look_at_all(interface, gateway, source, hosts, port, wait_s):
    link = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETHERTYPE_IPV4))
    link.bind((interface, ETHERTYPE_IPV4))
    link.setsockopt(SOL_PACKET, PACKET_QDISC_BYPASS, 1)
    link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    found, deadline = {}, time.monotonic() + wait_s
    for host in hosts:
        link.sendto(syn(source, host, port), (interface, ETHERTYPE_IPV4, 0, 0, bytes.fromhex(gateway.replace(":", ""))))
    while len(found) < len(hosts) and select.select([link], [], [], max(deadline - time.monotonic(), 0))[0]:
        packet, where = link.recvfrom(4096)
        answer = None if where[2] == PACKET_OUTGOING else read_answer(packet)
        if answer:
            found.setdefault(*answer)
    return found


if __name__ == "__main__":
    json.dump(look_at_all(**json.load(sys.stdin)), sys.stdout)
