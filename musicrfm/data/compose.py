"""Composes the clips that `nano` is trained on: short pieces and exercises, as MIDI with a prompt.

A clip is a pure function of its seed. The prompt names instruments, texture and mood, but never the
key or the tempo, so that those stay free for steering. Some pieces change key or tempo in the
middle, so that the model learns that the past does not fix them.
"""

from __future__ import annotations

import io
import random
from dataclasses import dataclass, field

import mido

from musicrfm.theory import CHORDS, HARMONIC_MINOR, PENTATONIC
from musicrfm.theory import MODES as CHURCH_MODES

TICKS = 480
CLIP_SECONDS = 12.0
BPM_RANGE = (60.0, 180.0)

# Lead instruments: spoken name -> (General MIDI program, lowest and highest MIDI pitch).
# Chosen because a 2 kbit/s codec carries them well and listeners can distinguish them.
INSTRUMENTS: dict[str, tuple[int, int, int]] = {
    "piano": (0, 52, 80),
    "vibraphone": (11, 57, 82),
    "organ": (16, 50, 78),
    "guitar": (24, 48, 76),
    "strings": (48, 52, 80),
    "trumpet": (56, 55, 80),
    "flute": (73, 60, 84),
    "synth": (80, 52, 80),
}
CHORD_INSTRUMENTS = ("piano", "organ", "guitar", "strings", "vibraphone")
BASS_PROGRAM = 33
DRUMS = 9  # the MIDI channel

# "major" and "minor" are the names that people use for two of the modes.
MODES: dict[str, tuple[int, ...]] = {
    "major": CHURCH_MODES["ionian"],
    "minor": CHURCH_MODES["aeolian"],
    **{m: CHURCH_MODES[m] for m in ("dorian", "phrygian", "lydian", "mixolydian", "locrian")},
    "harmonic minor": HARMONIC_MINOR,
    "pentatonic": PENTATONIC,
}
PROGRESSIONS = (
    (0, 4, 5, 3),
    (0, 3, 4, 0),
    (0, 5, 3, 4),
    (5, 3, 0, 4),
    (0, 1, 4, 0),
    (0, 0, 3, 4),
    (0, 6, 3, 0),
)
RHYTHMS = (  # one 4/4 bar of a melody: onset and length in beats
    ((0, 1), (1, 1), (2, 1), (3, 1)),
    ((0, 0.5), (0.5, 0.5), (1, 1), (2, 0.5), (2.5, 0.5), (3, 1)),
    ((0, 1.5), (1.5, 0.5), (2, 1), (3, 1)),
    ((0, 0.5), (0.5, 0.5), (1, 0.5), (1.5, 0.5), (2, 0.5), (2.5, 0.5), (3, 0.5), (3.5, 0.5)),
    ((0, 2), (2, 1), (3, 1)),
    ((0, 1), (1, 0.5), (1.5, 0.5), (2, 2)),
)
SPARSE = (((0, 2), (2, 2)), ((0, 3), (3, 1)), ((0, 1), (2, 1)), ((0, 4),))
KICK, SNARE, CLOSED_HAT, OPEN_HAT = 36, 38, 42, 46
GROOVES = (  # (drum, beats it falls on)
    ((KICK, (0, 1, 2, 3)), (SNARE, (1, 3)), (CLOSED_HAT, (0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5))),
    ((KICK, (0, 2, 2.5)), (SNARE, (1, 3)), (CLOSED_HAT, (0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5))),
    ((KICK, (0, 2)), (SNARE, (1, 3)), (CLOSED_HAT, (0, 1, 2, 3))),
    ((KICK, (0, 1, 2, 3)), (OPEN_HAT, (0.5, 1.5, 2.5, 3.5)), (SNARE, (1, 3))),
)
MOODS: dict[str, dict] = {
    "calm": {"velocity": 66, "octave": 0, "sparse": 0.4},
    "gentle": {"velocity": 74, "octave": 0, "sparse": 0.2},
    "bright": {"velocity": 92, "octave": 1, "sparse": 0.0},
    "dark": {"velocity": 84, "octave": -1, "sparse": 0.15},
    "energetic": {"velocity": 104, "octave": 0, "sparse": 0.0},
    "steady": {"velocity": 90, "octave": 0, "sparse": 0.0},
}
TEXTURES: tuple[tuple[frozenset[str], str, float], ...] = (  # parts, words, how often
    (frozenset({"melody"}), "solo {lead} melody", 1),
    (frozenset({"melody", "drums"}), "{lead} melody with drums", 4),
    (frozenset({"melody", "bass", "drums"}), "{lead} melody with bass and drums", 3),
    (frozenset({"melody", "chords"}), "{lead} melody over {chords} chords", 1),
    (
        frozenset({"melody", "chords", "bass", "drums"}),
        "{lead} melody, {chords} chords, bass and drums",
        3,
    ),
    (frozenset({"arpeggio"}), "{lead} arpeggio", 1),
    (frozenset({"arpeggio", "bass", "drums"}), "{lead} arpeggio with bass and drums", 3),
    (frozenset({"comping", "drums"}), "{lead} chords with drums", 2),
    (frozenset({"comping"}), "{lead} chords", 0.5),
)
REVERBS = (0, 0, 0, 20)
EXERCISE = "exercise"  # the prompt of every exercise, so that words of music never mean exercises
NOTE_RANGE = (24, 100)  # MIDI pitches of `single_notes`
CLICKS = (37, 56, 76, 77, 75, 42)


