"""All controls that a player can turn while the music plays.

OSC, MIDI, the rig file and the command line only translate to `Controls.set(address, value)`. It
validates, clamps, stores, and notifies its listeners; the engine reads one `snapshot()` per frame.
"""

from __future__ import annotations

import difflib
import logging
import math
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import cast

from bridge.controls.parameters import Parameter, Value, canonical_address, namespace, steer_address
from bridge.process.log_limit import about
from musicrfm.errors import MusicRFMError
from musicrfm.files.text import whole
from musicrfm.steering.schedules import imports_code

__all__ = [
    "Controls",
    "Parameter",
    "Snapshot",
    "Value",
    "canonical_address",
    "namespace",
    "steer_address",
]

log = logging.getLogger(__name__)

TYPE_NAMES = {
    "f": "a number",
    "i": "a whole number",
    "s": "a text",
    "ssf": "two directions and seconds",
    "sf": "a name and seconds",
}
MAX_TEXT = 2000
MAX_GLIDE = 3600.0  # seconds
HINTS = 10  # searches for similar addresses per second
MAX_HINTS = 100  # cached


@dataclass(frozen=True)
class Snapshot:
    """All values at one moment; the same object is returned until something changes.

    `times` counts how often an event happened: a trigger fired, or a schedule was (re)started.
    `glides`: duration in seconds of the latest change of a number, if a crossfade or a morph made
    it; other changes are merely smoothed.
    """

    version: int
    values: Mapping[str, Value]
    times: Mapping[str, int]
    glides: Mapping[str, float]


