"""The one namespace of everything a player can turn while the music plays.

OSC, MIDI, the rig file and the command line each only translate to `Controls.set(address, value)`.
It validates, clamps, remembers and tells its listeners; the engine reads one `snapshot()` a frame.
"""

from __future__ import annotations

import difflib
import logging
import math
import re
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from musicrfm.directions import canonical_name
from musicrfm.errors import MusicRFMError

log = logging.getLogger(__name__)

Value = float | int | str
TYPE_NAMES = {"f": "a number", "i": "a whole number", "s": "a text"}
MAX_TEXT = 2000
SILENT_DB = -60.0  # a gain at or below this is silence, so that a fader's bottom end is off

# Characters that OSC 1.0 reserves in addresses and their patterns, and the space.
_RESERVED = re.compile(r"[\s#*,/?\[\]{}]")


@dataclass(frozen=True)
class Parameter:
    """One live value: what it is called, what it may be, and what it does.

    `type` is "f" (number), "i" (whole number), "s" (text) or "trigger" (an event, no value).
    `smoothing` says that a change glides there instead of jumping.
    """

    address: str
    type: str
    default: Value
    low: float | None = None
    high: float | None = None
    unit: str = ""
    smoothing: bool = False
    help: str = ""


@dataclass(frozen=True)
class Snapshot:
    """All values at one moment; the same object is handed out until something changes.

    `times` counts how often something that happens, rather than is, was set: a trigger fired, or a
    schedule started (again).
    """

    version: int
    values: Mapping[str, Value]
    times: Mapping[str, int]


def steer_address(name: str) -> str:
    """The address of a direction: `note_C#` and `note_Db` both give `/steer/note_Cs`."""
    return "/steer/" + _RESERVED.sub("_", canonical_name(name))


def canonical_address(address: str) -> str:
    """The address in the namespace's spelling, with any spelling of a direction's name in it."""
    parts = address.split("/")
    if len(parts) >= 3 and parts[0] == "" and parts[1] == "steer" and parts[2]:
        parts[2] = canonical_name(parts[2])
        return "/".join(parts)
    return address


def namespace(direction_names: Iterable[str]) -> list[Parameter]:
    """Every live parameter of an instrument with these directions, in the order a person reads."""
    parameters = [
        Parameter("/prompt", "s", "", help="what to play, in words"),
        Parameter("/play", "i", 1, 0, 1, help="1 plays, 0 pauses; both fade"),
        Parameter("/gain", "f", 0.0, -60.0, 12.0, "dB", True, "output level; -60 is silence"),
        Parameter(
            "/guidance", "f", 3.0, 0.0, 10.0, help="how closely the music follows the prompt"
        ),
        Parameter(
            "/temperature", "f", 1.0, 0.05, 4.0, help="how adventurous the choice of sounds is"
        ),
        Parameter(
            "/top_k",
            "i",
            250,
            0,
            2048,
            "codes",
            help="how many candidates each choice is from, or 0: all",
        ),
        Parameter(
            "/panic",
            "trigger",
            0,
            help="all steering off, sound settings as at the start, music begins afresh",
        ),
    ]
    for name in direction_names:
        base = steer_address(name)
        label = base.removeprefix("/steer/")
        parameters += [
            Parameter(
                base,
                "f",
                0.0,
                -2.0,
                2.0,
                "× useful range",
                True,
                f"how strongly {label} steers; 1 is the top of its useful range, below 0 is away",
            ),
            Parameter(
                f"{base}/inject",
                "f",
                1.0,
                0.0,
                1.0,
                "probability",
                help=f"share of layers and frames that {label} is added to",
            ),
            Parameter(
                f"{base}/layers",
                "s",
                "all",
                help=f"which layers {label} steers: all, top:K or exp:BASE,RATE",
            ),
            Parameter(
                f"{base}/schedule",
                "s",
                "constant",
                help=f"how {label} fades by itself: constant, exponential:RATE or linear:STEPS",
            ),
        ]
    return parameters