@dataclass
class Note:
    start: float  # seconds
    length: float  # seconds
    pitch: int
    velocity: int
    channel: int


@dataclass
class Clip:
    """One clip: its MIDI file, the prompt, and the labels that the prompt must not contain (key,
    BPM)."""

    prompt: str
    kind: str  # "music" or a theory exercise
    lead: str  # a key of INSTRUMENTS, "drums", "click" or "other"
    tonic: int | None  # pitch class of the (first) key
    mode: str | None
    bpm: float | None
    notes: list[Note]
    programs: dict[int, int] = field(default_factory=dict)  # channel -> GM program
    reverb: int = 0
    tempi: list[tuple[float, float]] = field(default_factory=list)  # (from second, BPM)
    beats: list[float] = field(default_factory=list)  # the second of every beat
    bars: list[float] = field(default_factory=list)  # the second of every bar line
    seconds: float = CLIP_SECONDS

    def midi(self) -> bytes:
        """A one-track MIDI file, 480 ticks a second."""
        events = []
        for channel in sorted({n.channel for n in self.notes}):
            if channel in self.programs:
                program = self.programs[channel]
                events.append(
                    (0, 0, mido.Message("program_change", channel=channel, program=program))
                )
            for control, value in ((91, self.reverb), (93, 0)):
                message = mido.Message(
                    "control_change", channel=channel, control=control, value=value
                )
                events.append((0, 0, message))
        for n in self.notes:
            on, off = round(n.start * TICKS), round((n.start + n.length) * TICKS)
            pitch, velocity = n.pitch, max(1, min(127, n.velocity))
            events.append(
                (on, 2, mido.Message("note_on", channel=n.channel, note=pitch, velocity=velocity))
            )
            events.append(
                (max(off, on + 1), 1, mido.Message("note_off", channel=n.channel, note=pitch))
            )
        events.sort(key=lambda e: e[:2])
        end = round(self.seconds * TICKS)
        track = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=1_000_000)])
        now = 0
        for tick, _, message in events:
            track.append(message.copy(time=tick - now))
            now = tick
        track.append(mido.MetaMessage("end_of_track", time=max(0, end - now)))
        buffer = io.BytesIO()
        mido.MidiFile(ticks_per_beat=TICKS, tracks=[track]).save(file=buffer)
        return buffer.getvalue()


def compose(seed: int, seconds: float = CLIP_SECONDS) -> Clip:
    """The clip of this seed: four in five a piece of music, the rest a theory exercise."""
    rng = random.Random(seed)
    return _music(rng, seconds) if rng.random() < 0.8 else _exercise(rng, seconds)


def piece(seed: int, seconds: float = CLIP_SECONDS) -> Clip:
    """A piece of music composed by rule."""
    return _music(random.Random(seed), seconds)


def theory(seed: int, seconds: float = CLIP_SECONDS) -> Clip:
    """An exercise; the codec is measured on exercises."""
    return _exercise(random.Random(seed), seconds)


