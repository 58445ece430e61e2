"""Arranges a composed tune as a clip: another key, other instruments, chords, a rhythm.

The chords are derived from the melody by rule (the most likely path through the key's triads), the
accompaniment from the chords, and timing and loudness get small human variations.
"""

from __future__ import annotations

import bisect
import itertools
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from musicrfm.data.compose import (
    BASS_PROGRAM,
    BPM_RANGE,
    CHORD_INSTRUMENTS,
    CLOSED_HAT,
    DRUMS,
    INSTRUMENTS,
    KICK,
    MODES,
    MOODS,
    OPEN_HAT,
    REVERBS,
    SNARE,
    Clip,
    Note,
    phrase,
    texture_of,
)
from musicrfm.nano.recipe.tunes import Tune

NOTES_A_SECOND = (1.5, 7.0)  # of a melody; outside this range, the tempo is drawn again
HAND, FOOT = 0.008, 0.004  # standard deviation of the timing of players and of drums, in seconds
MOST_BEATS = 100  # that a clip may need
SAY_DANCE = 0.4  # share of dances that the prompt names
STAY, FIFTH, MOVE = (
    1.0,
    0.6,
    0.0,
)  # weights for a chord that stays, falls by a fifth, or moves otherwise
WELCOME = {0: 1.0, 3: 0.7, 4: 0.8, 5: 0.4, 1: 0.2, 2: 0.0, 6: -0.5}  # by degree of the scale
TEMPO_BIAS = {"calm": 0.75, "gentle": 0.85, "energetic": 1.25}  # of the middle of the tempi


@dataclass(frozen=True)
class Bar:
    """One bar of the arranged tune: its place in beats, and its chords."""

    onset: float
    beats: int
    chords: tuple[tuple[int, ...], ...]  # of each beat: pitch classes, the root first


def arrange(tune: Tune, seed: int, seconds: float) -> Clip:
    """A clip of the tune, `seconds` long, starting with one of its bars."""
    rng = random.Random(seed)
    voices, onsets, unit = _felt(tune)
    shift = rng.randrange(12)
    lead = rng.choice(list(INSTRUMENTS))
    harmony = rng.choice([i for i in CHORD_INSTRUMENTS if i != lead])
    mood = rng.choice(list(MOODS))
    parts, words = texture_of(rng, lead, harmony)
    first = rng.randrange(len(tune.bars))
    bpm = _tempo(rng, voices[0], mood)
    beat = 60 / bpm
    bars = _bars(tune, voices, onsets, shift)
    clock = _Clock(rng, onsets, first, beat, rng.uniform(0, 0.4), seconds)

    program, low, high = INSTRUMENTS[lead]
    octave = MOODS[mood]["octave"]
    low, high = low + (12 if octave > 0 else 0), high - (12 if octave < 0 else 0)
    loud = MOODS[mood]["velocity"]
    player = _Player(rng, clock, voices, onsets, shift, unit, (low, high), loud, seconds)
    for number in clock.spans(len(bars)):
        player.play(parts, bars[number], onsets[number + 1])

    if tune.dance and "melody" in parts and rng.random() < SAY_DANCE:
        words = words.replace("melody", tune.dance, 1)
    beats = [t for t in map(clock, clock.beats(bars)) if t is not None]
    lines = [t for t in (clock(bars[i].onset) for i in clock.spans(len(bars))) if t is not None]
    programs = {0: program, 1: INSTRUMENTS[harmony][0], 2: BASS_PROGRAM}
    return Clip(
        phrase(rng, words, mood),
        "music",
        lead,
        (tune.tonic + shift) % 12,
        tune.mode,
        bpm,
        [n for n in player.notes if n.start < seconds],
        programs,
        rng.choice(REVERBS),
        clock.tempi,
        beats,
        lines,
        seconds,
    )


