"""MIDI learn: turn a knob, press a pad or move a fader to map it to a parameter.

For `bridge learn` (`bridge.commands.learn`), for `/midi/learn` over OSC and for the control page.
Learned mappings are stored in the rig file.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

import tomlkit

from bridge.controls.controls import Controls, canonical_address, namespace
from bridge.midi.entries import mapping
from bridge.midi.heard import Found, found
from bridge.midi.mapping import KEYS, MidiMap, Move
from bridge.midi.relative import ENCODINGS
from bridge.toml.saving import edit
from musicrfm.errors import MusicRFMError

log = logging.getLogger(__name__)

GATHER_SECONDS = 0.5  # after the first message, to collect the rest of a control's messages
PATIENCE_SECONDS = 3.0  # without a message, after which an uncertain result is accepted
LONGEST_SECONDS = 10.0  # from the first message on, after which it is accepted as well
SILENCE_SECONDS = 10.0  # without a control, after which other messages are reported
MOST = 2000  # moves stored per gesture


class Mapped(Protocol):
    """The mappings of a set, as the control page shows and changes them."""

    def entries(self) -> list[dict[str, Any]]: ...

    def change(self, before: Mapping[str, Any], after: Mapping[str, Any] | None) -> None: ...


class Learner:
    """Waits for a moved control and maps it to an address.

    adopt: receives the new mapping; it may raise MusicRFMError for an unknown address. rig: the
    file to write; without one, the mapping is lost when the set ends. port_name: the port to store
    in a mapping, None for any. listening: the ports that are waited for, in words. mapped: the
    learned mappings, to show and change.
    """

    def __init__(
        self,
        adopt: Callable[[MidiMap], None] | None = None,
        rig: str | Path | None = None,
        port_name: Callable[[str], str | None] = lambda name: None,
        listening: Callable[[], str] = lambda: "",
        mapped: Mapped | None = None,
    ) -> None:
        self.mapped = mapped
        self._adopt = adopt
        self._rig = rig
        self._port_name = port_name
        self._listening = listening
        self._lock = threading.RLock()
        self._address: str | None = None
        self._gathered: list[tuple[Move, str]] = []
        self._first = self._last = 0.0
        self._asked = ""
        self._timer: threading.Timer | None = None  # runs while a control is being moved
        self._silence: threading.Timer | None = None  # runs while no control is being moved
        self._others: Counter[str] = Counter()  # messages received that are no control,
        self._told: set[str] = set()  # and those that were reported
        self._listeners: list[Callable[[str, dict[str, Any]], None]] = []

    @property
    def address(self) -> str | None:
        """The address to map; None while not learning."""
        return self._address

    def start(self, address: str) -> None:
        """Map the next moved control; this replaces an earlier request.

        Raises MusicRFMError for an invalid address.
        """
        if not isinstance(address, str) or not address.startswith("/"):
            raise MusicRFMError(
                f"MIDI learn needs an address, such as /steer/note_C, not {address!r}"
            )
        with self._lock:
            self.cancel()
            self._address = canonical_address(address)
            self._others.clear()
            self._told.clear()
            self._silence = _timer(SILENCE_SECONDS, self._tell_others)

    def cancel(self) -> None:
        """Stop waiting."""
        with self._lock:
            for timer in (self._timer, self._silence):
                if timer is not None:
                    timer.cancel()
            self._address, self._timer, self._silence = None, None, None
            self._gathered, self._asked = [], ""

    def on_learned(self, listener: Callable[[str, dict[str, Any]], None]) -> None:
        """Call `listener(address, the rig file's [[midi]] entry)` after every new mapping."""
        self._listeners.append(listener)

    def hear(self, moves: Iterable[Move], port: str = "") -> bool:
        """Moves of one message; returns whether they were used, in which case they must set
        nothing."""
        with self._lock:
            if self._address is None:
                return False
            heard = [(move, port) for move in moves]
            if not heard:
                return True
            if len(self._gathered) < MOST:
                self._gathered += heard
            self._last = time.monotonic()
            if self._timer is None:
                self._first = self._last
                self._timer = _timer(GATHER_SECONDS, self._decide)
            return True

    def overhear(self, message: Any, port: str = "") -> None:
        """A `mido` message that is not a control, or the name of its kind."""
        if self._address is None:
            return
        kind = message if isinstance(message, str) else message.type
        with self._lock:
            self._others[f"{kind.replace('_', ' ')} from {port}"] += 1

    def _decide(self) -> None:
        with self._lock:
            address = self._address
            if self._timer is not threading.current_thread() or address is None:
                return  # cancelled or replaced in the meantime
            one = found(self._gathered, _target(address))
            now = time.monotonic()
            over = now - self._last >= PATIENCE_SECONDS or now - self._first >= LONGEST_SECONDS
            if one is None and over:  # no result
                self._others.update(_described(self._gathered))
                self._gathered, self._timer = [], None
                return
            if one is None or not (one.certain or over):
                self._ask(one)
                self._timer = _timer(GATHER_SECONDS, self._decide)
                return
            self.cancel()
        self._map(address, one)

    def _ask(self, one: Found | None) -> None:
        if one is not None and one.ask and one.ask != self._asked:
            self._asked = one.ask
            log.warning("MIDI learn: %s: %s", described(one.mapping), one.ask)

    def _map(self, address: str, one: Found) -> None:
        mapping = MidiMap(**{**vars(one.mapping), "to": address, "port": self._port_name(one.port)})
        try:
            if self._adopt is not None:
                self._adopt(mapping)
            if self._rig is not None:
                write_mapping(self._rig, mapping.entry())
        except MusicRFMError as error:
            log.warning("MIDI learn: %s", error)
        else:
            log.warning("MIDI learn: %s is mapped to %s", described(mapping), address)
        for listener in list(self._listeners):
            try:
                listener(address, mapping.entry())
            except Exception:
                log.exception("a listener of MIDI learn failed")

    def _tell_others(self) -> None:
        """Nothing was learned for a while: report the messages received instead."""
        with self._lock:
            if self._silence is not threading.current_thread() or self._address is None:
                return
            self._silence = _timer(SILENCE_SECONDS, self._tell_others)
            if self._timer is not None:  # a control is being moved
                return
            news = self._others.keys() - self._told
            if self._told and not news:  # nothing new to report
                return
            self._told |= {*news, "nothing"}
            heard = [
                what if times == 1 else f"{what} ({times} times)"
                for what, times in self._others.most_common(5)
            ]
            where = self._listening()
            text = (
                f"{self._address} still waits for a control; "
                f"{'received only: ' + ', '.join(heard) if heard else 'nothing was received'}"
                f"{'; ' + where if where else ''}"
            )
        log.warning("MIDI learn: %s", text)


def _timer(seconds: float, function: Callable[[], None]) -> threading.Timer:
    timer = threading.Timer(seconds, function)
    timer.daemon = True
    timer.start()
    return timer


def _target(address: str) -> str:
    """What `bridge.midi.heard.found` is to know of the parameter at an address."""
    for parameter in namespace([]):
        if parameter.address == address and parameter.type == "trigger":
            return "trigger"
        if parameter.address == address and (parameter.low, parameter.high) == (0, 1):
            return "switch" if parameter.type == "i" else "number"
    return "number"


def _described(heard: Iterable[tuple[Move, str]]) -> Iterable[str]:
    """Moves without a recognisable control, in words."""
    for move, port in heard:
        if move.source == "note":
            what = f"note {move.number} released"
        elif move.source in KEYS:
            what = {"sustain": "the sustain pedal", "sostenuto": "the sostenuto pedal"}.get(
                move.source, "all notes off"
            )
        else:
            what = f"{move.source.replace('_', ' ')} {move.number}"
        yield f"{what} on channel {move.channel} from {port}"


def learn(controls: Controls, learner: Learner | None, address: str, source: object = None) -> None:
    """The handler of `/midi/learn`. Raises MusicRFMError for an unknown address, or one that no
    control can set."""
    if learner is None:
        raise MusicRFMError("MIDI learn needs a MIDI input: start the bridge with --midi PORT")
    if not address:
        learner.cancel()
        return
    parameter = controls.parameter(address)
    MidiMap("cc", 0).fitted(parameter)
    learner.start(parameter.address)


def write_mapping(path: str | Path, entry: dict[str, Any]) -> None:
    """Add a `[[midi]]` entry to a rig file, in place of those of the same address.

    The file is created if it does not exist. Raises MusicRFMError if it cannot be changed.
    """
    address = canonical_address(entry["to"])

    def change(document: tomlkit.TOMLDocument) -> None:
        entries = document.setdefault("midi", tomlkit.aot())
        if not isinstance(entries, list):
            raise MusicRFMError(f"{path}: midi is a list of tables: write [[midi]]")
        for at in reversed(range(len(entries))):
            if canonical_address(str(entries[at].get("to", ""))) == address:
                del entries[at]
        table = tomlkit.table()
        table.update(entry)
        entries.append(table)

    edit(path, change)


def change_mapping(
    path: str | Path, before: Mapping[str, Any], after: Mapping[str, Any] | None
) -> None:
    """Replace one `[[midi]]` entry that equals `before` in meaning, or, with None, remove it.
    Raises MusicRFMError if there is none, or the file cannot be changed."""
    meant = mapping(before)

    def change(document: tomlkit.TOMLDocument) -> None:
        entries = document.get("midi", [])
        at = next((at for at, one in enumerate(entries) if mapping(one.unwrap()) == meant), None)
        if at is None:
            raise MusicRFMError(
                f"the entry of {described(meant)} in {path} was changed in the meantime"
            )
        if after is None:
            del entries[at]
            return
        entry = entries[at]
        for key in entry.keys() - after.keys():
            del entry[key]
        for key, value in after.items():
            if entry.get(key) != value:
                entry[key] = value

    edit(path, change)


def described(one: MidiMap) -> str:
    """A mapping's control, in words."""
    number = "" if one.number is None else f" {one.number}"
    where = "" if one.channel is None else f" on channel {one.channel}"
    if one.port is not None:
        where += f" of {one.port}"
    kind = ""
    if one.toggle:
        kind = ", a switch"
    elif one.relative in ENCODINGS:
        kind = f", an endless encoder ({ENCODINGS[one.relative]})"
    elif one.relative == "auto":
        kind = ", an endless encoder"
    return f"{one.source.replace('_', ' ')}{number}{where}{kind}"
