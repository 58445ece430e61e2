"""Whether music that plays for minutes stays music, and whether its seams can be heard.

The faults of `musicrfm.nano.judges.playing` are counted in stretches of ten seconds, minute by
minute. A seam is where the decoder's window is full and the music continues in the next one, which
knows the last seconds only. What changes there is compared with what changes elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from musicrfm import intervals
from musicrfm.listening import measure
from musicrfm.listening.rhythm import ONSET_HOP, RATE, onset_envelope
from musicrfm.nano.judges import playing
from musicrfm.stream import MusicStream

if TYPE_CHECKING:
    from musicrfm.model import MusicModel

PROMPTS = ("solo piano melody", "dark strings chords")  # of `playing.PROMPTS`; one run each
SEED = 9_000
SILENCE_DB = -60.0
BEFORE, AFTER = 0.1, 0.2  # seconds around a seam in which the spectrum may rise
LEVEL_SECONDS, NOTES_SECONDS = 0.25, 2.0  # compared before and after a place
APART, EVERY = 0.5, 0.1  # seconds: other places' distance from a seam, and from each other

Odds = Callable[[np.ndarray, int], dict[str, float]]


@dataclass(frozen=True)
class Run:
    """A long take. audio: [samples, channels]. seams: where it continued in another window, in
    seconds."""

    prompt: str
    audio: np.ndarray
    sample_rate: int
    seams: Sequence[float]


def play(
    model: MusicModel, prompt: str, seconds: float, seed: int = SEED, window: float | None = None
) -> Run:
    """A long take at the model's defaults. window: in seconds, None for the model's."""
    stream = MusicStream(model, prompt, seed=seed, window_seconds=window)
    frames = round(seconds * model.frame_rate)
    seams = [frame / model.frame_rate for frame in seam_frames(stream, frames)]
    return Run(prompt, stream.generate(frames), model.sample_rate, seams)


def seam_frames(stream: MusicStream, frames: int) -> list[int]:
    """The first frame of every window but the first, in a piece of so many frames."""
    return list(range(stream.window, frames, stream.window - stream.keep))


def summary(
    runs: Sequence[Run], usual: dict[str, tuple[float, float]], odds: Odds
) -> dict[str, object]:
    """Faults by minute, level, silence and seams. usual, odds: as in `playing.judge`."""
    rows = [row for run in runs for row in stretches(run, usual, odds)]
    found: dict[str, object] = {
        "prompts": ", ".join(run.prompt for run in runs),
        "seconds": float(np.mean([len(run.audio) / run.sample_rate for run in runs])),
        "stretches": len(rows),
        "without_fault": float(np.mean([not one.faults for _, one in rows])),
    }
    for fault in ("few notes", "held", "onsets"):
        found[f"stretches with {fault}"] = float(np.mean([fault in one.faults for _, one in rows]))
    minutes = sorted({minute for minute, _ in rows})
    for minute in minutes:
        mine = [one for at, one in rows if at == minute]
        found[f"without fault, minute {minute + 1}"] = float(
            np.mean([not one.faults for one in mine])
        )
        found[f"instrument likelihood, minute {minute + 1}"] = float(
            np.mean([one.likelihood for one in mine])
        )
    return found | _levels(runs) | seams(runs)


def stretches(
    run: Run, usual: dict[str, tuple[float, float]], odds: Odds
) -> list[tuple[int, playing.Judged]]:
    """(minute, judgement) of every whole stretch of ten seconds."""
    length = round(playing.SECONDS * run.sample_rate)
    return [
        (
            int(begin / run.sample_rate // 60),
            playing.judged(
                run.prompt, run.audio[begin : begin + length], run.sample_rate, usual, odds
            ),
        )
        for begin in range(0, len(run.audio) - length + 1, length)
    ]


def _levels(runs: Sequence[Run]) -> dict[str, object]:
    """Level of the seconds, in dBFS, the longest silence in seconds, and clipping."""
    level, silence, change, clipped = [], 0, [], []
    for run in runs:
        mono, rate = run.audio.mean(1), run.sample_rate
        each = mono[: len(mono) // rate * rate].reshape(-1, rate)
        decibel = 20 * np.log10(np.sqrt((each**2).mean(1)) + 1e-9)
        level.append(decibel)
        ended = np.flatnonzero(np.concatenate(([True], decibel >= SILENCE_DB, [True])))
        silence = max(silence, int(np.diff(ended).max()) - 1)
        change.append(np.median(decibel[-60:]) - np.median(decibel[:60]))
        clipped.append((np.abs(run.audio) >= 0.999).mean())
    every = np.concatenate(level)
    return {
        "level_db": [float(every.min()), float(np.median(every)), float(every.max())],
        "level_change_first_to_last_minute_db": float(np.mean(change)),
        "silent_share": float((every < SILENCE_DB).mean()),
        "longest_silence_seconds": silence,
        "clipped_share": float(np.mean(clipped)),
    }


def seams(runs: Sequence[Run]) -> dict[str, object]:
    """Ratios of what happens at seams to what happens elsewhere, with intervals of 95 %.

    flux: the largest rise of the spectrum around the place; level: the difference between the
    quarter seconds before and after; notes: the same between the chroma of two seconds. 1 means
    that nothing sets a seam apart.
    """
    at_seams: dict[str, list[float]] = {}
    elsewhere: dict[str, list[float]] = {}
    for run in runs:
        told, seconds = _changes(run), len(run.audio) / run.sample_rate
        every = np.arange(NOTES_SECONDS, seconds - NOTES_SECONDS, EVERY)
        far = [t for t in every if min(abs(t - s) for s in (*run.seams, np.inf)) >= APART]
        near = [s for s in run.seams if NOTES_SECONDS <= s <= seconds - NOTES_SECONDS]
        for name, change in told.items():
            at_seams.setdefault(name, []).extend(map(change, near))
            elsewhere.setdefault(name, []).extend(map(change, far))
    found: dict[str, object] = {"seams": len(next(iter(at_seams.values())))}
    for name, values in at_seams.items():
        ratio = intervals.mean(np.array(values) / np.mean(elsewhere[name]))
        found[f"seam_{name}_ratio"] = ratio.value
        found[f"seam_{name}_ratio_interval"] = [ratio.low, ratio.high]
    return found


def _changes(run: Run) -> dict[str, Callable[[float], float]]:
    """What changes at a place in seconds, by name."""
    mono = measure.mono_of(run.audio, run.sample_rate)
    envelope = onset_envelope(mono)
    frame_seconds = ONSET_HOP / RATE
    at, chroma = measure.chroma(run.audio, run.sample_rate)

    def flux(place: float) -> float:
        first, last = ((place + by) / frame_seconds for by in (-BEFORE, AFTER))
        return float(envelope[round(first) : round(last)].max())

    def level(place: float) -> float:
        middle, length = round(place * RATE), round(LEVEL_SECONDS * RATE)
        before, after = mono[middle - length : middle], mono[middle : middle + length]
        power = [float((part**2).mean()) + 1e-9 for part in (before, after)]
        return abs(10 * float(np.log10(power[1] / power[0])))

    def notes(place: float) -> float:
        before = chroma[:, (at >= place - NOTES_SECONDS) & (at < place)].mean(1)
        after = chroma[:, (at >= place) & (at < place + NOTES_SECONDS)].mean(1)
        size = float(np.linalg.norm(before) * np.linalg.norm(after))
        return 1 - float(before @ after) / size if size > 1e-9 else 0.0

    return {"flux": flux, "level": level, "notes": notes}
