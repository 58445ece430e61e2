"""MIDI controllers: moves of their controls set the mapped parameters.

A separate process watches each port (`bridge.midi.port_process`), because a MIDI system that
crashes can take its clients with it, and the music must not be one of them.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import mido

from bridge.clock.transport import MidiTransport
from bridge.controls.controls import Controls
from bridge.midi.decoder import PEDALS, Decoder
from bridge.midi.entries import mapping
from bridge.midi.feedback import Feedback
from bridge.midi.knob import Knob
from bridge.midi.learn import Learner, change_mapping
from bridge.midi.mapping import KEYS, MidiMap, Move
from bridge.midi.names import lasting, meant
from bridge.midi.wire import Messages
from bridge.process.awake import Patience
from bridge.process.children import Child, start
from bridge.process.repeating import Repeating
from bridge.process.threads import Guard, supervised
from musicrfm.errors import MusicRFMError

__all__ = ["Learner", "MidiInput", "MidiMap"]

log = logging.getLogger(__name__)

RESTART_SECONDS = 1.0
LOOK_SECONDS = 0.25  # between two looks at whether a process hangs
FIRST_SECONDS = 60.0  # until a process has said anything
STUCK_SECONDS = 5.0  # without a word from then on
NO_PROCESS = "a MIDI controller's process failed and restarts"


class PresetList(Protocol):
    """The part of `bridge.controls.presets.Presets` that program changes need."""

    def names(self) -> Iterable[str]: ...

    def recall(self, name: str, source: object = ...) -> object: ...


class MidiInput:
    """Follows MIDI controllers whenever they are connected.

    `ports` are parts of their names; without any, the first hardware input. Errors and changes of
    connection are logged, never raised: a set continues without its controllers. feedback: inform
    controls of changes made elsewhere. rig: the file that `learner` writes. transport: receives
    clock, start and stop. mpe: parts of the names of controllers that play each note on a separate
    channel without announcing it.
    """

    def __init__(
        self,
        controls: Controls,
        maps: Iterable[MidiMap],
        ports: Iterable[str] = (),
        presets: PresetList | None = None,
        feedback: bool = False,
        rig: str | Path | None = None,
        transport: MidiTransport | None = None,
        mpe: Iterable[str] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.presets = presets
        self._transport = transport
        self._controls = controls
        self._clock = clock
        self._rig = rig
        self._lock = threading.RLock()
        self._given = list(maps)  # as the rig has them
        # An invalid address is reported now, not when the knob turns.
        self._knobs = [self._knob(one) for one in self._given]
        self._maps = [knob.map for knob in self._knobs]
        self._ports = open_ports(self, ports, mpe)
        self._hangs = Hangs(self._ports)
        self._feedback = Feedback(controls, self._maps, self._tell) if feedback else None
        self.learner = Learner(
            self.adopt, rig, self._port_name, lambda: listening(self._ports), mapped=self
        )

    def start(self) -> None:
        for port in self._ports:
            port.start()
        self._hangs.start()
        if self._feedback is not None:
            self._feedback.start()

    def close(self) -> None:
        self.learner.cancel()
        if self._feedback is not None:
            self._feedback.close()
        self._hangs.close()
        for port in self._ports:
            port.close()

    # ---- the mappings ----

    def adopt(self, one: MidiMap) -> None:
        """Add a mapping in place of all others of its address. Raises MusicRFMError."""
        to = self._knob(one).map.to
        known = zip(self._given, self._maps, strict=True)
        others = [other for other, mapped in known if mapped.to != to]
        self.remap([*others, one])

    def remap(self, maps: Iterable[MidiMap]) -> None:
        """Replace all mappings. Raises MusicRFMError for an invalid address."""
        given = list(maps)
        knobs = [self._knob(one) for one in given]
        with self._lock:
            # The state of unchanged controls is kept.
            before = {knob.map: knob for knob in self._knobs}
            self._given = given
            self._knobs = [before.pop(knob.map, knob) for knob in knobs]
            self._maps[:] = [knob.map for knob in knobs]
            for knob in before.values():
                knob.leave()
        self.opened()  # the controls' state is stored by their position in the list

    def entries(self) -> list[dict[str, Any]]:
        """The mappings as the rig file's `[[midi]]` entries."""
        return [one.entry() for one in self._given]

    def change(self, before: Mapping[str, Any], after: Mapping[str, Any] | None) -> None:
        """Replace one mapping by another or, with None, remove it; also in the rig file.

        Raises MusicRFMError if the new one is invalid, or if none equals `before`.
        """
        old = mapping(before)
        new = [] if after is None else [mapping(after)]
        for one in new:
            self._knob(one)
        given = self._given
        if old not in given:
            raise MusicRFMError("this mapping was changed elsewhere in the meantime")
        if self._rig is not None:
            change_mapping(self._rig, before, after)
        at = given.index(old)
        self.remap([*given[:at], *new, *given[at + 1 :]])

    def _knob(self, one: MidiMap) -> Knob:
        if one.source not in ("notes", "program"):
            one = one.fitted(self._controls.parameter(one.to))
        return Knob(one, self._controls, self._recall, self._clock)

    # ---- input ----

    def handle(self, message: Any) -> None:
        """Process one `mido` message as if from the first port. Never raises."""
        self._ports[0].handle(message)

    def hear(self, line: str) -> None:
        """Process one line of `bridge.midi.port_process` as if from the first port."""
        self._ports[0].hear(line)

    def moves(self, moves: list[Move], port: str = "") -> None:
        """Process the moves of one message. Never raises."""
        if self.learner.hear(moves, port):
            # Earlier notes must not be held without end.
            moves = [one for one in moves if one.source in KEYS or _lets_go(one)]
        with self._lock:
            moved: set[str | None] = set()
            for move in moves:
                for at, knob in enumerate(self._knobs):
                    # A mapped pedal does not also act as a pedal.
                    if move.source not in moved and self._is_of(knob.map, move, port):
                        self._safely(at, knob, move, port)
                        moved.add(PEDALS.get(move.number) if move.source == "cc" else None)

    def realtime(self, message: Any, port: str = "") -> None:
        """Start, stop and similar messages."""
        self.learner.overhear(message, port)
        if self._transport is not None:
            self._transport.hear(message, port)

    def tick(self, at: float, port: str = "") -> None:
        """A MIDI clock tick at this time of `time.monotonic`."""
        self.learner.overhear("clock", port)
        if self._transport is not None:
            self._transport.tick(at, port)

    def opened(self) -> None:
        """A controller was connected, or mapped again: send it the current values."""
        if self._feedback is not None:
            self._feedback.again()

    def let_go(self, port: str | None = None) -> None:
        """A port was disconnected, or all with None: notes held on it will not be released."""
        with self._lock:
            for knob in self._knobs:
                knob.leave(port)

    def _safely(self, at: int, knob: Knob, move: Move, port: str) -> None:
        try:
            feedback = self._feedback if knob.stands(move) else None
            if feedback is None or feedback.heard(at, move.position):
                knob.take(move, port)  # else it only confirms the position that was sent to it
        except Exception as error:
            log.warning("MIDI %s %s: %s", move.source, move.number, error)

    def _recall(self, one: MidiMap, program: int) -> None:
        if self.presets is None:
            raise MusicRFMError("no presets are stored")
        name = one.preset
        if name is None:
            names = list(self.presets.names())
            if program >= len(names):
                raise MusicRFMError(f"program {program + 1} has no preset: there are {len(names)}")
            name = names[program]
        self.presets.recall(name, "midi")

    # ---- ports ----

    def _is_of(self, one: MidiMap, move: Move, port: str) -> bool:
        return one.matches(move, port) and self._is_for(one, port)

    def _is_for(self, one: MidiMap, port: str) -> bool:
        """If a name matches several ports, the best match counts."""
        if one.port is None or len(self._ports) == 1:
            return True
        return port in meant(one.port, [each.name for each in self._ports])

    def _port_name(self, name: str) -> str | None:
        """The port in a learned mapping: empty if there is only one."""
        return lasting(name) if len(self._ports) > 1 else None

    def _tell(self, one: MidiMap, messages: list[mido.Message]) -> None:
        for port in self._ports:
            if one.port is None or port.name in meant(one.port, [p.name for p in self._ports]):
                port.send(messages)


