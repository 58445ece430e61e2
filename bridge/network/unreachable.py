"""Reads the network's reports about UDP packets that reached nobody.

Only Linux reports them for a socket with many destinations; on other systems nothing is found.
"""

from __future__ import annotations

import contextlib
import errno
import socket
import struct
import sys

LINUX = sys.platform == "linux"
# From linux/in.h and linux/in6.h, as Python has no names for them.
IP_RECVERR, IPV6_RECVERR = 11, 25
EXTENDED_ERROR = struct.Struct("=IBBBBII")  # struct sock_extended_err of linux/errqueue.h
BY_ROUTER, BY_ROUTER_6 = 2, 3  # ICMP and ICMPv6, from whichever machine it came
MOST = 64  # reports read in one go


def ask_for_errors(sending: socket.socket) -> None:
    """Enable the reports for `nobody_at`; a call on the socket may then fail once for an earlier
    packet."""
    if not LINUX:
        return
    levels = [(socket.IPPROTO_IP, IP_RECVERR)]
    if sending.family == socket.AF_INET6:
        levels.append((socket.IPPROTO_IPV6, IPV6_RECVERR))
    for level, option in levels:
        with contextlib.suppress(OSError):
            sending.setsockopt(level, option, 1)


def nobody_at(sending: socket.socket) -> list[tuple]:
    """The places, as for `sendto`, at which nothing listens according to new reports."""
    found: list[tuple] = []
    if not LINUX:
        return found
    flags = socket.MSG_ERRQUEUE | socket.MSG_DONTWAIT
    for _ in range(MOST):
        try:
            _, ancillary, _, place = sending.recvmsg(1, 512, flags)
        except OSError:
            break
        for _, _, data in ancillary:
            if len(data) < EXTENDED_ERROR.size:
                continue
            number, origin, *_ = EXTENDED_ERROR.unpack_from(data)
            if number == errno.ECONNREFUSED and origin in (BY_ROUTER, BY_ROUTER_6):
                found.append(place)
    return found
