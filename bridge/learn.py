"""MIDI learn: turn a knob, press a pad or move a fader, and it moves the parameter from then on.

For `bridge learn`, for `/midi/learn` over OSC and for the control page. What was learned goes into
the rig file, so that it is still there tomorrow.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from queue import Queue
from typing import Any

import tomlkit

from bridge.controls import Controls, canonical_address
from bridge.midi_map import MidiMap, Move
from bridge.rigfile import edit
from musicrfm.errors import MusicRFMError
from musicrfm.paths import path_of

log = logging.getLogger(__name__)

GATHER_SECONDS = 0.5  # after the first message, in which the rest of a control's messages come
NO_KNOBS = {6, 38, 98, 99, 100, 101, *range(120, 128)}  # parts of NRPNs, and channel modes


class Learner:
    """Waits for a control to be moved and maps it to an address.

    adopt: is given the new mapping; it may raise MusicRFMError for an address that is not there.
    rig: the file it is written to; without one it is forgotten when the set ends.
    """

    def __init__(
        self, adopt: Callable[[MidiMap], None] | None = None, rig: str | Path | None = None
    ) -> None:
        self._adopt = adopt
        self._rig = rig
        self._lock = threading.RLock()
        self._address: str | None = None
        self._gathered: list[tuple[Move, str]] = []
        self._timer: threading.Timer | None = None
        self._listeners: list[Callable[[str, dict[str, Any]], None]] = []

    def start(self, address: str) -> None:
        """Map the control that is moved next; one that was waited for before is not any more.

        Raises MusicRFMError for what is no address.
        """
        if not isinstance(address, str) or not address.startswith("/"):
            raise MusicRFMError(
                f"MIDI learn takes an address, such as /steer/note_C, not {address!r}"
            )
        with self._lock:
            self.cancel()
            self._address = canonical_address(address)

    def cancel(self) -> None:
        """Wait no longer."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
            self._address, self._timer, self._gathered = None, None, []

    def on_learned(self, listener: Callable[[str, dict[str, Any]], None]) -> None:
        """Call `listener(address, the rig file's [[midi]] entry)` whenever one was learned."""
        self._listeners.append(listener)

    def hear(self, moves: Iterable[Move], port: str = "") -> bool:
        """Moves of one message; whether they were taken, so that they must not move anything."""
        with self._lock:
            if self._address is None:
                return False
            self._gathered += [(move, port) for move in moves if move.source != "program"]
            if self._timer is None and chosen(move for move, _ in self._gathered) is not None:
                self._timer = threading.Timer(GATHER_SECONDS, self._decide)
                self._timer.daemon = True
                self._timer.start()
            return True

    def _decide(self) -> None:
        with self._lock:
            address, gathered = self._address, self._gathered
            move = chosen(move for move, _ in gathered)
            if self._timer is not threading.current_thread() or address is None or move is None:
                return  # it was cancelled, or another was asked for meanwhile
            self.cancel()
        single = move.source in ("pitch_bend", "pressure")
        mapping = MidiMap(
            move.source,
            None if single else move.number,
            address,
            move.channel,
            toggle=move.source == "note" and address in ("/play", "/keep_norm"),
        )
        try:
            if self._adopt is not None:
                self._adopt(mapping)
            if self._rig is not None:
                write_mapping(self._rig, mapping.entry())
        except MusicRFMError as error:
            log.warning("MIDI learn: %s", error)
        else:
            log.warning("MIDI learn: %s now moves %s", described(mapping), address)
        for listener in list(self._listeners):
            try:
                listener(address, mapping.entry())
            except Exception:
                log.exception("a listener of MIDI learn failed")


