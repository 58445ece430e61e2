"""MIDI control changes in: a knob's 0…127 becomes a value of the parameter it is mapped to.

The controller is found by a part of its port's name, and found again when it was unplugged and
comes back. Which system MIDI is used follows `MIDO_BACKEND`, as everywhere with `mido`.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from bridge.controls import Controls, Parameter
from musicrfm.errors import MusicRFMError

log = logging.getLogger(__name__)

POLL_SECONDS = 1.0


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
        if parameter.type == "s":
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


def input_names() -> list[str]:
    """The MIDI inputs there are. Raises MusicRFMError if this system's MIDI cannot be used."""
    try:
        import mido

        return list(mido.get_input_names())
    except ImportError:
        raise MusicRFMError(
            "MIDI needs the package python-rtmidi: pip install python-rtmidi"
        ) from None
    except Exception as error:  # each of the systems' MIDI libraries raises its own
        raise MusicRFMError(f"the system's MIDI cannot be used: {error}") from None


class MidiInput:
    """Follows one MIDI controller, whenever it is there.

    `port` is part of its name; None takes the first input that is a device. Errors and changes of
    connection are logged, never raised: a set goes on without its controller.
    """

    def __init__(self, controls: Controls, maps: Iterable[CCMap], port: str | None = None) -> None:
        self._controls = controls
        # A wrong address is told now, not when the knob turns.
        self._maps = tuple(one.fitted(controls.parameter(one.to)) for one in maps)
        self._wanted = port
        self._port: Any = None
        self._pressed: dict[str, bool] = {}
        self._complaint = ""
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="midi", daemon=True)
        self.connected = ""  # the name of the port in use

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._closed.set()
        if self._thread.is_alive():
            self._thread.join(5.0)

    def handle(self, message: Any) -> None:
        """Do what one message says. Never raises."""
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

    def _watch(self) -> None:
        while not self._closed.is_set():
            try:
                self._look()
            except Exception as error:
                self._complain(f"MIDI: {error}")
            self._closed.wait(POLL_SECONDS)
        self._drop()

    def _look(self) -> None:
        """Connect if the controller is there and is not connected; let go of one that has left."""
        names = input_names()
        if self._port is not None and self.connected not in names:
            log.warning("MIDI: %s is gone; waiting for it to come back", self.connected)
            self._drop()
        if self._port is None:
            name = choose(names, self._wanted)
            if name is None:
                what = "no input" if self._wanted is None else f"no input matches {self._wanted!r}"
                there = ", ".join(names) or "none"
                self._complain(f"MIDI: {what} (there are: {there}); waiting for one")
                return
            import mido

            self._port = mido.open_input(name, callback=self.handle)
            self.connected = name
            self._complaint = ""
            log.info("MIDI: listening to %s", name)

    def _drop(self) -> None:
        port, self._port, self.connected = self._port, None, ""
        if port is not None:
            try:
                port.close()
            except Exception as error:
                log.debug("MIDI: closing the port: %s", error)

    def _complain(self, message: str) -> None:
        """Say something once, not at every poll."""
        if message != self._complaint:
            self._complaint = message
            log.warning("%s", message)


def choose(names: list[str], wanted: str | None) -> str | None:
    """The input that `wanted` names: exactly, or as a part in any case; the first device if None.

    The system's own loop-through ports are no devices.
    """
    if wanted is None:
        return next((n for n in names if "through" not in n.casefold()), None)
    if wanted in names:
        return wanted
    return next((n for n in names if wanted.casefold() in n.casefold()), None)
