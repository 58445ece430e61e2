"""The OSC port: UDP, and the same number on TCP, where OSC and OSCQuery come in.

What connects over TCP says itself what it is, see `Door`. Both are announced on the network if
they listen there.
"""

from __future__ import annotations

import logging
import socket
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

from bridge.controls.controls import Controls
from bridge.network.hosts import Network, is_loopback
from bridge.network.serving import Serving, listen
from bridge.osc.discovery import Announcement
from bridge.osc.server import OscServer
from musicrfm.errors import MusicRFMError

if TYPE_CHECKING:
    from bridge.meters import Meters

log = logging.getLogger(__name__)

SAME, OFF = "same", "off"  # for TCP instead of a number of its own
MAX_MESSAGE = 4096  # bytes; LISTEN and IGNORE are short
TRIES = 20  # to find a number that is free on UDP and on TCP


def open_port(
    host: str, port: int, tcp: int | str = SAME, allow: tuple[Network, ...] = ()
) -> tuple[OscServer, socket.socket | None]:
    """The UDP half and the TCP half of a port; both listen, and neither answers yet.

    port: 0 takes any that is free. tcp: a number of its own on TCP. Raises MusicRFMError if a port
    cannot be had that was asked for; where TCP only follows, it is left out, and the log says so.
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
    """Serve the TCP half, and announce both beyond this machine.

    Closing the stack ends that, and closes the socket.

    tcp: `OFF` takes no OSC there, only OSCQuery.
    """
    from bridge.osc.door import Door  # as its libraries are still loaded while the music plays
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
