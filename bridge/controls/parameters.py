"""Every live parameter of an instrument: its address, range and effect.

OSC addresses, the rig file, the patches and the documentation are made from `namespace` or checked
against it: a new parameter is one entry in `FIXED` or `of_direction`, and nothing more if it sets
an attribute of the stream or its steering.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace

from musicrfm.directions import canonical_name
from musicrfm.runtime.defaults import SamplingDefaults

Value = float | int | str
PROMPT_SLOTS = (1, 2, 3, 4)  # prompts that can be blended into the first one

# Characters that OSC 1.0 reserves in addresses and their patterns, and the space.
_RESERVED = re.compile(r"[\s#*,/?\[\]{}]")


@dataclass(frozen=True)
class Parameter:
    """One live value: its name, range, effect, and where it appears.

    type: "trigger" for an event without arguments, otherwise an OSC type tag for each argument: "f"
    (number), "i" (whole number), "s" (text). smoothing: a change glides instead of jumping. event:
    it happens and stores no value. words: the text may have several words, so text that arrives in
    pieces over OSC is joined. choices: the permitted words; () for any.

    rig: table and key in a rig file, such as `engine.gain`. option: of `bridge play`. kept: whether
    presets store it. panic: the effect of `/panic`: "start" restores the initial value, "default"
    the default, "lower" the lower one of the current and the initial value. applies: the target of
    a value: `stream.NAME` or `steering.NAME` is an attribute, or for a direction a method that also
    takes its name; parameters without it are read elsewhere.
    """

    address: str
    type: str
    default: Value
    low: float | None = None
    high: float | None = None
    unit: str = ""
    smoothing: bool = False
    help: str = ""
    event: bool = False
    words: bool = False
    choices: tuple[str, ...] = ()
    rig: str = ""
    option: str = ""
    kept: bool = True
    panic: str = ""
    applies: str = ""

    @property
    def switch(self) -> bool:
        """Whether it is 0 or 1."""
        return self.type == "i" and (self.low, self.high) == (0, 1)


CUE_GAIN = Parameter(
    "/cue/gain",
    "f",
    0.0,
    -60.0,
    12.0,
    "dB",
    smoothing=True,
    help="headphone level (--cue), independent of /gain; -60 is silence",
    rig="output.cue_gain",
    kept=False,  # recalling a preset must not change the headphone level
    panic="lower",
)
PROMPT = Parameter(
    "/prompt", "s", "", help="description of the music to play", words=True, rig="engine.prompt"
)


def _event(address: str, type: str, help: str, words: bool = False) -> Parameter:
    default = 0 if type == "trigger" else ""
    return Parameter(address, type, default, help=help, event=True, words=words)


def _slot(slot: int) -> tuple[Parameter, Parameter]:
    """A further prompt and its weight."""
    return (
        Parameter(
            f"/prompt/{slot}",
            "s",
            "",
            help="a further prompt, blended in by its weight; empty turns it off",
            words=True,
        ),
        Parameter(
            f"/prompt/{slot}/weight",
            "f",
            0.0,
            0.0,
            1.0,
            "share",
            smoothing=True,
            help=f"weight of prompt {slot}; the remainder up to 1 goes to /prompt",
        ),
    )


# In reading order. The sampling defaults are the model's, see `namespace`.
FIXED = (
    PROMPT,
    *(parameter for slot in PROMPT_SLOTS for parameter in _slot(slot)),
    Parameter("/play", "i", 1, 0, 1, help="1 plays, 0 pauses; both fade", kept=False),
    Parameter(
        "/gain",
        "f",
        0.0,
        -60.0,
        12.0,
        "dB",
        smoothing=True,
        help="output level; -60 is silence",
        rig="engine.gain",
        panic="lower",  # panic must not raise the level after the fader was pulled down
    ),
    CUE_GAIN,
    Parameter(
        "/guidance",
        "f",
        3.0,
        0.0,
        10.0,
        help="strength of the prompt (classifier-free guidance); 1 turns guidance off; models "
        "may set another default",
        rig="engine.guidance",
        panic="start",
        applies="stream.guidance_scale",
    ),
    Parameter(
        "/temperature",
        "f",
        1.0,
        0.05,
        4.0,
        help="randomness of the choice of codes; models may set another default",
        rig="engine.temperature",
        panic="start",
        applies="stream.temperature",
    ),
    Parameter(
        "/top_k",
        "i",
        250,
        0,
        2048,
        "codes",
        help="number of most likely codes to choose from; 0 for all",
        rig="engine.top_k",
        panic="start",
        applies="stream.top_k",
    ),
    Parameter(
        "/steer_guidance",
        "s",
        "both",
        help="halves of guidance that are steered: both, or conditional alone",
        choices=("both", "conditional"),
        rig="engine.steer_guidance",
        option="--steer-guidance",
        applies="stream.steer_guidance",
    ),
    Parameter(
        "/keep_norm",
        "i",
        0,
        0,
        1,
        help="rescale steered hidden states to the norm they had before steering",
        rig="engine.keep_norm",
        option="--keep-norm",
        applies="steering.keep_norm",
    ),
    _event(
        "/crossfade",
        "ssf",
        "move the coefficient of the first direction to the second, in this time",
    ),
    Parameter(
        "/tempo/target",
        "f",
        0.0,
        0.0,
        240.0,
        "BPM",
        help="tempo to hold, 40 or more, by steering the tempo direction; 0 releases it",
    ),
    _event("/midi/learn", "s", "map the next MIDI control you move to this address; empty cancels"),
    _event(
        "/panic", "trigger", "turn all steering off, reset the sound settings, start a new piece"
    ),
    _event(
        "/preset/store",
        "s",
        "save prompt, sound and steering under this name, or NAME-2",
        words=True,
    ),
    _event("/preset/replace", "s", "save them in place of the preset of this name", words=True),
    _event("/preset/recall", "s", "recall the preset of this name at once", words=True),
    _event(
        "/preset/morph",
        "sf",
        "glide to the preset of this name, in this number of seconds",
        words=True,
    ),
    _event(
        "/preset/morph_beats",
        "sf",
        "glide to it in this number of beats of the clock, or else of the music",
        words=True,
    ),
    _event("/preset/delete", "s", "delete the preset of this name", words=True),
)


def of_direction(name: str) -> tuple[Parameter, ...]:
    """The coefficient of a direction, and how it is added."""
    base = steer_address(name)
    label = base.removeprefix("/steer/")
    return (
        Parameter(
            base,
            "f",
            0.0,
            -2.0,
            2.0,
            "× useful range",
            smoothing=True,
            help=f"strength of {label}; 1 is the top of its useful range, below 0 steers away",
            rig="steer.coefficient",
            panic="default",
        ),
        Parameter(
            f"{base}/inject",
            "f",
            1.0,
            0.0,
            1.0,
            "probability",
            help=f"share of layers and frames in which {label} is added",
            rig="steer.inject",
            panic="default",
            applies="steering.set_inject",
        ),
        Parameter(
            f"{base}/inject_per",
            "s",
            "layer",
            help=f"draw the injection of {label} for each layer, or for each step (frame)",
            choices=("layer", "step"),
            rig="steer.inject_per",
            panic="default",
            applies="steering.set_inject_per",
        ),
        Parameter(
            f"{base}/layers",
            "s",
            "all",
            help=f"layers in which {label} is added: all, top:K, exp:BASE,RATE or layer:N",
            rig="steer.layers",
            panic="default",
            applies="steering.set_layers",
        ),
        Parameter(
            f"{base}/component",
            "s",
            "0",
            help=f"vectors of {label} to add, by number or class; 0,2 adds both",
            rig="steer.component",
            panic="start",
            applies="steering.set_component",
        ),
        Parameter(
            f"{base}/schedule",
            "s",
            "constant",
            help=f"course of {label} over time: constant, exponential:RATE or linear:STEPS "
            "(both fall), ramp:STEPS or cosine:STEPS (both rise), cosine-down:STEPS",
            rig="steer.schedule",
            panic="default",
            applies="steering.set_schedule",
        ),
    )


def steer_address(name: str) -> str:
    """The address of a direction: `note_C#` and `note_Db` both give `/steer/note_Cs`."""
    return "/steer/" + _RESERVED.sub("_", canonical_name(name))


def canonical_address(address: str) -> str:
    """The address in the namespace's spelling, from any spelling of a direction's name.

    `/steer/note_C/value` becomes `/steer/note_C`, for clients that treat the latter as a folder
    (see OSCQuery).
    """
    parts = address.split("/")
    if len(parts) >= 3 and parts[-1] == "value":
        address = "/".join(parts := parts[:-1])
    if len(parts) >= 3 and parts[0] == "" and parts[1] == "steer" and parts[2]:
        parts[2] = canonical_name(parts[2])
        return "/".join(parts)
    return address


def namespace(
    direction_names: Iterable[str],
    cue: bool = True,
    sampling: SamplingDefaults | None = None,
) -> list[Parameter]:
    """Every live parameter of an instrument with these directions, in reading order.

    cue: whether the sound card has outputs for headphones. sampling: the model's defaults, the
    initial values of its controls.
    """
    own = asdict(sampling or SamplingDefaults())
    parameters = [
        replace(one, default=own.get(one.applies.removeprefix("stream."), one.default))
        for one in FIXED
        if cue or one is not CUE_GAIN
    ]
    return [*parameters, *(one for name in direction_names for one in of_direction(name))]


def set_by(table: str) -> dict[str, Parameter]:
    """Maps a key in a rig table, such as `engine` or `steer`, to its parameter."""
    every = (*FIXED, *of_direction("NAME"))
    keys = (one.rig.partition(".") for one in every)
    return {key: one for (of, _, key), one in zip(keys, every, strict=True) if of == table}