def single_notes(seed: int, seconds: float = CLIP_SECONDS) -> Clip:
    """Single notes in sequence, over the whole pitch range that the codec must carry."""
    rng = random.Random(seed)
    lead = rng.choice(list(INSTRUMENTS))
    notes, now = [], rng.uniform(0, 0.2)
    while now < seconds:
        length = rng.choice((0.3, 0.6, 1.2, 2.4))
        pitch, velocity = rng.randint(*NOTE_RANGE), rng.randint(60, 115)
        notes.append(Note(now, length * rng.uniform(0.7, 0.98), pitch, velocity, 0))
        now += length
    programs = {0: INSTRUMENTS[lead][0]}
    return Clip(
        EXERCISE,
        "note",
        lead,
        None,
        None,
        None,
        notes,
        programs,
        rng.choice(REVERBS),
        seconds=seconds,
    )


@dataclass
class _Style:
    """The style of one piece, drawn once for all of its bars."""

    lead: str
    mood: dict
    parts: frozenset[str]
    tonic: int
    mode: str
    bpm: float
    low: int  # the lead's range, in MIDI pitches
    high: int
    rhythms: list
    progression: tuple[int, ...]
    groove: tuple
    comping: tuple[float, ...]
    bassline: tuple[float, ...]
    arpeggio: tuple[int, ...]
    step: float  # beats from one note of an arpeggio to the next
    key_change: bool
    tempo_change: str
    change_at: float
    shift: int
    jump: float
    drift: float
    meter: int


@dataclass
class _Bar:
    """One bar. start, beat: in seconds. chord: three degrees of the scale on `root`."""

    number: int
    start: float
    beat: float
    root: int
    scale: tuple[int, ...]
    chord: list[int]


def _music(rng: random.Random, seconds: float) -> Clip:
    lead = rng.choice(list(INSTRUMENTS))
    chords = rng.choice([i for i in CHORD_INSTRUMENTS if i != lead])
    mood = rng.choice(list(MOODS))
    parts, texture = texture_of(rng, lead, chords)
    style = _style(rng, lead, MOODS[mood], parts)
    programs = {0: INSTRUMENTS[lead][0], 1: INSTRUMENTS[chords][0], 2: BASS_PROGRAM}
    band = _Band(rng, style)
    tempi, beats, lines = [(0.0, style.bpm)], [], []
    start = rng.uniform(0, 0.4)
    band.degree = rng.randrange(7)
    root, bpm, number, changed = style.tonic, style.bpm, 0, False
    slowest, fastest = BPM_RANGE
    while start < seconds:
        if start > style.change_at and not changed:
            changed = True
            root = (style.tonic + style.shift) % 12 if style.key_change else style.tonic
            bpm *= style.jump if style.tempo_change == "jump" else 1.0
        bpm *= style.drift if style.tempo_change == "drift" and number else 1.0
        bpm = min(fastest, max(slowest, bpm))
        if bpm != tempi[-1][1]:
            tempi.append((start, bpm))
        beat = 60.0 / bpm
        beats += [start + i * beat for i in range(style.meter)]
        lines.append(start)
        degree = style.progression[number % 4]
        chord = [degree, degree + 2, degree + 4]
        band.play(_Bar(number, start, beat, root, MODES[style.mode], chord))
        start += style.meter * beat
        number += 1
    return Clip(
        phrase(rng, texture, mood),
        "music",
        lead,
        style.tonic,
        style.mode,
        style.bpm,
        [n for n in band.notes if n.start < seconds],
        programs,
        rng.choice(REVERBS),
        tempi,
        [*beats, start],
        [*lines, start],
        seconds,
    )


