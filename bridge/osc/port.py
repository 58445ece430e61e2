"""The OSC port: UDP, and the same number on TCP for OSC and OSCQuery.

A TCP connection identifies its protocol by its first bytes, see `Door`. Both are announced on the
network if they listen there.
"""

from __future__ import annotations

import logging
import socket
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

from bridge.controls.controls import Controls
from bridge.network.discovery import Announcement
from bridge.network.hosts import Network, is_loopback
from bridge.network.serving import Serving, listen
from bridge.osc.server import OscServer
from musicrfm.errors import MusicRFMError

if TYPE_CHECKING:
    from bridge.meters import Meters

log = logging.getLogger(__name__)

SAME, OFF = "same", "off"  # values for TCP in place of a number
MAX_MESSAGE = 4096  # bytes; LISTEN and IGNORE are short
TRIES = 20  # to find a number that is free on UDP and on TCP


def open_port(
    host: str, port: int, tcp: int | str = SAME, allow: tuple[Network, ...] = ()
) -> tuple[OscServer, socket.socket | None]:
    """The UDP and TCP halves of a port; both listen, and neither answers yet.

    port: 0 takes any free one. tcp: a different number for TCP. Raises MusicRFMError if a requested
    port is not available; if TCP only follows UDP, it is skipped with a line in the log.
    """
    for last in (False,) * (TRIES if port == 0 else 0) + (True,):
        osc = OscServer(host, port, allow)
        wanted = osc.port if isinstance(tcp, str) else tcp
        try:
            return osc, listen(host, wanted)
        except OSError as error:
            reason = error.strerror or str(error)
        if not isinstance(tcp, str):
            osc.close()
            raise MusicRFMError(
                f"cannot listen for OSC over TCP on {host}:{wanted} ({reason}): choose another "
                "port with --osc-tcp"
            )
        if last:
            lost = "OSC over TCP and OSCQuery are off"
            log.warning("%s: TCP port %d is not available (%s)", lost, wanted, reason)
            return osc, None
        osc.close()
    raise AssertionError("the last try returns")


def offer(
    controls: Controls,
    meters: Meters | None,
    osc: OscServer,
    bound: socket.socket | None,
    tcp: int | str = SAME,
) -> ExitStack:
    """Serve the TCP half, and announce both beyond this computer.

    Closing the stack ends that, and closes the socket.

    tcp: with `OFF`, only OSCQuery, no OSC.
    """
    from bridge.osc.door import Door  # imported here, as its libraries load while the music plays
    from bridge.osc.query import Tree, application

    stack, number = ExitStack(), None
    if bound is not None:
        number = bound.getsockname()[1]
        app = application(Tree(controls, meters), osc.port, number, osc.host)
        taker = None if tcp == OFF else osc
        serving = Serving(
            app, bound, "osc-tcp", http=partial(Door, taker, osc.lets), ws_max_size=MAX_MESSAGE
        )
        stack.callback(serving.close)
    if is_loopback(osc.host):  # to announce it would mean to listen on every network there is
        return stack
    ports = {"_osc._udp": osc.port}
    if number is not None:
        ports["_oscjson._tcp"] = number
        if tcp != OFF:
            ports["_osc._tcp"] = number
    stack.callback(Announcement(osc.host, ports).close)
    return stack
