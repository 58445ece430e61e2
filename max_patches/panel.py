"""What the clients show, taken from the bridge's control namespace.

Every client lays out one `Panel`: a knob for each shipped direction and some for directions of
one's own, the sound's settings, prompts, play and panic, presets and the meters. Ranges and help
texts are the namespace's.
"""

from __future__ import annotations

from dataclasses import dataclass

from bridge.controls.controls import Parameter, namespace
from musicrfm.theory import PITCH_CLASSES

SHIPPED = (*(f"note_{note}" for note in PITCH_CLASSES), "tempo")
FREE = 4  # knobs for directions that are found out when the client runs

HOST = "127.0.0.1"
PORT = 9000  # the bridge listens here
# The bridge answers here a client that cannot hear on the port it sends from. Each has its own, so
# that several may run on one computer.
MAX_PORT, LIVE_PORT, STAGE_PORT, TOUCH_PORT, PD_PORT = 9001, 9002, 9003, 9004, 9005

PING_MS = 1000  # how often a patch asks the bridge whether it is there

# Prompts that the model in the box understands, to begin with.
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
    """A figure that the bridge sends to subscribers. `low` and `high` are a display's ends."""

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
    """One of the prompts that are mixed, and how much of it there is."""

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
        """Asked for with `/get`, these tell where all controls of the panel stand."""
        mixed = ("/prompt/*", "/prompt/*/*") if self.slots else ()
        return ("/*", "/steer/*", *mixed)

    @property
    def addresses(self) -> tuple[str, ...]:
        """Every control that a client of this panel speaks of."""
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
