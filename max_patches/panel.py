"""What the patches show, taken from the bridge's control namespace.

Both patches lay out one `Panel`: a knob for each shipped direction, the sound's own settings, and
the addresses of the prompt, play and panic. Ranges and help texts are the namespace's.
"""

from __future__ import annotations

from dataclasses import dataclass

from bridge.controls import Parameter, namespace

NOTES = ("C", "Cs", "D", "Ds", "E", "F", "Fs", "G", "Gs", "A", "As", "B")
SHIPPED = (*(f"note_{note}" for note in NOTES), "tempo")

HOST = "127.0.0.1"
PORT = 9000  # the bridge listens here
REPLY_PORT = 9001  # and answers Max here: its udpsend cannot hear what comes back

PING_MS = 1000  # how often a patch asks the bridge whether it is there
EVERYTHING = ("/*", "/steer/*")  # asked with /get, the bridge tells where its controls stand


@dataclass(frozen=True)
class Knob:
    parameter: Parameter
    label: str

    @property
    def is_sharp(self) -> bool:
        return self.label.endswith("#")


@dataclass(frozen=True)
class Panel:
    prompt: Parameter
    play: Parameter
    panic: Parameter
    notes: tuple[Knob, ...]
    sound: tuple[Knob, ...]  # tempo, gain and how the model samples

    @property
    def knobs(self) -> tuple[Knob, ...]:
        return (*self.notes, *self.sound)


def panel() -> Panel:
    """The panel for the shipped directions."""
    by_address = {parameter.address: parameter for parameter in namespace(list(SHIPPED))}

    def knob(address: str, label: str) -> Knob:
        return Knob(by_address[address], label)

    return Panel(
        prompt=by_address["/prompt"],
        play=by_address["/play"],
        panic=by_address["/panic"],
        notes=tuple(knob(f"/steer/note_{note}", note.replace("s", "#")) for note in NOTES),
        sound=(
            knob("/steer/tempo", "tempo"),
            knob("/gain", "gain dB"),
            knob("/guidance", "guidance"),
            knob("/temperature", "temperature"),
        ),
    )
