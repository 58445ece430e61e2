"""Measures, prompt by prompt, whether nano plays music: no drone, no blur, the prompted instrument.

Pooled figures hide a failing prompt: over all prompts, there are always twelve pitch classes. Every
prompt without drums is therefore played at the model's defaults with several seeds, and each clip
is judged separately.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from musicrfm.data.compose import Clip
from musicrfm.listening import measure

PROMPTS = {  # prompt -> the instrument it asks for; all eight, three textures, no drums
    "flute melody": "flute",
    "guitar melody": "guitar",
    "dark strings chords": "strings",
    "trumpet melody": "trumpet",
    "solo piano melody": "piano",
    "calm piano arpeggio": "piano",
    "vibraphone arpeggio": "vibraphone",
    "organ chords": "organ",
    "bright synth melody": "synth",
}
TEXTURES = ("melody", "arpeggio", "chords")
SECONDS = 10.0
FEWEST, LONGEST = 3, 4.0  # pitch classes in a clip; longest dominance of one in seconds
WINDOW = 0.25  # seconds in which one pitch class dominates or none does
FIRST_SEED = 7_000


@dataclass(frozen=True)
class Judged:
    """One clip. longest: longest time in seconds in which one pitch class dominates without a
    break. onsets: per second."""

    prompt: str
    pitch_classes: int
    longest: float
    onsets: float
    usual_onsets: tuple[float, float]
    likelihood: float
    named: bool

    @property
    def faults(self) -> list[str]:
        lowest, highest = self.usual_onsets
        found = {
            "few notes": self.pitch_classes < FEWEST,
            "held": self.longest > LONGEST,
            "onsets": not lowest <= self.onsets <= highest,
        }
        return [fault for fault, true in found.items() if true]


def texture_of(prompt: str) -> str:
    return next(texture for texture in TEXTURES if texture in prompt)


def longest_held(audio: np.ndarray, sample_rate: int) -> float:
    """Longest time in seconds in which one pitch class dominates, in steps of a quarter second."""
    share = measure.note_share_over_time(audio, sample_rate, WINDOW)
    ruling = np.where(share.max(1) > 0.5, share.argmax(1), -1)
    runs = (len(list(run)) for note, run in itertools.groupby(ruling) if note >= 0)
    return max(runs, default=0) * WINDOW


def usual_onsets(clips: Iterable[Clip], count: int = 40) -> dict[str, tuple[float, float]]:
    """For each texture, the 5 % and 95 % quantiles of the onset rate in rendered music without
    drums and bass, from `count` clips each."""
    from musicrfm.data.render import SAMPLE_RATE, render

    rates: dict[str, list[float]] = {texture: [] for texture in TEXTURES}
    for clip in clips:
        if clip.kind != "music" or any(word in clip.prompt for word in ("drums", "bass", " over ")):
            continue
        texture = next((t for t in TEXTURES if t in clip.prompt), "melody")  # a dance is a melody
        if len(rates[texture]) < count:
            audio = render(clip, SECONDS)
            rates[texture].append(measure.measure(audio, SAMPLE_RATE).onset_rate)
        if all(len(heard) == count for heard in rates.values()):
            break
    return {
        texture: (float(np.quantile(heard, 0.05)), float(np.quantile(heard, 0.95)))
        for texture, heard in rates.items()
    }


def judge(
    play: Callable[[str, int], np.ndarray],
    sample_rate: int,
    usual: dict[str, tuple[float, float]],
    odds: Callable[[np.ndarray, int], dict[str, float]],
    seeds: int = 8,
) -> list[Judged]:
    """Every prompt with every seed. play: (prompt, seed) -> float [samples, channels]."""
    return [
        judged(prompt, play(prompt, seed), sample_rate, usual, odds)
        for prompt in PROMPTS
        for seed in range(FIRST_SEED, FIRST_SEED + seeds)
    ]


def judged(
    prompt: str,
    audio: np.ndarray,
    sample_rate: int,
    usual: dict[str, tuple[float, float]],
    odds: Callable[[np.ndarray, int], dict[str, float]],
) -> Judged:
    """One clip of ten seconds, [samples, channels], of one of PROMPTS."""
    heard = measure.measure(audio, sample_rate)
    likely = odds(audio[sample_rate : 8 * sample_rate, 0], sample_rate)
    return Judged(
        prompt,
        heard.pitch_classes,
        longest_held(audio, sample_rate),
        heard.onset_rate,
        usual[texture_of(prompt)],
        likely[PROMPTS[prompt]],
        max(likely, key=likely.__getitem__) == PROMPTS[prompt],
    )


def summary(clips: list[Judged]) -> dict[str, object]:
    """Shares of clips without a fault and with each fault, the worst prompt, and the shares of all
    prompts."""
    by_prompt = {
        prompt: float(np.mean([not one.faults for one in clips if one.prompt == prompt]))
        for prompt in dict.fromkeys(one.prompt for one in clips)
    }
    worst = min(by_prompt, key=by_prompt.__getitem__)
    faults = {
        f"clips with {fault.replace('few notes', 'fewer than three pitch classes')}": float(
            np.mean([fault in one.faults for one in clips])
        )
        for fault in ("few notes", "held", "onsets")
    }
    return {
        "clips": len(clips),
        "clips_without_fault": float(np.mean([not one.faults for one in clips])),
        **faults,
        "worst_prompt": f"{worst}: {by_prompt[worst]:.2f}",
        "instrument_likelihood": float(np.mean([one.likelihood for one in clips])),
        "instrument_named": float(np.mean([one.named for one in clips])),
        **{f"without fault, {prompt}": share for prompt, share in by_prompt.items()},
    }
