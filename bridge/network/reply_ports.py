"""The ports of clients that listen on another port than they send from."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import overload

from bridge.network.hosts import is_here
from musicrfm.errors import MusicRFMError

MAX_CLIENTS = 256
KEPT = 32  # places reserved for this machine
MAX_A_HOST = 16  # beyond it, the host's oldest is replaced: a program uses a new port at each start
FORGOTTEN = 600.0  # seconds of silence after which a place can be reused


@dataclass
class ReplyPorts:
    """Maps a sender's socket address to the port for its answers."""

    _ports: dict[tuple, int] = field(default_factory=dict)
    _heard: dict[tuple, float] = field(default_factory=dict)  # the least recent first

    @overload
    def get(self, address: tuple, default: None = None) -> int | None: ...

    @overload
    def get(self, address: tuple, default: int) -> int: ...

    def get(self, address: tuple, default: int | None = None) -> int | None:
        """Thread-safe."""
        return self._ports.get(address, default)

    def heard_from(self, address: tuple) -> None:
        if address in self._heard:
            del self._heard[address]
            self._heard[address] = time.monotonic()

    def add(self, address: tuple, port: int) -> None:
        """Raises MusicRFMError if there are too many; existing ones are kept."""
        if address not in self._ports:
            self._make_room(address[0])
        self._ports[address] = port
        self._heard.pop(address, None)
        self._heard[address] = time.monotonic()

    def _make_room(self, host: str) -> None:
        same = [address for address in self._heard if address[0] == host]
        if len(same) >= MAX_A_HOST:
            self._forget(same[0])
        here = is_here(host)
        counted = [one for one in self._heard if here or not is_here(one[0])]
        if len(counted) < (MAX_CLIENTS if here else MAX_CLIENTS - KEPT):
            return
        if time.monotonic() - self._heard[counted[0]] < FORGOTTEN:
            raise MusicRFMError(
                f"/reply_port: {MAX_CLIENTS} clients have one already: listen on your sending port "
                "instead"
            )
        self._forget(counted[0])

    def _forget(self, address: tuple) -> None:
        del self._ports[address], self._heard[address]
