"""Announces the bridge on the local network, so that clients find it.

As `_osc._udp`, `_osc._tcp` and `_oscjson._tcp` (OSCQuery). If the network refuses, the set plays
anyway, with one line in the log.
"""

from __future__ import annotations

import contextlib
import ipaddress
import logging
import socket
import threading
from collections.abc import Mapping

log = logging.getLogger(__name__)

NAME = "MusicRFM"
ANYWHERE = ("0.0.0.0", "::", "")


class Announcement:
    """Announces on a separate thread, because checking a name on the network takes time.

    host: the address of the ports; a bridge on loopback is announced on this computer only. ports:
    kind of service → port, such as "_osc._udp" → 9000.
    """

    def __init__(self, host: str, ports: Mapping[str, int]) -> None:
        self._host = host
        self._ports = {f"{kind}.local.": port for kind, port in ports.items()}
        self._zeroconf = None
        self.announced = threading.Event()
        self._lock = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="zeroconf", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Withdraw the names, without waiting long for the network."""
        with self._lock:
            self._closed = True
        goodbye = threading.Thread(target=self._bye, name="zeroconf-bye", daemon=True)
        goodbye.start()
        goodbye.join(2.0)

    def _bye(self) -> None:
        self._thread.join(5.0)
        zeroconf = self._zeroconf
        # Where Zeroconf's own thread has ended, asking it would wait long for no goodbye.
        if zeroconf is not None and zeroconf.loop is not None and zeroconf.loop.is_running():
            with contextlib.suppress(Exception):
                zeroconf.close()

    def _run(self) -> None:
        try:
            self._announce()
        except BaseException as error:
            if not self._closed:
                log.info(
                    "the bridge is not announced on the network (%s): clients must know its port",
                    error,
                )

    def _announce(self) -> None:
        from zeroconf import InterfaceChoice, ServiceInfo, Zeroconf

        if self._host in ANYWHERE:
            addresses = _own_addresses()
            interfaces: InterfaceChoice | list[str | int] = InterfaceChoice.All
        else:
            addresses = [str(socket.getaddrinfo(self._host, None)[0][4][0])]
            interfaces = list(addresses)
        packed = [ipaddress.ip_address(one).packed for one in addresses]
        with self._lock:
            if self._closed:
                return
            self._zeroconf = zeroconf = Zeroconf(interfaces=interfaces)
        server = f"{server_name()}."
        for kind, port in self._ports.items():
            info = ServiceInfo(kind, f"{NAME}.{kind}", port=port, addresses=packed, server=server)
            zeroconf.register_service(info, allow_name_change=True)
        self.announced.set()


def server_name() -> str:
    """The computer's name on the local network while announced."""
    return f"musicrfm-{socket.gethostname().split('.')[0]}.local"


def _own_addresses() -> list[str]:
    """IPv4 addresses at which others can reach this computer."""
    found = {"127.0.0.1"}
    with contextlib.suppress(OSError):
        infos = socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)
        found |= {str(info[4][0]) for info in infos}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, contextlib.suppress(OSError):
        probe.connect(("10.255.255.255", 9))  # sends nothing
        found.add(probe.getsockname()[0])
    others = sorted(one for one in found if not one.startswith("127."))
    return others or ["127.0.0.1"]
