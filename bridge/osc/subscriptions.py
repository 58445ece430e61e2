"""Subscriptions: sends every changed control, whatever changed it, and the meters.

A client sends `/subscribe port [rate]` once. Its subscription lasts until `/unsubscribe`, or until
the client has been silent for a minute, because UDP does not report that a client is gone. Over
TCP, it lasts as long as the connection.

UDP senders can be forged. Therefore a host has few subscriptions and a budget of bytes, and each
subscription gets one packet at a time.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from bridge.controls.controls import Controls, Value
from bridge.meters import METERS, Meters
from bridge.network.budgets import Bucket
from bridge.network.hosts import is_here
from bridge.osc.packets import build, bundle
from bridge.process.threads import supervised
from musicrfm.errors import MusicRFMError

log = logging.getLogger(__name__)

RATE, FASTEST = 20.0, 60.0  # times a second
PATIENCE = 60.0  # seconds that a client may be silent
MAX_SUBSCRIBERS = 64
KEPT = 8  # of these for this machine, however many ask from elsewhere
MAX_A_HOST = 4
HOST_BYTES = 64_000  # limit per second of a host's subscriptions together
MAX_TOLD = 1400  # bytes per packet, so that it is not fragmented
STREAM = "tcp"  # last item of the place of a TCP client


@dataclass
class Subscriber:
    """The address, rate and known values of a subscription."""

    place: tuple
    every: float
    due: float
    alive: float  # when something last came from its host, seconds of `time.monotonic`
    known: dict[str, Value] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)  # values that did not fit in the last packet


class Subscriptions:
    """send: (place, packet). Every method may be called from any thread."""

    def __init__(self, controls: Controls, send: Callable[[tuple, bytes], None]) -> None:
        self._controls, self._send = controls, send
        self.meters: Meters | None = None
        self._lock = threading.Lock()
        self._subscribers: dict[tuple, Subscriber] = {}
        self._budgets: dict[str, Bucket] = {}  # remaining bytes of each host
        self._said: dict[str, tuple[object, Value]] = {}  # latest source and value of each address
        self._over = threading.Event()
        self._woken = threading.Event()
        self._thread = supervised("osc-feedback", self._run, self._over, "OSC feedback failed")
        controls.on_change(self._changed)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._over.set()
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join(2.0)

    def add(self, place: tuple, rate: float = RATE) -> None:
        """Subscribe `place`; repeating it only changes the rate, clamped to 1 to 60 Hz.

        Raises MusicRFMError if there are too many; existing ones are kept.
        """
        every, now = 1 / min(max(rate, 1.0), FASTEST), time.monotonic()
        with self._lock:
            there = self._subscribers.get(place)
            if there is not None:
                there.every, there.alive = every, now
                return
            self._check_room(place[0])
            known = dict(self._controls.snapshot().values)
            self._subscribers[place] = Subscriber(place, every, now, now, known)
            self._budgets.setdefault(place[0], Bucket.of(HOST_BYTES, HOST_BYTES))
        self._woken.set()

    def _check_room(self, host: str) -> None:
        places = list(self._subscribers)
        ports = [str(place[1]) for place in places if place[0] == host]
        if len(ports) >= MAX_A_HOST:
            raise MusicRFMError(
                f"/subscribe: {host} has {MAX_A_HOST} subscriptions already (ports "
                f"{', '.join(ports)}): end one with /unsubscribe and its port"
            )
        near = [place for place in places if is_here(place[0])]
        if is_here(host):
            full = len(places) >= MAX_SUBSCRIBERS
        else:
            full = len(places) - len(near) >= MAX_SUBSCRIBERS - KEPT
        if full:
            raise MusicRFMError(
                f"/subscribe: all {MAX_SUBSCRIBERS} subscriptions are in use; one becomes free by "
                f"/unsubscribe, or when a client is silent for {PATIENCE:.0f} s"
            )

    def remove(self, place: tuple) -> bool:
        """Returns whether it was subscribed."""
        with self._lock:
            return self._drop(place)

    def _drop(self, place: tuple) -> bool:
        found = self._subscribers.pop(place, None) is not None
        now = time.monotonic()
        hosts = {one[0] for one in self._subscribers}
        for host in [h for h, b in self._budgets.items() if h not in hosts and now - b.at > 1.0]:
            del self._budgets[host]  # full again by now, so nothing is gained by coming back
        return found

    def nobody_at(self, place: tuple) -> None:
        """The network reports that nothing listens at `place`: end its subscription."""
        if place in self._subscribers and self.remove(place):
            log.info("OSC: nothing listens at %s:%s, so its subscription ends", *place[:2])

    def heard_from(self, host: str) -> None:
        """A message came from this host, so its subscribers are alive."""
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
                    self._drop(one.place)
                    log.info(
                        "OSC: %s:%s has been silent too long, so its subscription ends",
                        *one.place[:2],
                    )
                waiting = list(self._subscribers.values())
            try:
                for one in waiting:
                    if one.due <= now:
                        one.due = max(one.due + one.every, now)
                        self._tell(one, now)
            except Exception:
                log.exception("OSC feedback failed")
            wait = min((s.due for s in waiting), default=now + 1.0) - time.monotonic()
            self._woken.wait(min(max(wait, 0.001), 1.0))
            self._woken.clear()

    def _tell(self, one: Subscriber, now: float) -> None:
        """Send the changes since the last time, except the subscriber's own, and the meters.

        Values that do not fit in a packet, or in the host's budget, are sent later with their value
        at that time.
        """
        values = self._controls.snapshot().values
        changed = [a for a, value in values.items() if one.known.get(a) != value]
        for address in changed:
            if self._said.get(address) == (one.place, values[address]):
                one.known[address] = values[address]
        late = set(one.left)
        news = [a for a in one.left if one.known.get(a) != values[a]]
        news += [a for a in changed if a not in late and one.known.get(a) != values[a]]
        meters = self._meters()
        room = MAX_TOLD - sum(4 + len(message) for message in meters) - 16
        told: list[str] = []
        messages: list[bytes] = []
        for address in news:
            message = build(address, values[address])
            if messages and len(message) + 4 > room:
                break
            room -= len(message) + 4
            told.append(address)
            messages.append(message)
        if room >= 0:  # a long prompt comes without them
            messages += meters
        if not messages:
            return
        packet = messages[0] if len(messages) == 1 else bundle(messages)
        budget = self._budgets.get(one.place[0])
        if budget is None or not budget.has(len(packet), now):
            return
        for address in told:
            one.known[address] = values[address]
        one.left = news[len(told) :]
        self._send(one.place, packet)

    def _meters(self) -> list[bytes]:
        if self.meters is None:
            return []
        reading = self.meters.read()
        # Beside /tempo/target.
        messages = [build("/tempo/measured", float(reading.tempo))]
        for meter in METERS:
            value = getattr(reading, meter.name)
            messages.append(
                build(meter.address, *(value if isinstance(value, tuple) else (value,)))
            )
        return messages


def _gone(one: Subscriber, now: float) -> bool:
    return one.place[-1] != STREAM and now - one.alive > PATIENCE