def _lets_go(move: Move) -> bool:
    return move.source == "note" and not move.position


class Owner(Protocol):
    """The receiver of a port's messages."""

    def moves(self, moves: list[Move], port: str = "") -> None: ...

    def realtime(self, message: Any, port: str = "") -> None: ...

    def tick(self, at: float, port: str = "") -> None: ...

    def opened(self) -> None: ...

    def let_go(self, port: str | None = None) -> None: ...


class Port:
    """One controller, by a part of its name; the process at it, and its output.

    `all_wanted` are the names of all ports that are opened, this one's at `place`. mpe: parts of
    the names of those that are MPE controllers without announcing it.
    """

    def __init__(
        self,
        owner: Owner,
        wanted: str | None,
        all_wanted: Sequence[str] = (),
        place: int = 0,
        mpe: Iterable[str] = (),
    ) -> None:
        self.name = wanted or ""  # until it is known in full
        self.is_open = False
        self._owner = owner
        names = all_wanted or ([] if wanted is None else [wanted])
        self._arguments = [str(place), *names]
        self._mpe = tuple(mpe)
        self._begin()
        self._said = ""
        self._process: Child | None = None
        self._heard = 0  # lines of this process
        self._patience = Patience()
        self._closed = threading.Event()
        self._guard = Guard()
        self._thread = supervised("midi", self._watch, self._closed, NO_PROCESS)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._closed.set()
        if self._process is not None:
            self._process.kill()
        if self._thread.is_alive():
            self._thread.join(5.0)

    def look(self) -> None:
        """Replace the process if it hangs, which a driver may cause."""
        process = self._process
        if process is None or process.poll() is not None:
            return
        waited = self._patience.waited((process, self._heard))
        if waited > (STUCK_SECONDS if self._heard else FIRST_SECONDS):
            of = f" at {self.name}" if self.name else ""
            log.warning("MIDI: the process%s does not answer; another takes its place", of)
            process.kill()

    def send(self, messages: Iterable[mido.Message]) -> None:
        """Send to the controller, if it is connected and accepts messages."""
        process = self._process
        if process is None or process.poll() is not None:
            return
        try:
            for message in messages:
                process.stdin.write(f"message {message.hex()}\n".encode())
            process.stdin.flush()
        except (OSError, ValueError) as error:  # just disconnected
            log.debug("MIDI out: %s", error)

    def handle(self, message: Any) -> None:
        moves = self._decoder.moves(message)
        if moves:
            self._owner.moves(moves, self.name)
        else:
            self._owner.realtime(message, self.name)

    def hear(self, line: str) -> None:
        """Process one line of `bridge.midi.port_process`: a message in hex, or news to log once."""
        kind, _, rest = line.strip().partition(" ")
        if kind == "message":
            try:
                for message in self._messages.feed(bytes.fromhex(rest)):
                    self.handle(message)
            except ValueError as error:
                log.debug("MIDI: %s", error)
        elif kind == "clock":
            try:
                self._owner.tick(float(rest), self.name)
            except ValueError as error:
                log.debug("MIDI: %s", error)
        elif kind == "open":
            self.name, self.is_open = rest, True
            self._begin()
            self._owner.opened()
        elif rest and rest != self._said:
            self._said = rest
            log.warning("MIDI: %s", rest)

    def _begin(self) -> None:
        """Nothing is known yet of a newly connected controller."""
        self._messages = Messages()
        self._decoder = Decoder(any(meant(part, [self.name]) for part in self._mpe))

    def _watch(self) -> None:
        """Keep a process at the port; it ends whenever the controller is disconnected."""
        while not self._closed.is_set():
            self._heard = 0
            self._process = process = start("bridge.midi.port_process", *self._arguments)
            if self._closed.is_set():  # closed in the meantime
                process.kill()
            try:
                with process, process.stdout as lines:
                    for line in lines:
                        self._heard += 1
                        said = line.decode("utf-8", "replace")
                        self._guard("a message of a MIDI controller is skipped", self.hear, said)
            finally:
                self._process.kill()
                self.is_open = False
                self._owner.let_go(self.name)
            self._closed.wait(RESTART_SECONDS)


class Hangs(Repeating):
    """Looks at the ports' processes."""

    def __init__(self, ports: Sequence[Port]) -> None:
        super().__init__("midi hangs", LOOK_SECONDS, "MIDI processes that hang are not looked for")
        self._ports = ports

    def update(self) -> None:
        for port in self._ports:
            port.look()


def open_ports(owner: Owner, wanted: Iterable[str], mpe: Iterable[str] = ()) -> list[Port]:
    """A port, not started yet, for each name; for the first hardware input if there are none."""
    names, mpe = list(wanted), list(mpe)
    if not names:
        return [Port(owner, None, mpe=mpe)]
    return [Port(owner, name, names, place, mpe) for place, name in enumerate(names)]


def listening(ports: Iterable[Port]) -> str:
    """The connected and the awaited ports, in words."""
    ports = list(ports)
    there = [port.name for port in ports if port.is_open]
    awaited = [port.name or "any controller" for port in ports if not port.is_open]
    words = [f"listening to {' and '.join(there)}"] if there else []
    return ", ".join([*words, *([f"waiting for {' and '.join(awaited)}"] if awaited else [])])