@dataclass
class _Player:
    """Plays bar by bar into `notes`. Places and lengths are in beats of the tune.

    onsets: of its bars. shift: semitones. unit: quarter notes per written beat. reach: of the lead,
    in MIDI pitches. loud: as a MIDI velocity.
    """

    rng: random.Random
    clock: _Clock
    voices: Sequence
    onsets: Sequence[float]
    shift: int
    unit: float
    reach: tuple[int, int]
    loud: int
    seconds: float
    notes: list[Note] = field(default_factory=list)

    def play(self, parts: frozenset[str], bar: Bar, end: float) -> None:
        if "melody" in parts:
            self._melody(bar, end)
        if "comping" in parts:
            self._chords(bar, end, 0, 0)
        if "chords" in parts:
            self._chords(bar, end, 1, -18)
        if "arpeggio" in parts:
            self._arpeggio(bar)
        if "bass" in parts:
            self._bass(bar)
        if "drums" in parts:
            for drum, at, accent in self.clock.drums(bar.beats, self.unit):
                self._add(bar.onset + at, 0.2, drum, accent, DRUMS)

    def _add(self, at: float, length: float, pitch: int, accent: float, channel: int) -> None:
        begin, end = self.clock(at), self.clock(at + length)
        if begin is None or begin >= self.seconds:
            return
        shake = self.rng.gauss(0, FOOT if channel == DRUMS else HAND)
        held = max(0.05, ((end if end is not None else self.seconds) - begin) * 0.93)
        velocity = round(self.loud + accent + self.rng.gauss(0, 5))
        self.notes.append(Note(max(0.0, begin + shake), held, pitch, velocity, channel))

    def _melody(self, bar: Bar, end: float) -> None:
        for at, length, pitch in _between(self.voices[0], bar.onset, end):
            accent = 10 if at == bar.onset else 4 * ((at - bar.onset) % 1 == 0)
            self._add(at, length, _fold(pitch + self.shift, *self.reach), accent, 0)

    def _chords(self, bar: Bar, end: float, channel: int, softer: int) -> None:
        if len(self.voices) == 4:  # the composer's own inner voices
            for voice in self.voices[channel:]:
                for at, length, pitch in _between(voice, bar.onset, end):
                    self._add(at, length, _fold(pitch + self.shift, 43, 79), softer, channel)
            return
        for at, length in self.clock.comping(bar.beats):
            for pitch in _voicing(bar.chords[int(at)], 52):
                self._add(bar.onset + at, length, pitch, softer + 6 * (at == 0), channel)

    def _arpeggio(self, bar: Bar) -> None:
        low, high = self.reach
        steps, figure = self.clock.steps(self.unit), self.clock.figure
        for i in range(bar.beats * steps):
            chord = _voicing(bar.chords[i // steps], low)
            pitch = _fold((*chord, chord[0] + 12)[figure[i % len(figure)]], low, high)
            self._add(bar.onset + i / steps, 1 / steps, pitch, 8 * (i % steps == 0), 0)

    def _bass(self, bar: Bar) -> None:
        for at, fifth in self.clock.bass(bar.beats):
            chord = bar.chords[int(at)]
            tone = chord[2] if fifth else chord[0]
            pitch = 36 + (tone - 36) % 12
            self._add(bar.onset + at, 0.9, pitch, 4 + 6 * (at == 0), 2)


class _Clock:
    """The time of the tune's beats, and how this player subdivides them.

    Beats are counted from the start of the tune; the clip starts with bar `first`.
    """

    def __init__(
        self,
        rng: random.Random,
        onsets: Sequence[float],
        first: int,
        beat: float,
        start: float,
        seconds: float,
    ) -> None:
        change = rng.choices(("none", "jump", "drift"), weights=(8, 2, 1))[0]
        when, jump = rng.uniform(4, seconds - 4), rng.choice((0.7, 0.8, 1.25, 1.4))
        drift = rng.choice((0.96, 0.98, 1.02, 1.04))
        slowest, fastest = (60 / bpm for bpm in BPM_RANGE)
        self.first, self.places, self.times = first, [onsets[first]], [start]
        self.tempi, jumped, now = [(0.0, 60 / beat)], False, start
        for here, there in zip(onsets[first:], onsets[first + 1 :], strict=False):
            if change == "drift":
                beat = min(slowest, max(fastest, beat / drift))
            elif change == "jump" and now > when and not jumped:
                beat, jumped = min(slowest, max(fastest, beat / jump)), True
            if 60 / beat != self.tempi[-1][1]:
                self.tempi.append((now, 60 / beat))
            now += (there - here) * beat
            self.places.append(there)
            self.times.append(now)
        self.end = bisect.bisect_left(self.times, seconds)
        self.figure = rng.choice(
            ((0, 1, 2, 1), (0, 1, 2, 3), (0, 2, 1, 2), (3, 2, 1, 0), (0, 1, 2))
        )
        self.style = rng.randrange(4)
        self.even = rng.random() < 0.5

    def __call__(self, place: float) -> float | None:
        """The time in seconds of this place in the tune; None outside the clip."""
        i = bisect.bisect_right(self.places, place + 1e-6) - 1
        if i < 0:
            return None
        if i + 1 >= len(self.places):
            return None
        share = (place - self.places[i]) / (self.places[i + 1] - self.places[i])
        return self.times[i] + share * (self.times[i + 1] - self.times[i])

    def spans(self, bars: int) -> range:
        """The bars that sound in the clip."""
        return range(self.first, min(bars, self.first + self.end))

    def beats(self, bars: Sequence[Bar]) -> list[float]:
        return [bars[i].onset + b for i in self.spans(len(bars)) for b in range(bars[i].beats)]

    def steps(self, unit: float) -> int:
        """Notes of an arpeggio in a beat."""
        return 3 if unit == 1.5 else 2

    def comping(self, beats: int) -> list[tuple[float, float]]:
        """(onset, length) of the chords of a bar."""
        if self.style == 0 or beats == 1:
            return [(0, beats)]
        if self.style == 1:
            return [(b, 0.9) for b in range(beats)]
        if self.style == 2:
            half = max(1, beats // 2) if beats != 3 else 3
            return [(b, half) for b in range(0, beats, half)]
        return [(b, 0.5) for b in range(1, beats, 1 if beats == 3 else 2)]

    def bass(self, beats: int) -> list[tuple[float, bool]]:
        """(onset, whether it is the chord's fifth) of the bass notes of a bar."""
        if self.style == 0 or beats in (1, 3):
            return [(0, False)]
        if self.style == 1:
            return [(b, b % 4 == 3) for b in range(beats)]
        return (
            [(b, b % 4 == 2) for b in range(0, beats, 2)] if beats > 2 else [(0, False), (1, True)]
        )

    def drums(self, beats: int, unit: float) -> list[tuple[int, float, int]]:
        """(drum, onset, accent) of a bar."""
        out = []
        hat, division = (OPEN_HAT if self.style == 3 else CLOSED_HAT), 3 if unit == 1.5 else 2
        for b in range(beats):
            strong = b % 2 == 0 if beats != 3 else b == 0
            if strong or self.even:
                out.append((KICK, float(b), 18 if b == 0 else 10))
            if not strong:
                out.append((SNARE, float(b), 4))
            for d in range(division):
                if hat != OPEN_HAT or d:
                    out.append((hat, b + d / division, -20 if d else -12))
        return out


def _felt(tune: Tune) -> tuple[list, list[float], float]:
    """(voices, bar lines, both in beats; quarter notes per written beat).

    In a melody of mostly sixteenths, the eighths are felt as beats.
    """
    lengths = sorted(length for _, length, _ in tune.voices[0])
    double = tune.beat == 1 and lengths[len(lengths) // 2] <= 0.25
    scale = 2.0 if double else 1 / tune.beat
    end = max(tune.bars[-1], *(at + length for at, length, _ in tune.voices[0]))
    rounds = range(math.ceil(1 + MOST_BEATS / (end * scale)))  # repeated, as dances are
    voices = [
        [((at + i * end) * scale, n * scale, pitch) for i in rounds for at, n, pitch in voice]
        for voice in tune.voices
    ]
    bars = [(at + i * end) * scale for i in rounds for at in tune.bars]
    return voices, bars, tune.beat


def _tempo(rng: random.Random, melody: Sequence, mood: str) -> float:
    """Beats per minute at which the melody is neither a drone nor a blur."""
    slowest, fastest = BPM_RANGE
    a_beat = len(melody) / max(1.0, melody[-1][0] + melody[-1][1])
    bpm = slowest
    for _ in range(20):
        bpm = slowest * (fastest / slowest) ** rng.random() * TEMPO_BIAS.get(mood, 1.0)
        bpm = min(fastest, max(slowest, bpm))
        if NOTES_A_SECOND[0] <= a_beat * bpm / 60 <= NOTES_A_SECOND[1]:
            return bpm
    return min(fastest, max(slowest, 60 * 3.5 / a_beat))


def _bars(tune: Tune, voices: Sequence, onsets: Sequence[float], shift: int) -> list[Bar]:
    """All whole bars with the chord of every beat, transposed by `shift`."""
    scale = MODES[tune.mode]
    halves: list[tuple[int, float, float]] = []  # bar, from, to
    for i, (start, end) in enumerate(itertools.pairwise(onsets)):
        beats = max(1, round(end - start))
        middle = start + beats // 2 if beats >= 4 else end
        halves += [(i, start, middle)] + ([(i, middle, end)] if middle < end else [])
    degrees = _harmonise([_weights(voices, a, b) for _, a, b in halves], tune.tonic, scale)
    triads = [_triad(degree, tune, scale, shift) for degree in degrees]
    bars: list[Bar] = []
    for i, (start, end) in enumerate(itertools.pairwise(onsets)):
        beats = max(1, round(end - start))
        mine = [(a, triad) for (n, a, _), triad in zip(halves, triads, strict=True) if n == i]
        chords = tuple(
            next(triad for a, triad in reversed(mine) if a <= start + b + 1e-6)
            for b in range(beats)
        )
        bars.append(Bar(start, beats, chords))
    return bars


def _triad(degree: int, tune: Tune, scale: Sequence[int], shift: int) -> tuple[int, ...]:
    tones = [scale[(degree + step) % 7] for step in (0, 2, 4)]
    if tune.mode == "minor" and degree == 4:
        tones[1] = 11  # the leading note
    return tuple((tune.tonic + tone + shift) % 12 for tone in tones)


def _weights(voices: Sequence, start: float, end: float) -> list[float]:
    """The duration of each pitch class in a stretch; on a beat it counts half as much again."""
    weights = [0.0] * 12
    for voice in voices:
        for at, length, pitch in _between(voice, start, end):
            weights[pitch % 12] += min(length, end - at) * (1.5 if at % 1 < 1e-6 else 1.0)
    return weights


def _harmonise(stretches: Sequence[Sequence[float]], tonic: int, scale: Sequence[int]) -> list[int]:
    """The degree of each stretch's triad: the path that fits its notes best (Viterbi)."""
    best, path = [0.0] * 7, []
    for weights in stretches:
        total = sum(weights) or 1.0
        fit = []
        for degree in range(7):
            tones = [(tonic + scale[(degree + step) % 7]) % 12 for step in (0, 2, 4)]
            covered = sum(weights[t] for t in tones) + 0.3 * weights[tones[0]]
            fit.append(4 * covered / total + WELCOME[degree])
        moves = [
            [best[a] + (STAY if a == b else FIFTH if (a - b) % 7 == 4 else MOVE) for a in range(7)]
            for b in range(7)
        ]
        path.append([max(range(7), key=row.__getitem__) for row in moves])
        best = [max(row) + fit[b] for b, row in enumerate(moves)]
    degree = max(range(7), key=best.__getitem__)
    degrees = []
    for back in reversed(path):
        degrees.append(degree)
        degree = back[degree]
    return degrees[::-1]


def _between(voice: Sequence, start: float, end: float) -> list[tuple[float, float, int]]:
    """The notes that begin in [start, end)."""
    left = bisect.bisect_left(voice, (start - 1e-6,))
    right = bisect.bisect_left(voice, (end - 1e-6,))
    return list(voice[left:right])


def _fold(pitch: int, low: int, high: int) -> int:
    """The pitch, moved by octaves into [low, high]."""
    while pitch > high:
        pitch -= 12
    while pitch < low:
        pitch += 12
    return pitch


def _voicing(chord: Sequence[int], low: int) -> list[int]:
    """The chord's pitch classes as pitches, each the lowest at or above `low`, sorted."""
    return sorted(low + (tone - low) % 12 for tone in chord)
