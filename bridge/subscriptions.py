"""What the bridge tells by itself: every control as it changes, whoever changed it, and the meters.

A client asks once, `/subscribe port [rate]`, and is told until it says `/unsubscribe`, or until
nothing has come from it for a minute: UDP does not say when somebody has gone. Over TCP it is told
as long as it is connected.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bridge.controls import Controls, Value

if TYPE_CHECKING:
    from bridge.meters import Meters

log = logging.getLogger(__name__)

RATE, FASTEST = 20.0, 60.0  # times a second
PATIENCE = 60.0  # seconds that a client may be silent
MAX_SUBSCRIBERS = 64
STREAM = "tcp"  # ends the place of whoever is connected by TCP


@dataclass
class Subscriber:
    """Where to tell, how often, and what it knows already."""

    place: tuple
    every: float
    due: float
    alive: float  # when something last came from its host, seconds of `time.monotonic`
    known: dict[str, Value] = field(default_factory=dict)


class Subscriptions:
    """send: (place, address, *arguments). Every method may be called from any thread."""

    def __init__(self, controls: Controls, send: Callable[..., None]) -> None:
        self._controls, self._send = controls, send
        self.meters: Meters | None = None
        self._lock = threading.Lock()
        self._subscribers: dict[tuple, Subscriber] = {}
        self._said: dict[str, tuple[object, Value]] = {}  # who set an address last, and to what
        self._over = threading.Event()
        self._woken = threading.Event()
        self._thread = threading.Thread(target=self._run, name="osc-feedback", daemon=True)
        controls.on_change(self._changed)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._over.set()
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join(2.0)

    def add(self, place: tuple, rate: float = RATE) -> None:
        """From now on tell `place`; again only changes the rate, clamped to 1 to 60 Hz."""
        every, now = 1 / min(max(rate, 1.0), FASTEST), time.monotonic()
        with self._lock:
            there = self._subscribers.get(place)
            if there is not None:
                there.every, there.alive = every, now
                return
            if len(self._subscribers) >= MAX_SUBSCRIBERS:
                self._subscribers.pop(min(self._subscribers.values(), key=lambda s: s.alive).place)
            known = dict(self._controls.snapshot().values)
            self._subscribers[place] = Subscriber(place, every, now, now, known)
        self._woken.set()

    def remove(self, place: tuple) -> bool:
        """Whether it was one."""
        with self._lock:
            return self._subscribers.pop(place, None) is not None

    def heard_from(self, host: str) -> None:
        """Something came from this host, so whoever listens there is alive."""
        if not self._subscribers:
            return
        now = time.monotonic()
        with self._lock:
            for one in self._subscribers.values():
                if one.place[0] == host:
                    one.alive = now

    def __contains__(self, place: object) -> bool:
        return place in self._subscribers

    def __len__(self) -> int:
        return len(self._subscribers)

    def _changed(self, address: str, value: Value, source: object) -> None:
        if self._subscribers:
            self._said[address] = (getattr(source, "told_at", None), value)

    def _run(self) -> None:
        while not self._over.is_set():
            now = time.monotonic()
            with self._lock:
                for one in [s for s in self._subscribers.values() if _gone(s, now)]:
                    del self._subscribers[one.place]
                    log.info("OSC: nothing more from %s:%s, which is told no more", *one.place[:2])
                waiting = list(self._subscribers.values())
            try:
                for one in waiting:
                    if one.due <= now:
                        one.due = max(one.due + one.every, now)
                        self._tell(one)
            except Exception:
                log.exception("OSC feedback failed")
            wait = min((s.due for s in waiting), default=now + 1.0) - time.monotonic()
            self._woken.wait(min(max(wait, 0.001), 1.0))
            self._woken.clear()

    def _tell(self, one: Subscriber) -> None:
        """What has changed since the last time but for what it set itself, then the meters."""
        for address, value in self._controls.snapshot().values.items():
            if one.known.get(address) == value:
                continue
            one.known[address] = value
            if self._said.get(address) != (one.place, value):
                self._send(one.place, address, value)
        if self.meters is None:
            return
        r = self.meters.read()
        for name in ("level", "buffer", "speed", "latency", "tempo"):
            self._send(one.place, f"/meter/{name}", float(getattr(r, name)))
        self._send(one.place, "/tempo/measured", float(r.tempo))  # beside /tempo/target
        self._send(one.place, "/meter/underruns", int(r.underruns))
        self._send(one.place, "/meter/chroma", *r.chroma)


def _gone(one: Subscriber, now: float) -> bool:
    return one.place[-1] != STREAM and now - one.alive > PATIENCE
