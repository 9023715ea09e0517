"""Looks at endpoints with plain sockets; runs inside a scanner namespace.

Standard input: JSON, {"timeout_s": …, "stay": whether to wait for what comes after
an accepted connect, "endpoints": [[address, port, text to send], …]}.
Standard output: JSON, one object per endpoint, in order:
  connect  "ok", "timeout" or the error's name
  icmp     [type, code, sender] of the ICMP error that was the cause
  then     what came after: "silence", "reset", "closed", or the text received
  ms       how long the connect took
All connects are under way at once.
"""

import errno
import json
import select
import socket
import struct
import sys
import time


def family_of(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def start(address, port):
    family = family_of(address)
    link = socket.socket(family, socket.SOCK_STREAM)
    level, option = (socket.SOL_IP, 11) if family == socket.AF_INET else (socket.IPPROTO_IPV6, 25)
    link.setsockopt(level, option, 1)  # IP_RECVERR, IPV6_RECVERR
    link.setblocking(False)
    link.connect_ex((address, port))
    return link


def icmp_of(link):
    try:
        _, ancillary, _, _ = link.recvmsg(512, 512, socket.MSG_ERRQUEUE)
    except OSError:
        return None
    for _, _, data in ancillary:
        _, origin, kind, code = struct.unpack_from("=IBBB", data)
        if origin in (2, 3):  # SO_EE_ORIGIN_ICMP, SO_EE_ORIGIN_ICMP6
            sender = data[20:24] if origin == 2 else data[24:40]
            return [kind, code, socket.inet_ntop(socket.AF_INET if origin == 2 else socket.AF_INET6, sender)]
    return None


def connect_result(link):
    """To be asked before the error queue, which takes the error along."""
    code = link.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    return "ok" if code == 0 else errno.errorcode[code]


def converse(link, text):
    link.settimeout(0.3)
    try:
        if text:
            link.sendall(text.encode())
        received = link.recv(4096)
        return received.decode() if received else "closed"
    except TimeoutError:
        return "silence"
    except ConnectionResetError:
        return "reset"


def look_at_all(endpoints, timeout_s, stay):
    began = time.monotonic()
    looks = [{"connect": "timeout", "icmp": None, "then": None, "ms": None} for _ in endpoints]
    links = [start(address, port) for address, port, _ in endpoints]
    poll, numbers = select.poll(), {link.fileno(): number for number, link in enumerate(links)}
    for link in links:
        poll.register(link, select.POLLOUT)
    while numbers and time.monotonic() < began + timeout_s:
        for descriptor, _ in poll.poll(20):
            poll.unregister(descriptor)
            number = numbers.pop(descriptor)
            looks[number].update(ms=(time.monotonic() - began) * 1000, connect=connect_result(links[number]),
                                 icmp=icmp_of(links[number]))
    for look, link, (_, _, text) in zip(looks, links, endpoints):
        if look["connect"] == "ok" and stay:
            look["then"] = converse(link, text)
        link.close()
    return looks


if __name__ == "__main__":
    order = json.load(sys.stdin)
    json.dump(look_at_all(**order), sys.stdout)
