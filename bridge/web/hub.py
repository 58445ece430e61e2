"""Keeps every open page in sync with the controls, and processes the pages' messages.

It runs on the web server's thread and reads snapshots only, so neither the engine nor a control
source waits for a browser. A page gets at most one message per tick, with the newest values; a page
that does not read its messages is dropped.
"""

from __future__ import annotations

import asyncio
import json
import logging
import math
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.websockets import WebSocket

from bridge.controls.controls import Controls, Value
from bridge.meters import METERS, Meters, Reading
from bridge.midi.learn import learn
from bridge.network.serving import first_of
from bridge.process.log_limit import about
from bridge.web.memory import Coefficients, LogMemory
from musicrfm.errors import MusicRFMError

if TYPE_CHECKING:
    from bridge.controls.presets import Presets
    from bridge.midi.controllers import Learner

log = logging.getLogger(__name__)

TICK = 0.04  # seconds between two messages to a page
COLUMNS = 750  # columns of a new page's picture: half a minute
SEND_SECONDS = 5.0  # a page that has not read its message by then is dropped
LOOK_SECONDS = 1.0  # interval of reading the preset names
LOG_SECONDS = 0.5  # interval of reading the errors
MAX_PAGES = 32
MAX_SET = 1000  # values in one message
SOURCE = "web"
VERBS = ("set", "preset", "learn", "midi")


@dataclass(eq=False)
class Page:
    """One open page, and the values it has."""

    socket: WebSocket
    values: Mapping[str, Value] = field(default_factory=dict)
    version: int = 0
    column: int = 0
    entry: int = 0
    entry_due: float = 0.0
    presets: list[str] | None = None
    learning: str | None = None
    mappings: list[dict] | None = None
    seen: int = 0  # number of its last message
    seen_told: int = 0
    again: set[str] = field(default_factory=set)  # addresses it set, whose final values it needs
    refused: list[dict] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    due: asyncio.Event = field(default_factory=asyncio.Event)


