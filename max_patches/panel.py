"""The content of the clients' panels, from the bridge's list of controls.

Every client lays out one `Panel`: a knob for each shipped direction and some for other directions,
sound settings, prompts, play and panic, presets, and meters. Ranges and help texts come from the
list of controls.
"""

from __future__ import annotations

from dataclasses import dataclass

from bridge.controls.controls import Parameter, namespace
from musicrfm.theory import PITCH_CLASSES

SHIPPED = (*(f"note_{note}" for note in PITCH_CLASSES), "tempo")
FREE = 4  # knobs whose directions are known only when the client runs

HOST = "127.0.0.1"
PORT = 9000  # the bridge listens here
# Ports for the bridge's answers to clients that cannot receive on the port they send from. They
# differ, so that several clients can run on one computer.
MAX_PORT, LIVE_PORT, STAGE_PORT, TOUCH_PORT, PD_PORT = 9001, 9002, 9003, 9004, 9005

PING_MS = 1000  # between two pings of the bridge

# Initial prompts, in words that nano understands.
PROMPTS = (
    "calm piano melody with drums",
    "dark strings chords",
    "vibraphone arpeggio with bass",
    "bright synth bass with drums",
    "gentle guitar melody",
    "energetic trumpet melody with drums",
    "steady organ chords",
    "calm flute melody",
)


@dataclass(frozen=True)
class Knob:
    parameter: Parameter
    label: str

    @property
    def is_sharp(self) -> bool:
        return self.label.endswith("#")


@dataclass(frozen=True)
class Meter:
    """A meter that the bridge sends to subscribers. low, high: the range of its display."""

    address: str
    label: str
    unit: str
    low: float
    high: float
    decimals: int


LEVEL = Meter("/meter/level", "level", "dB", -60.0, 0.0, 1)
CHROMA = Meter("/meter/chroma", "chroma", "", 0.0, 1.0, 2)  # twelve numbers, from C on
FIGURES = (
    Meter("/meter/buffer", "buffer", "s", 0.0, 2.0, 2),
    Meter("/meter/speed", "speed", "×", 0.0, 10.0, 1),
    Meter("/meter/latency", "latency", "s", 0.0, 1.0, 2),
    Meter("/meter/underruns", "underruns", "", 0.0, 100.0, 0),
    Meter("/meter/tempo", "tempo", "BPM", 0.0, 240.0, 0),
)
METERS = (LEVEL, *FIGURES, CHROMA)


@dataclass(frozen=True)
class Slot:
    """One of the prompts to blend, with its weight."""

    text: Parameter
    weight: Parameter


@dataclass(frozen=True)
class Panel:
    prompt: Parameter
    play: Parameter
    panic: Parameter
    notes: tuple[Knob, ...]
    sound: tuple[Knob, ...]  # tempo, gain and how the model samples
    free: Parameter  # any direction: `/steer/NAME`
    slots: tuple[Slot, ...]
    presets: tuple[Parameter, ...]  # store, recall and morph

    @property
    def knobs(self) -> tuple[Knob, ...]:
        return (*self.notes, *self.sound)

    @property
    def patterns(self) -> tuple[str, ...]:
        """Patterns for `/get` that together match all controls of the panel."""
        mixed = ("/prompt/*", "/prompt/*/*") if self.slots else ()
        return ("/*", "/steer/*", *mixed)

    @property
    def addresses(self) -> tuple[str, ...]:
        """All controls of the panel."""
        one = (self.prompt, self.play, self.panic, *self.presets)
        mixed = [part for slot in self.slots for part in (slot.text, slot.weight)]
        knobs = [knob.parameter for knob in self.knobs]
        return tuple(parameter.address for parameter in (*one, *mixed, *knobs))


def panel() -> Panel:
    """The panel for the shipped directions."""
    by_address = {parameter.address: parameter for parameter in namespace([*SHIPPED, "NAME"])}

    def knob(address: str, label: str) -> Knob:
        return Knob(by_address[address], label)

    numbers = (number for number in range(1, 100) if f"/prompt/{number}" in by_address)
    return Panel(
        prompt=by_address["/prompt"],
        play=by_address["/play"],
        panic=by_address["/panic"],
        notes=tuple(knob(f"/steer/note_{note}", note.replace("s", "#")) for note in PITCH_CLASSES),
        sound=(
            knob("/steer/tempo", "tempo"),
            knob("/gain", "gain dB"),
            knob("/guidance", "guidance"),
            knob("/temperature", "temperature"),
        ),
        free=by_address["/steer/NAME"],
        slots=tuple(
            Slot(by_address[f"/prompt/{number}"], by_address[f"/prompt/{number}/weight"])
            for number in numbers
        ),
        presets=tuple(
            by_address[address]
            for address in ("/preset/store", "/preset/recall", "/preset/morph")
            if address in by_address
        ),
    )