class Controls:
    """The current value of every parameter. Every method may be called from any thread.

    `start` overrides defaults (address → value). `checks` maps the last part of an address to a
    function that raises for a text that the engine could not use, so that the sender is informed at
    once. Only `start` may contain a schedule whose function is imported, because that runs code:
    later values may come from anybody on the network.
    """

    def __init__(
        self,
        parameters: Iterable[Parameter],
        start: Mapping[str, Value] | None = None,
        checks: Mapping[str, Callable[[str], object]] | None = None,
    ) -> None:
        self.parameters = {parameter.address: parameter for parameter in parameters}
        self._checks = dict(checks or {})
        self._handlers: dict[str, Callable[..., object]] = {}
        self._lock = threading.RLock()
        self._values: dict[str, Value] = {p.address: p.default for p in self.parameters.values()}
        for address, value in (start or {}).items():
            parameter = self.parameter(address)
            self._values[parameter.address] = self._valid(parameter, value)
        self._start = dict(self._values)
        self._times: dict[str, int] = {
            p.address: 0 for p in self.parameters.values() if _happens(p)
        }
        self._glides: dict[str, float] = {}
        self._sources: dict[str, object] = {}
        self._change_listeners: list[Callable[[str, Value, object], None]] = []
        self._error_listeners: list[Callable[[str, object], None]] = []
        self._hints: dict[str, str] = {}  # by unknown address
        self._hints_in, self._hints_left = 0, HINTS
        self._version = 1
        self._snapshot: Snapshot | None = None
        self.received = 0  # accepted changes since the start

    def set(self, address: str, value: object = None, source: object = "local") -> Value:
        """Set one parameter; returns the stored value, which is `value` clamped to the range.

        Raises MusicRFMError for an unknown address or a value of the wrong kind. `source`
        identifies the sender; errors that the engine finds later are reported to it.
        """
        parameter = self.parameter(address)
        if parameter.type == "ssf":
            return self._crossfade(parameter, value, source)
        if parameter.event and parameter.type != "trigger":
            return self._happen(parameter, value, source)
        self._refuse_code(parameter, value)
        with self._lock:
            kept = self._valid(parameter, value)
            if parameter.address == "/panic":
                self._calm()
            if parameter.address in self._times:
                self._times[parameter.address] += 1
            self._values[parameter.address] = kept
            self._glides.pop(parameter.address, None)
            self._sources[parameter.address] = source
            self.received += 1
            self._changed()
        self._tell(self._change_listeners, parameter.address, kept, source)
        return kept

    def set_many(
        self, values: Mapping[str, object], seconds: float | None = None, source: object = "local"
    ) -> dict[str, Value]:
        """Set several parameters at the same moment, all or, if one cannot be set, none.

        With `seconds` (0 to 3600), numbers glide over that time; texts and whole numbers change at
        once. Parameters that have their value already are not set. Returns the stored values.
        Raises MusicRFMError as `set` does, and for an address without a value.
        """
        if seconds is not None:
            seconds = _seconds(seconds)
        with self._lock:
            kept: dict[str, Value] = {}
            for address, value in values.items():
                parameter = self.parameter(address)
                if parameter.event:
                    raise MusicRFMError(
                        f"{parameter.address} has no value that can be set together with others"
                    )
                # Initial values have been imported already.
                if value != self._start[parameter.address]:
                    self._refuse_code(parameter, value)
                kept[parameter.address] = self._valid(parameter, value)
            changed = {a: v for a, v in kept.items() if self._values[a] != v or a in self._glides}
            for address, value in changed.items():
                if address in self._times:
                    self._times[address] += 1
                self._values[address] = value
                self._glides.pop(address, None)
                if seconds is not None and self.parameters[address].type == "f":
                    self._glides[address] = seconds
                self._sources[address] = source
            self.received += len(changed)
            if changed:
                self._changed()
        for address, value in changed.items():
            self._tell(self._change_listeners, address, value, source)
        return kept

    def handle(self, address: str, handler: Callable[..., object]) -> None:
        """Call `handler(*arguments, source)` for this event's address from now on."""
        self._handlers[self.parameter(address).address] = handler

    def get(self, address: str) -> Value:
        """The value of one parameter. Raises MusicRFMError for an unknown address."""
        parameter = self.parameter(address)
        with self._lock:
            return self._values[parameter.address]

    def parameter(self, address: str) -> Parameter:
        """The parameter at an address, in any spelling of its direction, or MusicRFMError."""
        parameter = self.parameters.get(address)
        if parameter is None:
            parameter = self.parameters.get(canonical_address(address))
        if parameter is None:
            raise MusicRFMError(f"unknown address {_short(address)}{self._hint(address[:80])}")
        return parameter

    def knows(self, address: str) -> bool:
        """Whether `parameter` finds one, without searching for similar addresses."""
        return address in self.parameters or canonical_address(address) in self.parameters

    def _hint(self, address: str) -> str:
        """The most similar address; searched a few times per second only, because it takes long."""
        if address not in self._hints:
            second = int(time.monotonic())
            if second != self._hints_in:
                self._hints_in, self._hints_left = second, HINTS
            if self._hints_left == 0:
                return ""
            self._hints_left -= 1
            close = difflib.get_close_matches(address, self.parameters, n=1)
            if len(self._hints) >= MAX_HINTS:
                self._hints.clear()
            self._hints[address] = f"; did you mean {close[0]!r}?" if close else ""
        return self._hints.get(address, "")

    def source(self, address: str) -> object:
        """The source of the parameter's value; "start" for the initial one."""
        with self._lock:
            return self._sources.get(address, "start")

    def snapshot(self) -> Snapshot:
        """Every value at this moment. Cheap to call every frame: copied only after a change."""
        with self._lock:
            if self._snapshot is None:
                self._snapshot = Snapshot(
                    self._version,
                    MappingProxyType(dict(self._values)),
                    MappingProxyType(dict(self._times)),
                    MappingProxyType(dict(self._glides)),
                )
            return self._snapshot

    def reject(self, address: str, kept: Value, refused: Value, reason: str) -> None:
        """The engine could not use a value: return to `kept` and inform the sender."""
        with self._lock:
            # A newer value may have arrived meanwhile; that one stays.
            if self._values[address] == refused:
                self._values[address] = kept
                self._glides.pop(address, None)
                self._changed()
            source = self._sources.get(address)
        self.report(reason, source, address)

    def report(self, message: str, source: object = None, address: str = "") -> None:
        """Log an error and inform its cause."""
        log.warning("%s", message, extra=about(address, source))
        self.tell_error(message, source)

    def tell_error(self, message: str, source: object = None) -> None:
        """Inform the cause of an error, and all error listeners, about a logged error."""
        self._tell(self._error_listeners, message, source)

    def on_change(self, listener: Callable[[str, Value, object], None]) -> None:
        """Call `listener(address, value, source)` after every change, in the setter's thread."""
        self._change_listeners.append(listener)

    def on_error(self, listener: Callable[[str, object], None]) -> None:
        """Call `listener(message, source)` for errors found after `set` returned."""
        self._error_listeners.append(listener)

    def _refuse_code(self, parameter: Parameter, value: object) -> None:
        is_schedule = parameter.address.endswith("/schedule")
        if is_schedule and isinstance(value, str) and imports_code(value):
            raise MusicRFMError(
                f"{parameter.address} cannot be set to {_short(value)} from here, because "
                "importing a function runs code: set it in the rig file"
            )

    def _happen(self, parameter: Parameter, value: object, source: object) -> Value:
        """An event with arguments, which are checked and passed to its handler."""
        kinds = parameter.type
        given = tuple(value) if isinstance(value, (list, tuple)) else (value,)
        right = len(given) == len(kinds) and all(
            isinstance(one, str if kind == "s" else (int, float))
            for one, kind in zip(given, kinds, strict=True)
        )
        if not right:
            raise MusicRFMError(
                f"{parameter.address} needs {TYPE_NAMES[kinds]}, not {_short(value)}"
            )
        handler = self._handlers.get(parameter.address)
        if handler is None:
            raise MusicRFMError(f"{parameter.address} has no function in this set")
        handler(*given, source)
        return parameter.default

    def _crossfade(self, parameter: Parameter, value: object, source: object) -> Value:
        """Move one direction to 0 and the other to the sum of both, over the given seconds."""
        try:
            from_name, to_name, given = cast(tuple, value)
            seconds = _seconds(given)
        except (TypeError, ValueError):
            raise MusicRFMError(
                f"{parameter.address} needs {TYPE_NAMES['ssf']}, such as note_C note_G 10, not "
                f"{_short(value)}"
            ) from None
        one, other = self._direction(from_name), self._direction(to_name)
        if one is other:
            raise MusicRFMError(
                f"{parameter.address} needs two directions, not {from_name!r} twice"
            )
        with self._lock:
            amount = float(self._values[one.address])
            if not amount:
                raise MusicRFMError(
                    f"{one.address} is at 0, so it cannot be crossfaded: turn it up first"
                )
            there = self._valid(other, amount + float(self._values[other.address]))
            for address, target in ((one.address, 0.0), (other.address, there)):
                self._values[address] = target
                self._glides[address] = seconds
                self._sources[address] = source
            self.received += 2
            self._changed()
        for address, target in ((one.address, 0.0), (other.address, there)):
            self._tell(self._change_listeners, address, target, source)
        return parameter.default

    def _direction(self, name: object) -> Parameter:
        """The coefficient of a direction given by name or by address."""
        text = name if isinstance(name, str) else repr(name)
        address = text if text.startswith("/steer/") else steer_address(text)
        parameter = self.parameter(address)
        if parameter.type != "f" or parameter.address.count("/") != 2:
            raise MusicRFMError(f"{_short(name)} is not a direction")
        return parameter

    def _valid(self, parameter: Parameter, value: object) -> Value:
        if parameter.event:
            return parameter.default
        wrong = MusicRFMError(
            f"{parameter.address} needs {TYPE_NAMES.get(parameter.type, 'no value')}, "
            f"not {_short(value)}"
        )
        if parameter.type == "s":
            if not isinstance(value, str):
                raise wrong
            value = whole(value)
            if len(value) > MAX_TEXT:
                raise MusicRFMError(
                    f"{parameter.address} takes at most {MAX_TEXT} characters, not {len(value)}"
                )
            check = self._checks.get(parameter.address.rsplit("/", 1)[-1])
            if check is not None:
                check(value)
            return value
        if not isinstance(value, (int, float)):
            raise wrong
        try:
            number = float(value)
        except OverflowError:
            raise wrong from None
        if not math.isfinite(number):
            raise wrong
        if parameter.low is not None:
            number = max(number, parameter.low)
        if parameter.high is not None:
            number = min(number, parameter.high)
        return round(number) if parameter.type == "i" else number

    def _calm(self) -> None:
        """Panic: values that can make the music unstable return to their initial state.

        Every direction goes to 0 even if the set started with it, but its options return to their
        initial values; `Parameter.panic` defines each parameter's part.
        """
        self._glides.clear()
        for address, parameter in self.parameters.items():
            if parameter.panic == "start":
                self._values[address] = self._start[address]
            elif parameter.panic == "default":
                self._values[address] = parameter.default
            elif parameter.panic == "lower":
                self._values[address] = min(self._values[address], self._start[address])

    def _changed(self) -> None:
        self._version += 1
        self._snapshot = None

    def _tell(self, listeners: list[Callable], *event: object) -> None:
        for listener in list(listeners):
            try:
                listener(*event)
            except Exception:
                log.exception("a listener failed on %r", event, extra=about(str(event[0])))


def _seconds(value: object) -> float:
    """A glide's length, clamped. Raises MusicRFMError if it is not a number."""
    try:
        seconds = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        seconds = math.nan
    if not math.isfinite(seconds):
        raise MusicRFMError(f"a time must be a number of seconds, not {_short(value)}")
    return min(max(seconds, 0.0), MAX_GLIDE)


def _happens(parameter: Parameter) -> bool:
    return parameter.type == "trigger" or parameter.address.endswith("/schedule")


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "…"