def _style(rng: random.Random, lead: str, mood: dict, parts: frozenset[str]) -> _Style:
    tonic, mode = rng.randrange(12), rng.choice(list(MODES))
    slowest, fastest = BPM_RANGE
    bpm = slowest * (fastest / slowest) ** rng.random()
    _, low, high = INSTRUMENTS[lead]
    if mood["octave"] < 0:
        low, high = low + 12 * mood["octave"], high - 12
    elif mood["octave"] > 0:
        low, high = low + 12, high + 12 * mood["octave"]
    steady = ((0, 1, 2, 3), (0, 2), (0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5))
    return _Style(
        lead,
        mood,
        parts,
        tonic,
        mode,
        bpm,
        low,
        high,
        rhythms=[
            rng.choice(SPARSE if rng.random() < mood["sparse"] else RHYTHMS) for _ in range(2)
        ],
        progression=rng.choice(PROGRESSIONS),
        groove=rng.choice(GROOVES),
        comping=rng.choice((*steady, (0, 1.5, 3))),
        bassline=rng.choice((*steady, (0, 1.5, 2, 3.5))),
        arpeggio=rng.choice(((0, 1, 2, 1), (0, 1, 2, 3), (0, 2, 1, 2), (3, 2, 1, 0))),
        step=rng.choice((0.5, 0.5, 0.25 if bpm < 110 else 0.5)),
        key_change=rng.random() < 0.2,
        tempo_change=rng.choices(("none", "jump", "drift"), weights=(5, 3, 2))[0],
        change_at=rng.uniform(3, 9),
        shift=rng.choice((2, 3, 5, 7, 9, 10)),
        jump=rng.choice((0.6, 0.7, 0.8, 1.25, 1.4, 1.65)),
        drift=rng.choice((0.93, 0.95, 1.05, 1.07)),
        meter=rng.choice((4, 4, 4, 4, 3)),
    )


