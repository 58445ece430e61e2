"""Every live parameter of an instrument: its address, what it may be, and what it does.

OSC addresses, the rig file, the patches and the documentation are all made from or checked against
`namespace`, so that adding a parameter is one entry here and one setter in the engine.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from musicrfm.directions import canonical_name
from musicrfm.runtime.sampling import SamplingDefaults

Value = float | int | str
PROMPT_SLOTS = (1, 2, 3, 4)  # prompts that can be blended into the first one

# Characters that OSC 1.0 reserves in addresses and their patterns, and the space.
_RESERVED = re.compile(r"[\s#*,/?\[\]{}]")


@dataclass(frozen=True)
class Parameter:
    """One live value: what it is called, what it may be, and what it does.

    `type` is "trigger" for an event that takes nothing, otherwise an OSC type tag for each of its
    arguments: "f" (number), "i" (whole number), "s" (text). `event`: it happens and keeps no value.
    `smoothing` says that a change glides there instead of jumping. `words`: its text may have
    several, so texts that come apart over OSC are one.
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


CUE_GAIN = Parameter(
    "/cue/gain",
    "f",
    0.0,
    -60.0,
    12.0,
    "dB",
    True,
    "headphone level (--cue), independent of /gain; -60 is silence",
)


def steer_address(name: str) -> str:
    """The address of a direction: `note_C#` and `note_Db` both give `/steer/note_Cs`."""
    return "/steer/" + _RESERVED.sub("_", canonical_name(name))


def canonical_address(address: str) -> str:
    """The address in the namespace's spelling, with any spelling of a direction's name in it.

    `/steer/note_C/value` is `/steer/note_C`, for clients to which that is a folder (see OSCQuery).
    """
    parts = address.split("/")
    if len(parts) >= 3 and parts[-1] == "value":
        address = "/".join(parts := parts[:-1])
    if len(parts) >= 3 and parts[0] == "" and parts[1] == "steer" and parts[2]:
        parts[2] = canonical_name(parts[2])
        return "/".join(parts)
    return address


def _prompt_slots() -> list[Parameter]:
    slots = []
    for slot in PROMPT_SLOTS:
        slots.append(
            Parameter(
                f"/prompt/{slot}",
                "s",
                "",
                help="a further prompt, blended in by its weight; empty turns it off",
                words=True,
            )
        )
        slots.append(
            Parameter(
                f"/prompt/{slot}/weight",
                "f",
                0.0,
                0.0,
                1.0,
                "share",
                True,
                f"weight of prompt {slot}; the remainder up to 1 goes to /prompt",
            )
        )
    return slots


def namespace(
    direction_names: Iterable[str],
    cue: bool = True,
    sampling: SamplingDefaults | None = None,
) -> list[Parameter]:
    """Every live parameter of an instrument with these directions, in the order a person reads.

    cue: whether some outputs of the sound card are for headphones. sampling: the model's own, which
    its controls begin with.
    """
    sampling = sampling or SamplingDefaults()
    parameters = [
        Parameter("/prompt", "s", "", help="description of the music to play", words=True),
        *_prompt_slots(),
        Parameter("/play", "i", 1, 0, 1, help="1 plays, 0 pauses; both fade"),
        Parameter("/gain", "f", 0.0, -60.0, 12.0, "dB", True, "output level; -60 is silence"),
        *([CUE_GAIN] if cue else ()),
        Parameter(
            "/guidance",
            "f",
            sampling.guidance_scale,
            0.0,
            10.0,
            help="strength of the prompt (classifier-free guidance); 1 turns guidance off; models "
            "may set another default",
        ),
        Parameter(
            "/temperature",
            "f",
            sampling.temperature,
            0.05,
            4.0,
            help="randomness of the choice of codes; models may set another default",
        ),
        Parameter(
            "/top_k",
            "i",
            sampling.top_k,
            0,
            2048,
            "codes",
            help="number of most likely codes to choose from; 0 for all",
        ),
        Parameter(
            "/steer_guidance",
            "s",
            "both",
            help="halves of guidance that are steered: both, or conditional alone",
        ),
        Parameter(
            "/keep_norm",
            "i",
            0,
            0,
            1,
            help="1 rescales steered hidden states to their norm before steering",
        ),
        Parameter(
            "/crossfade",
            "ssf",
            "",
            help="move the coefficient of the first direction to the second, in this time",
            event=True,
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
        Parameter(
            "/midi/learn",
            "s",
            "",
            help="map the next MIDI control you move to this address; empty cancels",
            event=True,
        ),
        Parameter(
            "/panic",
            "trigger",
            0,
            help="turn all steering off, reset the sound settings, start a new piece",
            event=True,
        ),
        *(
            Parameter(f"/preset/{what}", kind, "", help=text, event=True, words=True)
            for what, kind, text in (
                ("store", "s", "save prompt, sound and steering under this name, or NAME-2"),
                ("replace", "s", "save them in place of the preset of this name"),
                ("recall", "s", "recall the preset of this name at once"),
                ("morph", "sf", "glide to the preset of this name, in this number of seconds"),
                (
                    "morph_beats",
                    "sf",
                    "glide to it in this number of beats of the clock, or else of the music",
                ),
                ("delete", "s", "delete the preset of this name"),
            )
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
                f"strength of {label}; 1 is the top of its useful range, below 0 steers away",
            ),
            Parameter(
                f"{base}/inject",
                "f",
                1.0,
                0.0,
                1.0,
                "probability",
                help=f"share of layers and frames in which {label} is added",
            ),
            Parameter(
                f"{base}/inject_per",
                "s",
                "layer",
                help=f"draw the injection of {label} for each layer, or for each step (frame)",
            ),
            Parameter(
                f"{base}/layers",
                "s",
                "all",
                help=f"layers in which {label} is added: all, top:K, exp:BASE,RATE or layer:N",
            ),
            Parameter(
                f"{base}/component",
                "s",
                "0",
                help=f"vectors of {label} to add, by number or class; 0,2 adds both",
            ),
            Parameter(
                f"{base}/schedule",
                "s",
                "constant",
                help=f"course of {label} over time: constant, exponential:RATE or linear:STEPS "
                "(both fall), ramp:STEPS or cosine:STEPS (both rise), cosine-down:STEPS",
            ),
        ]
    return parameters
