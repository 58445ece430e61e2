"""Measures events in time: onsets, tempo, and whether accents come in threes or in twos.

All functions take mono audio at 16 kHz, or its onset envelope.
"""

from __future__ import annotations

import librosa
import numpy as np
import scipy.signal

from musicrfm.listening.pulse import ONSET_DB, smooth, tempo

RATE = 16_000  # of everything that is measured
ONSET_HOP = 160  # 10 ms
BANDS = 80
ACCENT_BANDS = 16  # in which a beat's accent is described
TRIPLE, DUPLE = (3, 6, 9, 12), (2, 4, 8)  # pulses from one accent to the next
FEWEST_PULSES = 6  # below this, threes and twos cannot be distinguished
LITTLE = 0.1  # share of the variance that is negligible
SHUFFLES = 20  # random orders of the beats, as a baseline


def onset_envelope(mono: np.ndarray) -> np.ndarray:
    """Rise of the mel spectrum's level in dB, mean over 80 bands, one value per 10 ms.

    `mono` is [samples] at 16 kHz. The level is floored 60 dB under the clip's loudest point, so
    that noise far below the music counts for nothing.
    """
    return _rise(mono).mean(0)


def onsets(envelope: np.ndarray) -> np.ndarray:
    """Indices of the onsets in an `onset_envelope`: peaks of at least 1.5 dB, 50 ms apart."""
    padded = np.pad(envelope, 1)
    return scipy.signal.find_peaks(padded, ONSET_DB, prominence=ONSET_DB, distance=5)[0] - 1


def metre(mono: np.ndarray, bpm: float | None = None) -> tuple[float | None, int | None]:
    """(degree of triple metre, pulses between accents), both None if undecidable.

    0 is duple (2/2, 2/4, 4/4), 1 triple (3/4, 3/8, 6/8, 9/8, 12/8), 0.5 undecided. The audio is cut
    into pulses at the tempo `bpm` (measured if not given), halved where onsets fall between them.
    The attack of each pulse, in 16 bands, is then compared with the others: for every number n of
    pulses between accents, the share of the variance explained by one accent in n is computed,
    minus the share explained by chance. Mere alternation is removed before longer periods are
    tried. The best of 3, 6, 9, 12 is compared with the best of 2, 4, 8.

    Six pulses are the minimum. Right on 98 % of 172 four-second clips made like SynTheory's time
    signatures (of which 2/2 has too few pulses), on all of 20 composed pieces with drums in 4/4 and
    on 85 % of 20 in 3/4.
    """
    rise = _rise(mono)
    envelope = rise.mean(0)
    bpm = tempo(envelope)[0] if bpm is None else bpm
    if bpm is None:
        return None, None
    pulses, halved = _pulses(smooth(envelope), 60 * RATE / ONSET_HOP / bpm)
    if len(pulses) < FEWEST_PULSES:
        return None, None
    bands = rise.reshape(ACCENT_BANDS, BANDS // ACCENT_BANDS, -1).mean(1)
    begins = [bands[:, max(0, at - 3) : at + 5].sum(1) for at in pulses]
    accents = np.array(begins) - np.mean(begins, 0)
    if np.square(accents).sum() < 1e-9:
        return None, None
    told = {2: _beyond_chance(accents, 2)}
    rest = accents.copy()
    for side in (0, 1):
        rest[side::2] -= rest[side::2].mean(0)
    if np.square(rest).sum() > LITTLE * np.square(accents).sum():
        accents = rest
        if halved:  # that what lies between the beats is different from them tells nothing
            del told[2]
    longest = len(accents) * 2 / 3  # beyond it, there is hardly a second accent
    told |= {n: _beyond_chance(accents, n) for n in (*DUPLE[1:], *TRIPLE) if n <= longest}
    triple, duple = (max(0.0, *(told.get(n, 0.0) for n in by)) for by in (TRIPLE, DUPLE))
    return float(0.5 + (triple - duple) / 2), max(told, key=told.__getitem__)


def _rise(mono: np.ndarray) -> np.ndarray:
    """[80 bands, frames of 10 ms]: how much the level rises in dB within 20 ms."""
    mel = librosa.feature.melspectrogram(
        y=mono, sr=RATE, n_fft=1024, hop_length=ONSET_HOP, n_mels=BANDS, fmin=30
    )
    floor = max(float(mel.max()) * 1e-6, 1e-9)
    level = 10 * np.log10(np.maximum(mel, floor))
    return np.pad(np.maximum(0, level[:, 2:] - level[:, :-2]), ((0, 0), (1, 1)))


def _pulses(envelope: np.ndarray, period: float) -> tuple[np.ndarray, bool]:
    """(frames of the pulses, whether the period was halved): a grid that follows the onsets."""
    n = len(envelope)

    def strength(phase: float, step: float) -> float:
        at = np.round(np.arange(phase, n, step)).astype(int)
        return float(envelope[np.minimum(n - 1, at)].mean())

    phase = max(np.arange(0.0, period), key=lambda p: strength(p, period))
    between = strength((phase + period / 2) % period, period)
    halved = period >= 30 and between >= 0.3 * strength(phase, period)
    if halved:
        period /= 2
        phase %= period
    pulses, at = [], phase
    while at < n:
        first = max(0, round(at) - 4)
        near = envelope[first : round(at) + 5]
        if len(near) and near.max() > ONSET_DB / 2:
            at += 0.3 * (first + int(near.argmax()) - at)
        pulses.append(min(n - 1, round(at)))
        at += period
    return np.array(pulses, int), halved


def _beyond_chance(accents: np.ndarray, n: int) -> float:
    """The share that one accent every `n` pulses explains, minus that for randomly ordered
    pulses."""
    rng = np.random.default_rng(0)
    orders = [rng.permutation(len(accents)) for _ in range(SHUFFLES)]
    return _explained(accents, n) - float(np.mean([_explained(accents[o], n) for o in orders]))


def _explained(accents: np.ndarray, n: int) -> float:
    """Share of the variance of `accents` [pulses, bands], mean 0, that one accent in n explains."""
    count = len(accents)
    there = np.arange(count) % n == np.arange(n)[:, None]  # [where the first accent is, pulses]
    many = there.sum(1)
    between = count * np.square(there @ accents).sum(1) / (many * (count - many))
    return float(between.max() / np.square(accents).sum())