def chosen(moves: Iterable[Move]) -> Move | None:
    """The control that these moves are of, as fine as it is; None if they are of none."""
    moves = list(moves)
    fine = [move for move in moves if move.source == "nrpn"]
    pressed = [move for move in moves if move.source == "note" and move.position > 0]
    if fine or pressed:
        return _commonest(fine or pressed)
    knobs = [move for move in moves if move.source == "cc" and move.number not in NO_KNOBS]
    if knobs:
        numbers = {(move.channel, move.number) for move in knobs}
        one = _commonest(knobs)
        coarse = one.number % 32
        halves = {(one.channel, coarse), (one.channel, coarse + 32)}
        if one.number < 64 and halves <= numbers:
            return Move("cc14", coarse, one.channel, one.position)
        return one
    others = [move for move in moves if move.source in ("pitch_bend", "pressure")]
    return _commonest(others) if others else None


def learn(controls: Controls, learner: Learner | None, address: str, source: object) -> None:
    """What `/midi/learn` does. Raises MusicRFMError for an address that is not there."""
    if learner is None:
        raise MusicRFMError("MIDI learn needs a MIDI input: start the bridge with --midi PORT")
    if address:
        learner.start(controls.parameter(address).address)
    else:
        learner.cancel()


def listen(address: str, rig: str, ports: Iterable[str] = ()) -> int:
    """`bridge learn`: map the next control that is moved, in a rig file; returns the exit status.

    Raises MusicRFMError for what is no address, and for a rig file that cannot be changed.
    """
    from bridge.midi import Port
    from bridge.rig import load_rig

    listens = list(ports)
    if path_of(rig).exists():
        listens = listens or list(load_rig(rig).midi_ports)
    learned: Queue[dict[str, Any]] = Queue()
    learner = Learner()
    learner.on_learned(lambda where, entry: learned.put(entry))
    learner.start(address)
    open_ports = [Port(Listening(learner), name) for name in listens or [None]]
    for port in open_ports:
        port.start()
    try:
        print(f"turn, press or move what should move {address} (Ctrl-C: nothing)", flush=True)
        entry = learned.get()
    finally:
        for port in open_ports:
            port.close()
    write_mapping(rig, entry)
    print(f"{rig}: {', '.join(f'{key} = {value!r}' for key, value in entry.items())}")
    return 0


class Listening:
    """Hears a port for a learner alone."""

    def __init__(self, learner: Learner) -> None:
        self._learner = learner

    def moves(self, moves: list[Move], port: str = "") -> None:
        self._learner.hear(moves, port)

    def realtime(self, message: Any, port: str = "") -> None:
        """A clock is no control."""

    def tick(self, at: float, port: str = "") -> None:
        """A clock is no control."""

    def opened(self) -> None:
        """There is nothing to tell the controller."""

    def let_go(self) -> None:
        """There is nothing to let go of."""


def write_mapping(path: str | Path, entry: dict[str, Any]) -> None:
    """Add a `[[midi]]` entry to a rig file, in the place of those of the same address.

    The file is made if there is none. Raises MusicRFMError if it cannot be changed.
    """
    address = canonical_address(entry["to"])

    def change(document: tomlkit.TOMLDocument) -> None:
        entries = document.setdefault("midi", tomlkit.aot())
        if not isinstance(entries, list):
            raise MusicRFMError(f"{path}: midi is repeated, so it is written [[midi]]")
        for at in reversed(range(len(entries))):
            if canonical_address(str(entries[at].get("to", ""))) == address:
                del entries[at]
        table = tomlkit.table()
        table.update(entry)
        entries.append(table)

    edit(path, change)


def described(mapping: MidiMap) -> str:
    number = "" if mapping.number is None else f" {mapping.number}"
    return f"{mapping.source.replace('_', ' ')}{number} on channel {mapping.channel}"


def _commonest(moves: list[Move]) -> Move:
    def control(move: Move) -> tuple[str, int, int]:
        return move.source, move.number, move.channel

    most = Counter(map(control, moves)).most_common(1)[0][0]
    return next(move for move in reversed(moves) if control(move) == most)