class Controls:
    """The current value of every parameter. Every method may be called from any thread.

    `start` overrides defaults (address → value). `checks` maps the last part of an address to a
    function that raises for a text the engine could not use, so that the sender hears at once.
    """

    def __init__(
        self,
        parameters: Iterable[Parameter],
        start: Mapping[str, Value] | None = None,
        checks: Mapping[str, Callable[[str], object]] | None = None,
    ) -> None:
        self.parameters = {parameter.address: parameter for parameter in parameters}
        self._checks = dict(checks or {})
        self._lock = threading.RLock()
        self._values: dict[str, Value] = {p.address: p.default for p in self.parameters.values()}
        for address, value in (start or {}).items():
            parameter = self.parameter(address)
            self._values[parameter.address] = self._valid(parameter, value)
        self._start = dict(self._values)
        self._times: dict[str, int] = {
            p.address: 0 for p in self.parameters.values() if _happens(p)
        }
        self._sources: dict[str, object] = {}
        self._change_listeners: list[Callable[[str, Value, object], None]] = []
        self._error_listeners: list[Callable[[str, object], None]] = []
        self._version = 1
        self._snapshot: Snapshot | None = None
        self.received = 0  # accepted changes since the start

    def set(self, address: str, value: object = None, source: object = "local") -> Value:
        """Set one parameter; returns the value kept, which is `value` clamped to the range.

        Raises MusicRFMError for an unknown address or a value of the wrong kind. `source` says who
        asked; errors that only turn up when the engine uses the value go back to it.
        """
        parameter = self.parameter(address)
        with self._lock:
            kept = self._valid(parameter, value)
            if parameter.address == "/panic":
                self._calm()
            if parameter.address in self._times:
                self._times[parameter.address] += 1
            self._values[parameter.address] = kept
            self._sources[parameter.address] = source
            self.received += 1
            self._changed()
        self._tell(self._change_listeners, parameter.address, kept, source)
        return kept

    def get(self, address: str) -> Value:
        """The value of one parameter. Raises MusicRFMError for an unknown address."""
        parameter = self.parameter(address)
        with self._lock:
            return self._values[parameter.address]

    def parameter(self, address: str) -> Parameter:
        """The parameter at an address, however its direction is spelled, or MusicRFMError."""
        parameter = self.parameters.get(address)
        if parameter is None:
            parameter = self.parameters.get(canonical_address(address))
        if parameter is None:
            close = difflib.get_close_matches(address[:80], self.parameters, n=1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            raise MusicRFMError(f"unknown address {_short(address)}{hint}")
        return parameter

    def snapshot(self) -> Snapshot:
        """Every value at this moment. Cheap to call every frame: copied only after a change."""
        with self._lock:
            if self._snapshot is None:
                self._snapshot = Snapshot(
                    self._version,
                    MappingProxyType(dict(self._values)),
                    MappingProxyType(dict(self._times)),
                )
            return self._snapshot

    def reject(self, address: str, kept: Value, refused: Value, reason: str) -> None:
        """The engine could not use a value: go back to `kept` and tell whoever set it."""
        with self._lock:
            # A newer value may have arrived meanwhile; that one stays.
            if self._values[address] == refused:
                self._values[address] = kept
                self._changed()
            source = self._sources.get(address)
        self.report(reason, source)

    def report(self, message: str, source: object = None) -> None:
        """Tell the log, and whoever caused it, about something that went wrong."""
        log.warning("%s", message)
        self._tell(self._error_listeners, message, source)

    def on_change(self, listener: Callable[[str, Value, object], None]) -> None:
        """Call `listener(address, value, source)` after every change, in the setter's thread."""
        self._change_listeners.append(listener)

    def on_error(self, listener: Callable[[str, object], None]) -> None:
        """Call `listener(message, source)` for errors found after `set` returned."""
        self._error_listeners.append(listener)

    def _valid(self, parameter: Parameter, value: object) -> Value:
        if parameter.type == "trigger":
            return parameter.default
        wrong = MusicRFMError(
            f"{parameter.address} needs {TYPE_NAMES.get(parameter.type, 'no value')}, "
            f"not {_short(value)}"
        )
        if parameter.type == "s":
            if not isinstance(value, str):
                raise wrong
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
        """Panic: the values that can make the music run away go back to where the set began.

        Every direction goes to 0 even if the set began with it, and the gain only ever goes down:
        whoever pulled the fader down before panicking must not be hit by full level.
        """
        for address, parameter in self.parameters.items():
            if address.startswith("/steer/"):
                self._values[address] = parameter.default
            elif address in ("/guidance", "/temperature", "/top_k"):
                self._values[address] = self._start[address]
        self._values["/gain"] = min(self._values["/gain"], self._start["/gain"])

    def _changed(self) -> None:
        self._version += 1
        self._snapshot = None

    def _tell(self, listeners: list[Callable], *event: object) -> None:
        for listener in list(listeners):
            try:
                listener(*event)
            except Exception:
                log.exception("a listener failed on %r", event)


def _happens(parameter: Parameter) -> bool:
    return parameter.type == "trigger" or parameter.address.endswith("/schedule")


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "…"
