"""Which notes sound together and after one another: chords, intervals, modes.

Everything starts from a constant-Q spectrum, three bins a semitone from C2 to B7, in frames of
32 ms. Chords are found in its chroma; intervals and modes in the notes that explain it best.
"""

from __future__ import annotations

import itertools
from functools import lru_cache

import librosa
import numpy as np
import scipy.ndimage
import scipy.signal
from librosa.filters import cq_to_chroma

from musicrfm.listening.rhythm import ONSET_HOP, RATE
from musicrfm.theory import CHORDS, MODES

CHROMA_HOP = 512  # 32 ms
LOWEST = librosa.note_to_hz("C2")
HUM = 64.0  # Hz; what is lower would be heard as C2 or C♯2, as the lowest filters are wide
NOTES = 72  # semitones from C2 up
BINS = 3 * NOTES
OVERTONE = 0.6  # amplitude of each partial over that of the one before
PARTIALS = 8
CHORD_FRAMES = 19  # 0.6 s, in which broken chords are chords too
SECOND_NOTE = 0.3  # as strong as this against the strongest, another note sounds with it
IN_MODE = 0.5  # as strong as this, it counts towards the mode
MODE_SECONDS, MODE_STEP = 6.0, 1.0  # length and distance of the windows for modes


def spectrum(mono: np.ndarray) -> np.ndarray:
    """Constant-Q magnitudes [216, frames], tuned to A = 440 Hz as targets are absolute pitches."""
    audible = scipy.signal.sosfilt(_without_hum(), mono).astype(mono.dtype)
    padded = np.pad(audible, (0, max(0, 2 * RATE - len(mono))))  # the lowest filters are this long
    return np.abs(
        librosa.cqt(
            padded,
            sr=RATE,
            hop_length=CHROMA_HOP,
            fmin=LOWEST,
            n_bins=BINS,
            bins_per_octave=36,
            tuning=0.0,
        )
    )


def chroma(magnitudes: np.ndarray) -> np.ndarray:
    """[12, frames] from C up; the largest of a frame is 1."""
    return librosa.feature.chroma_cqt(
        C=magnitudes, sr=RATE, hop_length=CHROMA_HOP, fmin=LOWEST, bins_per_octave=36
    )


def chord_share(magnitudes: np.ndarray, sounding: np.ndarray) -> np.ndarray:
    """[4]: share of sounding time in which a major, minor, augmented or diminished triad is heard.

    Each 0.6 s of chroma, less what all pitch classes share, as drums and noise do, is compared with
    all triads, all pairs of notes and all single notes, every note with its overtones; the most
    similar one counts, so single notes are no chords.

    On 200 clips made as SynTheory's chords, over all its instruments and inversions, the quality
    with the largest share was right in all, its share 0.999 on average. Two notes at a time were
    never taken for a triad, scales in 0.6 % of the time. In 60 composed pieces major, minor and
    diminished were found in 89, 80 and 90 % of the time in which the notes of half a second are
    such a triad, and in 75, 67 and 83 % after nano's codec; where they are one to three others,
    some triad was found in 23 % and in 20 %.
    """
    templates, quality = _triads()
    found = cq_to_chroma(BINS, bins_per_octave=36, fmin=LOWEST) @ np.sqrt(magnitudes)
    found = scipy.ndimage.uniform_filter1d(found, CHORD_FRAMES, axis=1)
    found = _heard(found - found.min(0), sounding)
    counts = np.bincount(quality[(templates @ found).argmax(0)], minlength=len(CHORDS) + 1)
    return counts[: len(CHORDS)] / max(1, found.shape[1])


