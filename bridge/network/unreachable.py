"""What the network says of UDP packets that nobody took: at which place nobody listens.

Only Linux tells that of a socket that sends to many places; elsewhere nothing is ever found.
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
MOST = 64  # that are looked at in one go


def ask_for_errors(sending: socket.socket) -> None:
    """From now on `nobody_at` knows; a call on the socket may fail once for an earlier packet."""
    if not LINUX:
        return
    levels = [(socket.IPPROTO_IP, IP_RECVERR)]
    if sending.family == socket.AF_INET6:
        levels.append((socket.IPPROTO_IPV6, IPV6_RECVERR))
    for level, option in levels:
        with contextlib.suppress(OSError):
            sending.setsockopt(level, option, 1)


def nobody_at(sending: socket.socket) -> list[tuple]:
    """The places, as `sendto` takes them, that have just said that nobody listens there."""
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