class Hub:
    """`serve` handles one WebSocket each while `run` is running, all in one event loop."""

    def __init__(
        self,
        controls: Controls,
        meters: Meters | None = None,
        presets: Presets | None = None,
        learner: Learner | None = None,
        about: Mapping[str, str] | None = None,
        send_seconds: float = SEND_SECONDS,
    ) -> None:
        self.controls = controls
        self.log = LogMemory()
        self._meters = meters
        self._presets = presets
        self._learner = learner
        self._about = dict(about or {})
        self._send_seconds = send_seconds
        self._pages: set[Page] = set()
        self._coefficients = Coefficients(list(controls.parameters.values()))
        self._columns: deque[dict] = deque(maxlen=COLUMNS)
        self._count = 0  # columns so far
        self._meter: dict = {}
        self._names: list[str] | None = None
        self._look_due = 0.0
        self._mappings: list[dict] | None = None
        self._look_at_learner()

    # ---- every tick ----

    async def run(self) -> None:
        """Read the meters and wake the pages, without end."""
        while True:
            try:
                await self._tick()
            except Exception:
                log.exception("the control page missed an update")
                await asyncio.sleep(1.0)
            await asyncio.sleep(TICK)

    async def _tick(self) -> None:
        now = time.monotonic()
        if (presets := self._presets) is not None and now >= self._look_due:
            self._look_due = now + LOOK_SECONDS
            self._names = await run_in_threadpool(lambda: list(presets.names()))
        self._look_at_learner()
        reading = self._meters.read() if self._meters is not None else None
        self._count += 1
        steers = self._coefficients.at(self.controls.snapshot(), now)
        column = {
            "at": round(now, 3),
            "chroma": _levels(reading),
            "now": {address: round(value, 3) for address, value in steers.items()},
        }
        self._columns.append(column)
        self._meter = column | {"gliding": self._coefficients.gliding}
        if reading is not None:
            self._meter |= _numbers(reading)
        for page in self._pages:
            page.due.set()

    def _look_at_learner(self) -> None:
        """Learning may be started elsewhere, and ends on its own."""
        learner = self._learner
        self._learning = None if learner is None else learner.address
        mapped = None if learner is None else learner.mapped
        self._mappings = None if mapped is None else mapped.entries()

    # ---- one page ----

    async def serve(self, socket: WebSocket) -> None:
        """Exchange messages with one page until either side closes."""
        await socket.accept()
        if len(self._pages) >= MAX_PAGES:
            await socket.close(1013, f"the limit of {MAX_PAGES} open pages is reached")
            return
        page = Page(socket)
        self._pages.add(page)
        try:
            await first_of(self._tell(page), self._hear(page))
        finally:
            self._pages.discard(page)

    async def _tell(self, page: Page) -> None:
        message = {"hello": self._hello(page)}
        while True:
            if message:
                text = json.dumps(message, allow_nan=False, separators=(",", ":"))
                await asyncio.wait_for(page.socket.send_text(text), self._send_seconds)
            await page.due.wait()
            page.due.clear()
            message = self._news(page)

    async def _hear(self, page: Page) -> None:
        while True:
            message = await page.socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            await self._obey(page, message.get("text"))

    # ---- messages to a page ----

    def _hello(self, page: Page) -> dict:
        """The complete state, for a page that is new or was reloaded."""
        snapshot = self.controls.snapshot()
        page.values, page.version = snapshot.values, snapshot.version
        page.column, page.presets, page.learning = self._count, self._names, self._learning
        page.mappings = self._mappings
        entries = self.log.since(0)
        page.entry = entries[-1].number if entries else 0
        return {
            "about": self._about,
            "parameters": [asdict(parameter) for parameter in self.controls.parameters.values()],
            "values": dict(snapshot.values),
            "meters": self._meters is not None,
            "presets": self._names if self._presets is not None else None,
            "learner": self._learner is not None,
            "learning": self._learning,
            "mappings": self._mappings,
            "log": [asdict(entry) for entry in entries],
            "columns": list(self._columns),
        }

    def _news(self, page: Page) -> dict:
        """The values that this page does not have yet."""
        news: dict = {}
        snapshot = self.controls.snapshot()
        values = {address: snapshot.values[address] for address in page.again}
        page.again.clear()
        if snapshot.version != page.version:
            known = page.values
            values |= {a: v for a, v in snapshot.values.items() if known.get(a) != v}
            page.values, page.version = snapshot.values, snapshot.version
        if values:
            news["values"] = values
        if page.seen != page.seen_told:
            news["seen"] = page.seen_told = page.seen
        if page.column != self._count:
            page.column = self._count
            news["meter"] = self._meter
        now = time.monotonic()
        if now >= page.entry_due and (entries := self.log.since(page.entry)):
            page.entry, page.entry_due = entries[-1].number, now + LOG_SECONDS
            news["log"] = [asdict(entry) for entry in entries]
        if page.presets != self._names:
            news["presets"] = page.presets = self._names
        if page.learning != self._learning:
            news["learning"] = page.learning = self._learning
        if page.mappings != self._mappings:
            news["mappings"] = page.mappings = self._mappings
        for key, waiting in (("refused", page.refused), ("notes", page.notes)):
            if waiting:
                news[key] = list(waiting)
                waiting.clear()
        return news

    # ---- messages from a page ----

    async def _obey(self, page: Page, text: str | None) -> None:
        """Process a message; each mistake in it is answered separately."""
        try:
            message = json.loads(text or "")
        except (ValueError, RecursionError):
            message = None
        if not isinstance(message, dict) or not message.keys() & set(VERBS):
            self._refuse(
                page, "", f"a message must be a JSON object with one of {', '.join(VERBS)}"
            )
            return
        number = message.get("n")
        if isinstance(number, int):
            page.seen = number
        if "set" in message:
            self._set(page, message["set"])
        if "preset" in message:
            await self._preset(page, message["preset"])
        if "learn" in message:
            self._learn(page, message["learn"])
        if "midi" in message:
            await self._map(page, message["midi"])

    def _set(self, page: Page, values: object) -> None:
        if not isinstance(values, dict) or len(values) > MAX_SET:
            self._refuse(page, "", f"set takes at most {MAX_SET} values, by address")
            return
        for address, value in values.items():
            try:
                # Separately: an invalid one must not stop the others.
                self.controls.set(address, tuple(value) if type(value) is list else value, SOURCE)
            except MusicRFMError as error:
                self._refuse(page, address, str(error))
            except Exception as error:
                log.exception("%r failed", address, extra=about(address, SOURCE))
                self._refuse(page, address, f"{address} failed: {error}")
            if address in self.controls.parameters:
                page.again.add(address)

    async def _preset(self, page: Page, asked: object) -> None:
        asked = asked if isinstance(asked, dict) else {}
        deed, name, seconds = (asked.get(key) for key in ("do", "name", "seconds"))
        presets = self._presets
        try:
            if presets is None:
                raise MusicRFMError("presets are not available in this set")
            if not isinstance(name, str) or not name.strip():
                raise MusicRFMError("a preset needs a name")
            if deed in ("store", "replace"):
                kept = await run_in_threadpool(presets.store, name, deed == "replace")
                page.notes.append(f"“{kept}” is saved")
            elif deed == "recall":
                presets.recall(name, SOURCE)
            elif deed == "morph":
                if not isinstance(seconds, (int, float)) or not 0 <= seconds <= 3600:
                    raise MusicRFMError(f"a morph takes 0 to 3600 seconds, not {seconds!r}")
                presets.morph(name, float(seconds), SOURCE)
            elif deed == "delete":
                await run_in_threadpool(presets.delete, name)
            else:
                raise MusicRFMError(
                    f"a preset can be stored, replaced, recalled, morphed or deleted, not {deed!r}"
                )
        except MusicRFMError as error:
            self._refuse(page, "", str(error))
        except Exception as error:
            log.exception("the preset %r failed", name, extra=about("/preset", SOURCE))
            self._refuse(page, "", f"the preset {name!r} failed: {error}")
        self._look_due = 0.0

    def _learn(self, page: Page, address: object) -> None:
        try:
            if not (address is None or isinstance(address, str)):
                raise MusicRFMError(f"learn needs an address, not {address!r}")
            learn(self.controls, self._learner, address or "")
            self._look_at_learner()
        except MusicRFMError as error:
            self._refuse(page, str(address or ""), str(error))

    async def _map(self, page: Page, asked: object) -> None:
        """Replace one MIDI mapping, or remove it."""
        asked = asked if isinstance(asked, dict) else {}
        before, after = asked.get("before"), asked.get("after")
        try:
            mapped = None if self._learner is None else self._learner.mapped
            if mapped is None:
                raise MusicRFMError("MIDI mappings need a MIDI input: start the bridge with --midi")
            if not isinstance(before, dict) or not (after is None or isinstance(after, dict)):
                raise MusicRFMError(
                    "a mapping must be an object, and its replacement an object or null"
                )
            await run_in_threadpool(mapped.change, before, after)
        except MusicRFMError as error:
            self._refuse(page, "", str(error))
        except Exception as error:
            log.exception("a MIDI mapping could not be changed")
            self._refuse(page, "", f"the MIDI mapping could not be changed: {error}")
        page.mappings = None  # send it the current mappings in any case

    def _refuse(self, page: Page, address: str, reason: str) -> None:
        page.refused.append({"address": address, "reason": reason})
        del page.refused[:-20]  # a flooding page gets its latest mistakes only


def _levels(reading: Reading | None) -> list[int]:
    """Chroma as whole numbers from 0 to 255: small to send, and finer than the eye."""
    if reading is None:
        return []
    shares = [float(share) for share in reading.chroma]
    return [round(255 * min(max(s, 0.0), 1.0)) if math.isfinite(s) else 0 for s in shares]


def _numbers(reading: Reading) -> dict[str, float | None]:
    names = (*(meter.name for meter in METERS if meter.takes.endswith("number")), "seconds")
    found = {name: float(getattr(reading, name)) for name in names}
    return {name: round(v, 4) if math.isfinite(v) else None for name, v in found.items()}
