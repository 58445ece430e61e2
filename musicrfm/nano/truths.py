"""What is true about a clip at every position of a crop, for nano's read-outs: beat and harmony.

Everything follows from the score. `PARTS` says which columns are what.
"""

from __future__ import annotations

import math
import random

import numpy as np

from musicrfm.harmony import CHORDS
from musicrfm.nano.compose import CLIP_SECONDS, DRUMS, Note

RATE = 50  # frames a second
PARTS = {
    "tempo": slice(0, 1),  # standardised logarithm
    "phase": slice(1, 3),  # cosine and sine of the place in the beat
    "notes": slice(3, 15),  # the share of each pitch class from C up
    "chords": slice(15, 19),  # the share of time of each quality of `harmony.CHORDS`
    "intervals": slice(19, 31),  # the share of time in which the lead plays two notes so far apart
}
SIZE = 31
LEFT_ALONE = 0.2  # of crops; of the others these shares are told and pushed:
TOLD = {"tempo": 0.4, "phase": 0.25, "notes": 0.1, "chords": 0.1, "intervals": 0.1}
PUSHED = {"notes": 0.65, "chords": 0.5, "intervals": 0.5}
WHOLE = {"notes": 0.2}  # of what is pushed, this share is pushed along all columns, as a key is
ELSEWHERE = 0.1  # of the rest, this share is pushed along any one, and others along the largest
PUSH, HARD = (0.15, 0.25), (0.2, 0.5)  # how far, of the way, each block; hard to where all is one
ALL = 0.9  # the share from which on all is one
WEIGHT = {"tempo": 1 / 3, "phase": 2 / 3, "notes": 1.0, "chords": 0.5, "intervals": 0.5}
IMPORTANCE = np.zeros(SIZE, np.float32)  # of each column in the loss
for _name, _part in PARTS.items():
    IMPORTANCE[_part] = WEIGHT[_name] / (_part.stop - _part.start)
WINDOW = 75  # frames before, as heard, or to come, as told, over which harmony is taken together
SCALE = 3.0  # shares are small numbers beside the beat's
HARMONY = slice(3, SIZE)


def told(rng: random.Random, true: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What happens to a crop, from the start or from some position on.

    true: [positions, SIZE]. Returns what it is told, bool, and what it is pushed towards, how
    strongly, both as `true`: of a part all columns are pushed or, at each position, one.
    """
    mask, strength = np.zeros(true.shape, bool), np.zeros(true.shape, np.float32)
    since = rng.choice((0, rng.randrange(len(true))))
    if rng.random() < LEFT_ALONE:
        return mask, strength
    for name, part in PARTS.items():
        draw = rng.random()
        if draw < TOLD[name]:
            mask[since:, part] = True
        elif draw < TOLD[name] + PUSHED.get(name, 0.0):
            strength[since:, part] = _pushes(rng, np.nan_to_num(true[since:, part]) / SCALE, name)
    return mask, strength


def _pushes(rng: random.Random, shares: np.ndarray, name: str) -> np.ndarray:
    """How strongly each column is pushed, [positions, columns], shares: the same."""
    if rng.random() < WHOLE.get(name, 0.0):
        return np.full(shares.shape, rng.uniform(*PUSH))
    most = shares.argmax(1)
    if rng.random() < ELSEWHERE:
        most[:] = rng.randrange(shares.shape[1])
    all_one = shares[np.arange(len(shares)), most] >= ALL
    reach = np.where(all_one, rng.uniform(*HARD), rng.uniform(*PUSH))
    return reach[:, None] * (most[:, None] == np.arange(shares.shape[1]))


def of(row: dict, start: int, positions: int) -> tuple[np.ndarray, np.ndarray]:
    """(true, audible): float32 [positions, SIZE] each; NaN where there is no truth.

    row: of `render`; start: the frame of the clip that the crop begins with. true: what comes;
    audible: what somebody who has heard the clip since its start could say by then.
    """
    true = np.full((positions, SIZE), math.nan, np.float32)
    audible = true.copy()
    _beat(row["beats"], start, true, audible)
    at = start + np.arange(positions)
    harmony = _harmony(row["notes"])
    true[:, HARMONY] = SCALE * _shares(harmony, at + WINDOW)
    audible[:, HARMONY] = SCALE * _shares(harmony, at)
    return true, audible


def heard(notes: list[Note], frames: np.ndarray) -> np.ndarray:
    """[frames, SIZE]: the shares of `PARTS` in the `WINDOW` before some frames of a piece; of the
    beat nothing, NaN where nothing sounded."""
    rows = [[n.start, n.start + n.length, n.pitch, n.channel] for n in notes if n.channel != DRUMS]
    return np.pad(_shares(_harmony(rows), frames), ((0, 0), (HARMONY.start, 0)))


def _shares(harmony: np.ndarray, until: np.ndarray) -> np.ndarray:
    """[places, 28]: the means of `_harmony`, where notes sound, over the `WINDOW` before frames."""
    sums = np.cumsum(np.pad(harmony, ((1, 0), (0, 0))), 0)
    first, last = (np.clip(edge, 0, len(harmony)) for edge in (until - WINDOW, until))
    window = sums[last] - sums[first]
    with np.errstate(invalid="ignore"):
        return window[:, :-1] / window[:, -1:]


def _beat(beats: list[float], start: int, true: np.ndarray, audible: np.ndarray) -> None:
    """audible leaves out the first two seconds of a crop and after a jump."""
    if len(beats) < 2:
        return
    beats = np.asarray(beats)
    places = np.arange(len(true))
    at = (start + places) / RATE
    number = np.searchsorted(beats, at, side="right") - 1
    inside = np.clip(number, 0, len(beats) - 2)
    length = np.diff(beats)[inside]
    phase = 2 * math.pi * (at - beats[inside]) / length
    tempo = np.log(60 / length / 104) / 0.32
    true[:, :3] = np.stack((tempo, np.cos(phase), np.sin(phase)), axis=1)
    jumps = ~(np.abs(np.diff(tempo, prepend=math.nan)) < 0.3)
    since = places - np.maximum.accumulate(np.where(jumps, places, 0))
    audible[since >= 2 * RATE, :3] = true[since >= 2 * RATE, :3]


def _harmony(notes: list) -> np.ndarray:
    """[frames, 12 + 4 + 12 + 1]: pitch classes, chord and interval of each, and if notes sound."""
    frames = round(CLIP_SECONDS * RATE)
    sounding, lead = np.zeros((frames, 12), bool), np.zeros((frames, 128), bool)
    for begin, end, pitch, channel in notes:
        here = slice(round(begin * RATE), max(round(end * RATE), round(begin * RATE) + 1))
        sounding[here, pitch % 12] = True
        if channel == 0:
            lead[here, pitch] = True
    heard = sounding.any(1)
    shares = sounding / np.maximum(1, sounding.sum(1, keepdims=True))
    chords = _TRIADS[sounding @ (1 << np.arange(12))]
    intervals = np.zeros((frames, 12))
    two = lead.sum(1) == 2
    wide = 127 - lead[two, ::-1].argmax(1) - lead[two].argmax(1)
    intervals[two, (wide - 1) % 12] = 1
    return np.concatenate((shares, chords, intervals, heard[:, None]), 1)


def _triads() -> np.ndarray:
    """[4096, 4]: which quality a set of pitch classes, as bits, is; augmented has three roots."""
    found = np.zeros((4096, len(CHORDS)))
    for quality, shape in enumerate(CHORDS.values()):
        for root in range(12):
            found[sum(1 << (root + step) % 12 for step in shape), quality] = 1
    return found


_TRIADS = _triads()