class _Band:
    """Plays bar by bar; `degree` is the melody's current scale degree."""

    def __init__(self, rng: random.Random, style: _Style) -> None:
        self._rng, self._style = rng, style
        self.notes: list[Note] = []
        self.degree = 0

    def play(self, bar: _Bar) -> None:
        parts = self._style.parts
        if "melody" in parts:
            self._melody(bar)
        if "arpeggio" in parts:
            self._arpeggio(bar)
        if "comping" in parts:
            self._chords(bar, self._style.comping, 0, 0)
        if "chords" in parts:
            hits = self._style.comping if "drums" in parts else (0, 1, 2, 3)
            self._chords(bar, hits, 1, -18)
        if "bass" in parts:
            self._bass(bar)
        if "drums" in parts:
            self._drums(bar)

    def _add(
        self, bar: _Bar, at: float, length: float, pitch: int, accent: int = 0, channel: int = 0
    ) -> None:
        """A note at a place in the bar; at, length: in beats."""
        meter = self._style.meter
        if at >= meter:  # the patterns are four beats long; a waltz leaves the last one out
            return
        length = min(length, meter - at)
        velocity = self._style.mood["velocity"] + accent + self._rng.randint(-5, 5)
        start = bar.start + at * bar.beat
        self.notes.append(Note(start, length * bar.beat, pitch, velocity, channel))

    def _melody(self, bar: _Bar) -> None:
        low, high = self._style.low, self._style.high
        for at, length in self._style.rhythms[bar.number % 2]:
            self.degree = _next_degree(self._rng, self.degree, bar.chord, strong=at in (0, 2))
            pitch = _pitch(bar.root, bar.scale, self.degree, low, high)
            self._add(bar, at, length * 0.92, pitch, 10 if at == 0 else 0)

    def _arpeggio(self, bar: _Bar) -> None:
        step = self._style.step
        for i in range(round(4 / step)):
            place = self._style.arpeggio[i % 4]
            tone = bar.chord[place % 3] + 7 * (place // 3)
            pitch = _voice(bar.root, bar.scale, tone, self._style.low)
            self._add(bar, i * step, step * 0.95, pitch, 12 if i * step % 1 == 0 else 0)

    def _chords(self, bar: _Bar, hits: tuple[float, ...], channel: int, loud: int) -> None:
        for at, end in zip(hits, (*hits[1:], 4), strict=True):
            for tone in bar.chord:
                pitch = _voice(bar.root, bar.scale, tone, 55)
                accent = loud + (8 if at == 0 else 0)
                self._add(bar, at, (end - at) * 0.9, pitch, accent, channel)

    def _bass(self, bar: _Bar) -> None:
        for i, at in enumerate(self._style.bassline):
            tone = bar.chord[0] + (4 if i % 4 == 3 else 0)
            self._add(bar, at, 0.45, _voice(bar.root, bar.scale, tone, 36), 6, 2)

    def _drums(self, bar: _Bar) -> None:
        for drum, places in self._style.groove:
            for at in places:
                loud = {KICK: 14, SNARE: 6}.get(drum, -22)
                self._add(bar, at, 0.2, drum, loud + (8 if at == 0 else 0), DRUMS)


def texture_of(rng: random.Random, lead: str, chords: str) -> tuple[frozenset[str], str]:
    """The parts that play, and their description; `comping` means chords by the lead instrument."""
    parts, words, _ = rng.choices(TEXTURES, weights=[weight for *_, weight in TEXTURES])[0]
    return parts, words.format(lead=lead, chords=chords)


def phrase(rng: random.Random, texture: str, mood: str) -> str:
    """One of several wordings with the same meaning, so that the wording does not matter."""
    return rng.choice(
        (
            f"{mood} {texture}",
            f"{texture}, {mood}",
            f"{texture}",
            f"{'an' if mood[0] in 'aeiou' else 'a'} {mood} {texture}",
            f"{mood} music: {texture}",
        )
    )


def _next_degree(rng: random.Random, degree: int, chord: list[int], strong: bool) -> int:
    """A step or small leap along the scale; on strong beats the nearest chord tone."""
    degree += rng.choice((-2, -1, -1, 0, 1, 1, 2))
    if strong:
        candidates = [c + 7 * octave for c in chord for octave in (-1, 0, 1, 2)]
        degree = min(candidates, key=lambda c: abs(c - degree))
    return degree


def _pitch(tonic: int, scale: tuple[int, ...], degree: int, low: int, high: int) -> int:
    """Scale degree -> MIDI pitch, folded by octaves into [low, high]."""
    pitch = 60 + tonic + 12 * (degree // len(scale)) + scale[degree % len(scale)]
    while pitch > high:
        pitch -= 12
    while pitch < low:
        pitch += 12
    return pitch


def _voice(tonic: int, scale: tuple[int, ...], degree: int, low: int) -> int:
    """Lowest pitch at or above `low` of a scale degree, keeping octave leaps above the seventh."""
    pitch_class = (tonic + scale[degree % len(scale)]) % 12
    return low + (pitch_class - low) % 12 + (12 if degree >= 2 * len(scale) else 0)


def _exercise(rng: random.Random, seconds: float) -> Clip:
    kind = rng.choice(("note", "note", "interval", "scale", "chord", "click"))
    if kind == "click":
        bpm = rng.uniform(50, 210)
        drum, offset = rng.choice(CLICKS), rng.uniform(0, 60 / bpm)
        count = int((seconds - offset) * bpm / 60) + 1
        notes = [Note(offset + i * 60 / bpm, 0.1, drum, 100, DRUMS) for i in range(count)]
        beats = [n.start for n in notes]
        return Clip(
            EXERCISE, kind, "click", None, None, bpm, notes, {}, 0, [(0.0, bpm)], beats, [], seconds
        )
    if rng.random() < 0.75:
        lead = rng.choice(list(INSTRUMENTS))
        program = INSTRUMENTS[lead][0]
    else:
        lead, program = "other", rng.randrange(96)
    tonic, mode, bpm = rng.randrange(12), rng.choice(list(MODES)), rng.choice((60.0, 90.0, 120.0))
    beat, notes, now = 60 / bpm, [], rng.uniform(0, 0.2)
    scale, velocity = MODES[mode], rng.randint(80, 110)
    base = 12 * rng.choice((3, 4, 4, 5, 5, 6)) + tonic
    gap, quality, steps = rng.randint(1, 12), rng.choice(list(CHORDS.values())), 0
    while now < seconds:
        if kind == "note":
            pitches, length = [base], 2.0
        elif kind == "interval":
            pitches, length = [base, base + gap], 2.0
        elif kind == "chord":
            pitches, length = [base + i for i in quality], 2.0
        else:
            climb = steps % (2 * len(scale))
            climb = climb if climb <= len(scale) else 2 * len(scale) - climb
            pitches, length = [base + 12 * (climb // len(scale)) + scale[climb % len(scale)]], 1.0
        notes += [Note(now, length * beat * 0.95, p, velocity, 0) for p in pitches if p < 108]
        now += length * beat
        steps += 1
    return Clip(EXERCISE, kind, lead, tonic, mode, None, notes, {0: program}, seconds=seconds)
