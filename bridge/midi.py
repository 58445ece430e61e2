"""MIDI control changes in: a knob's 0…127 becomes a value of the parameter it is mapped to.

The port itself is watched by a process of its own (`bridge.midi_port`), because a MIDI system that
goes down can take its clients with it, and the music must not be one of them.
"""

from __future__ import annotations

import logging
import subprocess
import threading
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import mido

from bridge.children import start
from bridge.controls import Controls, Parameter
from musicrfm.errors import MusicRFMError

log = logging.getLogger(__name__)

RESTART_SECONDS = 1.0


@dataclass(frozen=True)
class CCMap:
    """One knob: controller number `cc` (0 to 127) on `channel` (1 to 16, None for any) moves the
    parameter at address `to` from `low` to `high`. `low` may be above `high`. Without them it goes
    from 0 to 1 for a direction and over the whole range for anything else.
    """

    cc: int
    to: str
    channel: int | None = None
    low: float | None = None
    high: float | None = None

    def value(self, position: int) -> float:
        """The parameter's value for a knob position of 0 to 127; both ends are met exactly."""
        low = 0.0 if self.low is None else self.low
        high = 1.0 if self.high is None else self.high
        share = min(max(position, 0), 127) / 127
        return low * (1.0 - share) + high * share

    def fitted(self, parameter: Parameter) -> CCMap:
        """With the parameter's own range where none was given. Raises MusicRFMError for a text."""
        if parameter.type in ("s", "ssf"):
            raise MusicRFMError(f"a knob (cc {self.cc}) cannot set the text {parameter.address}")
        steers = parameter.address.startswith("/steer/")
        low, high = (0.0, 1.0) if steers else (parameter.low, parameter.high)
        return replace(
            self,
            to=parameter.address,
            low=low if self.low is None else self.low,
            high=high if self.high is None else self.high,
        )


def translate(message: Any, maps: Iterable[CCMap]) -> list[tuple[str, float]]:
    """The (address, value) pairs that a `mido` message means; none for anything but a mapped CC."""
    if message.type != "control_change":
        return []
    return [
        (one.to, one.value(message.value))
        for one in maps
        if one.cc == message.control and one.channel in (None, message.channel + 1)
    ]


class MidiInput:
    """Follows one MIDI controller, whenever it is there.

    `port` is part of its name; None takes the first input that is a device. Errors and changes of
    connection are logged, never raised: a set goes on without its controller.
    """

    def __init__(self, controls: Controls, maps: Iterable[CCMap], port: str | None = None) -> None:
        self._controls = controls
        # A wrong address is told now, not when the knob turns.
        self._maps = tuple(one.fitted(controls.parameter(one.to)) for one in maps)
        self._arguments = [] if port is None else [port]
        self._pressed: dict[str, bool] = {}
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

    def handle(self, message: Any) -> None:
        """Do what one `mido` message says. Never raises."""
        for address, value in translate(message, self._maps):
            try:
                if self._controls.parameters[address].type == "trigger":
                    # A pad: only the way up counts, so that one press is one event.
                    pressed = message.value >= 64
                    if pressed and not self._pressed.get(address):
                        self._controls.set(address, None, "midi")
                    self._pressed[address] = pressed
                else:
                    self._controls.set(address, value, "midi")
            except Exception as error:
                log.warning("MIDI CC %s: %s", message.control, error)

    def hear(self, line: str) -> None:
        """Take one line of `bridge.midi_port`: a message in hex, or news to be logged once."""
        kind, _, rest = line.strip().partition(" ")
        if kind == "message":
            try:
                self.handle(mido.Message.from_bytes(bytes.fromhex(rest)))
            except ValueError as error:
                log.debug("MIDI: %s", error)
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
            self._closed.wait(RESTART_SECONDS)
