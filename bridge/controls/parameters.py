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
    "level of the headphones (--cue), whatever /gain is; -60 is silence",
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
                help="another prompt, played as strongly as its weight says; nothing if empty",
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
                f"how strongly prompt {slot} is played; what all leave of 1 is left to /prompt",
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
        Parameter("/prompt", "s", "", help="what to play, in words", words=True),
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
            help="how closely the music follows the prompt; a model may have its own default",
        ),
        Parameter(
            "/temperature",
            "f",
            sampling.temperature,
            0.05,
            4.0,
            help="how adventurous the choice of sounds is; a model may have its own default",
        ),
        Parameter(
            "/top_k",
            "i",
            sampling.top_k,
            0,
            2048,
            "codes",
            help="how many candidates each choice is from, or 0: all",
        ),
        Parameter(
            "/steer_guidance",
            "s",
            "both",
            help="which half of guidance is steered: both or conditional",
        ),
        Parameter(
            "/keep_norm",
            "i",
            0,
            0,
            1,
            help="1 scales steered hidden states back to the norm they had",
        ),
        Parameter(
            "/crossfade",
            "ssf",
            "",
            help="hand over from one direction to another in so many seconds",
            event=True,
        ),
        Parameter(
            "/tempo/target",
            "f",
            0.0,
            0.0,
            240.0,
            "BPM",
            help="the tempo to hold, from 40 up, by turning the tempo's direction; 0 lets go",
        ),
        Parameter(
            "/midi/learn",
            "s",
            "",
            help="the next MIDI control that is moved moves this address; empty: it does not",
            event=True,
        ),
        Parameter(
            "/panic",
            "trigger",
            0,
            help="all steering off, sound settings as at the start, music begins afresh",
            event=True,
        ),
        *(
            Parameter(f"/preset/{what}", kind, "", help=text, event=True, words=True)
            for what, kind, text in (
                ("store", "s", "keep prompt, sound and steering as they are, under this name"),
                ("recall", "s", "go to what is kept under this name, at once"),
                ("morph", "sf", "go to what is kept under this name, in so many seconds"),
                ("morph_beats", "sf", "the same in so many beats of the clock or of the music"),
                ("delete", "s", "forget what is kept under this name"),
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
                f"{base}/inject_per",
                "s",
                "layer",
                help=f"whether injection of {label} is drawn per layer or per step (frame)",
            ),
            Parameter(
                f"{base}/layers",
                "s",
                "all",
                help=f"which layers {label} steers: all, top:K, exp:BASE,RATE or layer:N",
            ),
            Parameter(
                f"{base}/component",
                "s",
                "0",
                help=f"which of {label}'s vectors, by number or class; 0,2 adds two up",
            ),
            Parameter(
                f"{base}/schedule",
                "s",
                "constant",
                help=f"how {label} goes on by itself: constant, exponential:RATE, linear:STEPS "
                "(falls), ramp:STEPS, cosine:STEPS (rise) or cosine-down:STEPS",
            ),
        ]
    return parameters