def notes(magnitudes: np.ndarray) -> np.ndarray:
    """How strongly each note from C2 up sounds: [72, frames], at least 0.

    The spectrum is modelled as a sum of notes with overtones (non-negative least squares by
    multiplicative updates: Lee and Seung, "Algorithms for non-negative matrix factorization", 2000;
    as a front end for chroma: Mauch and Dixon, ISMIR 2010).
    """
    templates = _single_notes()
    scaled = magnitudes / max(float(magnitudes.max()), 1e-9)
    moment, gram = templates.T @ scaled, templates.T @ templates
    strength = np.full((NOTES, magnitudes.shape[1]), 0.1)
    for _ in range(60):
        strength *= moment / (gram @ strength + 1e-6)
    return strength


def intervals(
    strength: np.ndarray, sounding: np.ndarray, onsets: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(all, harmonic, melodic), each [12]: the share of each interval from 1 to 12 semitones.

    strength: of `notes`. onsets: in frames of 10 ms. Harmonic: share of sounding time with this
    interval between the two strongest notes. Melodic: share of the moves of the strongest note from
    one onset to the next. All: share of sounding time with the interval between two simultaneous
    notes or, where one note sounds alone, between it and the one before. Intervals beyond an octave
    are reduced by octaves.

    On 216 clips made like SynTheory's intervals, the largest share of `all` was right in 88 %, of
    `melodic` in 90 % of the clips with moves, of `harmonic` in 92 % of clips with two simultaneous
    notes (97 % without the octave, which is hidden among overtones: 33 %). On ten single melodies
    of composed pieces with drums, melodic shares overlap with those of the score by 83 %.
    """
    frames = min(strength.shape[1], len(sounding))
    strength, sounding = strength[:, :frames], sounding[:frames]
    two = np.sort(np.argsort(_averaged(strength, 9), 0)[-2:], 0)
    level = np.take_along_axis(_averaged(strength, 9), two, 0)
    together = np.where(level.min(0) >= SECOND_NOTE * level.max(0), two[1] - two[0], 0)
    alone, moves = _moves(strength, sounding, onsets)
    either = np.where(together > 0, together, alone)
    heard = max(1, int(sounding.sum()))
    return (
        _by_size(either[sounding]) / heard,
        _by_size(together[sounding]) / heard,
        _by_size(moves) / max(1, len(moves)),
    )


def modes(strength: np.ndarray, sounding: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(share, fit), both [7]: the share of time in which each mode fits best, and how well it fits.

    The duration of each pitch class is correlated with every mode on every tonic, in which the
    tonic counts twice, and third and fifth a little more than the rest: seven modes share one set
    of notes, and only this weighting distinguishes them. share: of windows of six seconds, a second
    apart. fit: best correlation with any tonic over the whole clip, -1 to 1.

    On 168 clips made like SynTheory's scales, the best mode was right in 95 %; on 40 composed
    pieces of ten seconds, some of which change key, in 50 % (chance: 14 %).
    """
    frames = min(strength.shape[1], len(sounding))
    loudest = strength[:, :frames].max(0)
    there = (strength[:, :frames] >= IN_MODE * loudest) & sounding[:frames] & (loudest > 0)
    classes = there.reshape(NOTES // 12, 12, frames).sum(0)
    size, step = (round(s * RATE / CHROMA_HOP) for s in (MODE_SECONDS, MODE_STEP))
    starts = range(0, max(1, frames - size + 1), step)
    fits = np.array([_mode_fit(classes[:, s : s + size].sum(1)) for s in starts])
    fits = fits[fits.any(1)]
    best = np.bincount(fits.argmax(1), minlength=len(MODES)) if len(fits) else np.zeros(len(MODES))
    return best / max(1, len(fits)), _mode_fit(classes.sum(1))


def _heard(frames: np.ndarray, sounding: np.ndarray) -> np.ndarray:
    """The columns that are not silent, with unit length."""
    count = min(frames.shape[1], len(sounding))
    kept = frames[:, :count][:, sounding[:count]]
    return kept / np.maximum(np.linalg.norm(kept, axis=0), 1e-9)


def _moves(
    strength: np.ndarray, sounding: np.ndarray, onsets: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(for each frame, the interval to its note from the previous one, 0 for none; all moves)."""
    frames = len(sounding)
    edges = np.unique(np.append(np.round(onsets * ONSET_HOP / CHROMA_HOP).astype(int), frames))
    reached, moves, before = np.zeros(frames, int), [], None
    for first, last in itertools.pairwise(edges):
        told = slice(first + 1, min(last, first + 13))  # after the attack, while it is clear
        if told.stop - told.start < 2 or not sounding[told].any():
            continue
        note = int(strength[:, told].mean(1).argmax())
        if before is not None and note != before:
            moves.append(abs(note - before))
            reached[first:last] = moves[-1]
        before = note
    return reached, np.array(moves, int)


def _by_size(semitones: np.ndarray) -> np.ndarray:
    """Counts of 1 to 12 semitones; 13 counts as 1, and 0 is ignored."""
    sizes = semitones[semitones > 0]
    return np.bincount((sizes - 1) % 12, minlength=12)[:12].astype(float)


def _averaged(strength: np.ndarray, frames: int) -> np.ndarray:
    return scipy.ndimage.uniform_filter1d(strength, frames, axis=1)


def _mode_fit(durations: np.ndarray) -> np.ndarray:
    """[7]: best correlation of `durations` [12] with each mode on any tonic; 0 if all are equal."""
    centred = durations - durations.mean()
    length = np.linalg.norm(centred)
    if length < 1e-9:
        return np.zeros(len(MODES))
    return (_mode_profiles() @ centred / length).reshape(len(MODES), 12).max(1)


@lru_cache(1)
def _without_hum() -> np.ndarray:
    """A steep high-pass, as second-order sections: C2 loses 0.2 dB, 60 Hz 24 and 50 Hz 68."""
    return scipy.signal.ellip(8, 0.3, 60, HUM, "highpass", fs=RATE, output="sos")


@lru_cache(1)
def _mode_profiles() -> np.ndarray:
    """[84, 12]: every mode on every tonic, mean 0, length 1."""
    profiles = []
    for degrees in MODES.values():
        for tonic in range(12):
            profile = np.zeros(12)
            profile[[(tonic + d) % 12 for d in degrees]] = 1.0
            profile[tonic] = 2.0
            profile[(tonic + degrees[2]) % 12] = 1.15
            profile[(tonic + degrees[4]) % 12] = 1.3
            profiles.append(profile - profile.mean())
    return np.array([p / np.linalg.norm(p) for p in profiles])


@lru_cache(1)
def _triads() -> tuple[np.ndarray, np.ndarray]:
    """(templates [count, 12] of unit length, the quality of each, len(CHORDS) for no triad)."""
    one = np.zeros(12)
    for partial in range(1, 7):
        one[round(12 * np.log2(partial)) % 12] += OVERTONE ** (partial - 1)
    note = np.array([np.roll(one, n) for n in range(12)])
    templates, quality = [], []
    for number, steps in enumerate(CHORDS.values()):
        for root in range(4 if steps == CHORDS["aug"] else 12):
            templates.append(note[[(root + s) % 12 for s in steps]].sum(0))
            quality.append(number)
    for low in range(12):
        for high in range(low, 12):
            templates.append(note[low] + (note[high] if high != low else 0))
            quality.append(len(CHORDS))
    return np.array([t / np.linalg.norm(t) for t in templates]), np.array(quality)


@lru_cache(1)
def _single_notes() -> np.ndarray:
    """[216, 72]: the constant-Q spectrum of each note with its overtones, of unit length."""
    bins = np.arange(BINS)[:, None]
    templates = np.zeros((BINS, NOTES))
    for partial in range(1, PARTIALS + 1):
        centre = 3 * np.arange(NOTES) + 36 * np.log2(partial)
        shape = np.exp(-0.5 * ((bins - centre) / 0.85) ** 2)  # a partial's width in librosa's CQT
        templates += OVERTONE ** (partial - 1) * shape
    return templates / np.linalg.norm(templates, axis=0)
