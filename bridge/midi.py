"""MIDI controllers: what is turned, pressed or played moves the parameters it is mapped to.

Each port is watched by a process of its own (`bridge.midi_port`), because a MIDI system that goes
down can take its clients with it, and the music must not be one of them.
"""

from __future__ import annotations

import logging
import subprocess
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol

import mido

from bridge.children import start
from bridge.controls import Controls, steer_address
from bridge.learn import Learner
from bridge.midi_feedback import Feedback
from bridge.midi_map import PITCH_CLASSES, Decoder, MidiMap, Move, shared
from bridge.transport import MidiTransport
from musicrfm.errors import MusicRFMError

__all__ = ["Learner", "MidiInput", "MidiMap"]

log = logging.getLogger(__name__)

RESTART_SECONDS = 1.0
PRESSED = 0.5  # of the way up, from where a pad is down
CLOSE = 1.5 / 127  # of the way, within which a knob has come to where the parameter is


class PresetList(Protocol):
    """What program changes need of `bridge.presets.Presets`."""

    def names(self) -> Iterable[str]: ...

    def recall(self, name: str, source: object = ...) -> object: ...


class MidiInput:
    """Follows MIDI controllers, whenever they are there.

    `ports` are parts of their names; without any, the first input that is a device. Errors and
    changes of connection are logged, never raised: a set goes on without its controllers.
    feedback: controls are told when something else changes what they move. rig: the file that
    `learner` writes to. transport: what clock, start and stop go to.
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
    ) -> None:
        self.presets = presets
        self._transport = transport
        self._controls = controls
        # A wrong address is told now, not when the knob turns.
        self._maps = [self._fitted(one) for one in maps]
        self._lock = threading.RLock()
        self._pressed: dict[tuple[int, int], bool] = {}  # map, number → whether it is down
        self._held: dict[int, dict[int, float]] = {}  # a map of notes → number → velocity
        self._at: dict[int, float] = {}  # map → the position it was last heard at
        self._set: dict[int, object] = {}  # map → the value it has set
        self._ports = [Port(self, name) for name in (list(ports) or [None])]
        self._feedback = Feedback(controls, self._maps, self._tell) if feedback else None
        self.learner = Learner(self.adopt, rig)

    def start(self) -> None:
        for port in self._ports:
            port.start()
        if self._feedback is not None:
            self._feedback.start()

    def close(self) -> None:
        self.learner.cancel()
        if self._feedback is not None:
            self._feedback.close()
        for port in self._ports:
            port.close()

    def adopt(self, one: MidiMap) -> None:
        """A new mapping, in the place of all others of its address. Raises MusicRFMError."""
        one = self._fitted(one)
        with self._lock:
            for at, before in enumerate(self._maps):
                if before.to == one.to:
                    # In its place, as everything that is known of the others goes by theirs.
                    self._maps[at] = one
                    for known in (self._at, self._set):
                        known.pop(at, None)
                    break
            else:
                self._maps.append(one)
        self.opened()

    def remap(self, maps: Iterable[MidiMap]) -> None:
        """From now on these maps, and no others. Raises MusicRFMError for a wrong address."""
        fitted = [self._fitted(one) for one in maps]
        self.let_go()
        with self._lock:
            self._maps[:] = fitted
            for remembered in (self._pressed, self._held, self._at, self._set):
                remembered.clear()
        self.opened()  # what the controls know is kept by their place in the list

    def handle(self, message: Any) -> None:
        """Do what one `mido` message says, as if it came from the first port. Never raises."""
        self._ports[0].handle(message)

    def hear(self, line: str) -> None:
        """Take one line of `bridge.midi_port`, as if it came from the first port."""
        self._ports[0].hear(line)

    def moves(self, moves: list[Move], port: str = "") -> None:
        """Do what the moves of one message mean. Never raises."""
        if self.learner.hear(moves, port):
            return
        with self._lock:
            for move in moves:
                for at, one in enumerate(self._maps):
                    if one.matches(move, port):
                        self._safely(at, one, move)

    def realtime(self, message: Any, port: str = "") -> None:
        """Start, stop and their like."""
        if self._transport is not None:
            self._transport.hear(message, port)

    def tick(self, at: float, port: str = "") -> None:
        """MIDI clock, at this moment of `time.monotonic`."""
        if self._transport is not None:
            self._transport.tick(at, port)

    def opened(self) -> None:
        """A controller has come (back), or is mapped anew: it is told where everything is."""
        if self._feedback is not None:
            self._feedback.again()

    def let_go(self) -> None:
        """A port has gone: a note that was held on it will never be let go."""
        with self._lock:
            for at, held in self._held.items():
                self._notes(at, self._maps[at], dict.fromkeys(held, 0.0))

    def _safely(self, at: int, one: MidiMap, move: Move) -> None:
        try:
            self._move(at, one, move)
        except Exception as error:
            log.warning("MIDI %s %s: %s", move.source, move.number, error)

    def _tell(self, one: MidiMap, messages: list[mido.Message]) -> None:
        for port in self._ports:
            if one.port is None or one.port.casefold() in port.name.casefold():
                port.send(messages)

    def _move(self, at: int, one: MidiMap, move: Move) -> None:
        if one.source == "notes":
            self._notes(at, one, {move.number: move.position})
        elif one.source == "program":
            self._recall(one, move.number)
        elif self._controls.parameters[one.to].type == "trigger":
            # Only the way up counts, so that one press is one event.
            if self._press(at, move):
                self._controls.set(one.to, None, "midi")
        elif one.toggle:
            if self._press(at, move):
                nearer_high = one.position(float(self._controls.get(one.to))) >= 0.5
                self._controls.set(one.to, one.value(0.0 if nearer_high else 1.0), "midi")
        elif self._feedback is not None and not self._feedback.heard(at, move.position):
            pass  # it only says that it is where it was told to be
        elif not one.pickup or self._caught(at, one, move.position):
            self._set[at] = self._controls.set(one.to, one.value(move.position), "midi")

    def _press(self, at: int, move: Move) -> bool:
        """Whether this move presses what was not down. A note is down however softly played."""
        down = move.position > 0 if move.source == "note" else move.position >= PRESSED
        before = self._pressed.get((at, move.number), False)
        self._pressed[at, move.number] = down
        return down and not before

    def _caught(self, at: int, one: MidiMap, position: float) -> bool:
        """Whether the knob holds the parameter: it set it last, or has come to where it is."""
        before = self._at.get(at, position)
        self._at[at] = position
        value = self._controls.get(one.to)
        if self._set.get(at) == value:
            return True
        there = one.position(float(value))
        return min(before, position) - CLOSE <= there <= max(before, position) + CLOSE

    def _notes(self, at: int, one: MidiMap, changes: dict[int, float]) -> None:
        """Notes of a map were pressed (number → velocity) or let go (0): all held share again."""
        held = self._held.setdefault(at, {})
        touched = {PITCH_CLASSES[number % 12] for number in (*held, *changes)}
        held.update(changes)
        for number in [number for number, velocity in held.items() if not velocity]:
            del held[number]
        amounts = shared(held)
        for name in PITCH_CLASSES:
            address = steer_address(f"note_{name}")
            if name in touched and address in self._controls.parameters:
                self._controls.set(address, one.value(amounts.get(name, 0.0)), "midi")

    def _recall(self, one: MidiMap, program: int) -> None:
        if self.presets is None:
            raise MusicRFMError("there are no presets to recall")
        name = one.preset
        if name is None:
            names = list(self.presets.names())
            if program >= len(names):
                raise MusicRFMError(f"program {program + 1} is none of {len(names)} presets")
            name = names[program]
        self.presets.recall(name, "midi")

    def _fitted(self, one: MidiMap) -> MidiMap:
        if one.source in ("notes", "program"):
            return one
        return one.fitted(self._controls.parameter(one.to))


class Owner(Protocol):
    """Whom a port tells what comes in."""

    def moves(self, moves: list[Move], port: str = "") -> None: ...

    def realtime(self, message: Any, port: str = "") -> None: ...

    def tick(self, at: float, port: str = "") -> None: ...

    def opened(self) -> None: ...

    def let_go(self) -> None: ...


class Port:
    """One controller, by a part of its name; the process at it, and what it says."""

    def __init__(self, owner: Owner, wanted: str | None) -> None:
        self.name = wanted or ""  # until it is known in full
        self._owner = owner
        self._arguments = [] if wanted is None else [wanted]
        self._decoder = Decoder()
        self._said = ""
        self._process: subprocess.Popen | None = None
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="midi", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._closed.set()
        if self._process is not None:
            self._process.kill()
        if self._thread.is_alive():
            self._thread.join(5.0)

    def send(self, messages: Iterable[mido.Message]) -> None:
        """Out to the controller, if it is there and takes any."""
        process = self._process
        if process is None or process.poll() is not None:
            return
        try:
            for message in messages:
                process.stdin.write(f"message {message.hex()}\n".encode())
            process.stdin.flush()
        except (OSError, ValueError) as error:  # it has just gone
            log.debug("MIDI out: %s", error)

    def handle(self, message: Any) -> None:
        moves = self._decoder.moves(message)
        if moves:
            self._owner.moves(moves, self.name)
        else:
            self._owner.realtime(message, self.name)

    def hear(self, line: str) -> None:
        """Take one line of `bridge.midi_port`: a message in hex, or news to be logged once."""
        kind, _, rest = line.strip().partition(" ")
        if kind == "message":
            try:
                self.handle(mido.Message.from_bytes(bytes.fromhex(rest)))
            except ValueError as error:
                log.debug("MIDI: %s", error)
        elif kind == "clock":
            try:
                self._owner.tick(float(rest), self.name)
            except ValueError as error:
                log.debug("MIDI: %s", error)
        elif kind == "open":
            self.name = rest
            self._owner.opened()
        elif rest and rest != self._said:
            self._said = rest
            log.warning("MIDI: %s", rest)

    def _watch(self) -> None:
        """Keep a process at the port; it ends whenever the controller goes away."""
        while not self._closed.is_set():
            self._process = start("bridge.midi_port", *self._arguments)
            if self._closed.is_set():  # closed meanwhile, with the one before
                self._process.kill()
            with self._process, self._process.stdout as lines:
                for line in lines:
                    self.hear(line.decode("utf-8", "replace"))
            self._owner.let_go()
            self._closed.wait(RESTART_SECONDS)
