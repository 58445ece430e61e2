"""Labelled clips of single notes and of tempos, after the data set SynTheory.

Rows carry the published field names and follow the published rules, so that directions trained
here and on the hub's `meganwei/syntheory` mean the same; the sound is rendered here with the same
soundfont (TimGM6mb) and synthesiser (rustysynth). Source: Wei, Freeman, Donahue and Sun, "Do Music
Generation Models Encode Music Theory?", ISMIR 2024.
"""

from __future__ import annotations

import io
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import mido
import numpy as np
import soundfile
import soxr

from musicrfm.errors import MusicRFMError

SAMPLE_RATE = 32_000
SECONDS = 4.0  # length of every clip
OCTAVES = 9  # MIDI 0 to 107: the soundfont is silent above
NOTE_NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
FAMILIES = (  # eight General MIDI programs each
    "Piano",
    "Chromatic Percussion",
    "Organ",
    "Guitar",
    "Bass",
    "Strings",
    "Ensemble",
    "Brass",
    "Reed",
    "Pipe",
    "Synth Lead",
    "Synth Pad",
    "Synth Effects",
    "Ethnic",
    "Percussive",
    "Sound Effects",
)
# Left out because their root is ambiguous: unpitched families, strong overtones, bent pitches.
UNPITCHED = frozenset({*range(96, 104), *range(112, 128)})
OVERTONES = frozenset({8, 9, 14, 21, 23, 47, 86})
BENT = frozenset({22, 31, 55, 77, 78})
PROGRAMS = tuple(p for p in range(128) if p not in UNPITCHED | OVERTONES | BENT)

SLOWEST, FASTEST = 50, 210  # BPM
OFFSETS = 5  # excerpts of each click track
TRACK_SECONDS = 20.0  # an excerpt starts anywhere in this much of clicks


@dataclass(frozen=True)
class Click:
    """A metronome sound: MIDI channel and program, and the pitches of its strong and weak beats."""

    channel: int
    program: int
    strong: int
    weak: int


CLICKS = {
    "default": Click(9, 0, 37, 31),
    "woodblock_dark": Click(2, 115, 37, 31),
    "woodblock_light": Click(2, 115, 52, 48),
    "taiko": Click(2, 116, 52, 48),
    "synth_drum": Click(2, 118, 52, 48),
}


def note_rows(count: int | None = None, seed: int = 0, octaves: tuple[int, int] = (0, 8)) -> list:
    """Rows of `notes`: every MIDI pitch 0 to 107 on every program of `PROGRAMS`, or a subset.

    The subset of about `count` rows draws pairs of octave and program and takes all twelve pitch
    classes of each, so that pitch classes differ in nothing else. `octaves` keeps pitches from
    12 * first up to the end of the last octave. Twelve rows in a row always belong together.
    Raises MusicRFMError for octaves outside 0 to 8.
    """
    first, last = octaves
    if not 0 <= first <= last < OCTAVES:
        raise MusicRFMError(f"octaves {first} to {last} do not exist: give two numbers from 0 to 8")
    pairs = [(octave, program) for octave in range(first, last + 1) for program in PROGRAMS]
    random.Random(f"notes {seed}").shuffle(pairs)
    if count is not None:
        pairs = pairs[: max(1, round(count / 12))]
    return [_note_row(12 * octave + pc, program) for octave, program in pairs for pc in range(12)]


def tempo_rows(count: int | None = None, seed: int = 0) -> list:
    """Rows of `tempos`: 50 to 210 BPM on five clicks, five excerpts each, or a subset.

    The subset of `count` rows has every BPM equally often (to one) and clicks at random.
    """
    rng = random.Random(f"tempos {seed}")
    decks = []
    for bpm in range(SLOWEST, FASTEST + 1):
        deck = [
            _tempo_row(bpm, name, rng.uniform(0, TRACK_SECONDS - SECONDS))
            for name in CLICKS
            for _ in range(OFFSETS)
        ]
        rng.shuffle(deck)
        decks.append(deck)
    rng.shuffle(decks)
    rows = [row for round_ in zip(*decks, strict=True) for row in round_]
    return rows if count is None else rows[:count]


def clips(rows: Iterable[dict], peak: float | None = None) -> Iterator[tuple[dict, np.ndarray]]:
    """Renders rows one by one: (row with `is_silent`, float32 [samples]); silent ones left out.

    `peak` scales every clip to that largest sample. As published (None) single notes are 35 to
    50 dB below full scale, which is quieter than the music that a model was trained on.
    """
    for row in rows:
        audio = render(row)
        if audio.any():
            yield (
                row | {"is_silent": False},
                audio if peak is None else audio * (peak / np.abs(audio).max()),
            )


def render(row: dict) -> np.ndarray:
    """The sound of a row: float32 [4 s at 32 kHz], mono, as loud as the synthesiser makes it."""
    from midirenderer import render_wave_from

    from musicrfm.nano.render import soundfont

    midi = note_midi(row) if "midi_note_val" in row else tempo_midi(row)
    wave = bytes(render_wave_from(soundfont(), midi))
    audio, rate = soundfile.read(io.BytesIO(wave), dtype="float32", always_2d=True)
    audio = audio.mean(1)
    if "offset_time" in row:
        audio = audio[round(row["offset_time"] % _beat(row) * rate) + round(_lead_in(row) * rate) :]
    audio = audio[: round(SECONDS * rate)]
    audio = np.pad(audio, (0, round(SECONDS * rate) - len(audio)))
    silent = not audio.any()  # asked before resampling, which may leave rounding noise
    resampled = soxr.resample(audio, rate, SAMPLE_RATE).astype(np.float32)
    return np.zeros_like(resampled) if silent else resampled


def note_midi(row: dict) -> bytes:
    """Four plays of two beats each at 120 BPM, channel 2, velocity 64."""
    track = mido.MidiTrack(
        [
            mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(120)),
            mido.Message("program_change", channel=2, program=row["midi_program_num"]),
        ]
    )
    for _ in range(4):
        track.append(mido.Message("note_on", channel=2, note=row["midi_note_val"], velocity=64))
        track.append(mido.Message("note_off", channel=2, note=row["midi_note_val"], time=960))
    return _file(track)


def tempo_midi(row: dict) -> bytes:
    """The clicks from about two seconds before the excerpt to its end, in bars of four.

    Only what is heard in the excerpt: click tracks start at the beat that `_lead_in` says.
    """
    click = CLICKS[row["click_config_name"]]
    track = mido.MidiTrack(
        [
            mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(row["bpm"])),
            mido.Message("program_change", channel=click.channel, program=click.program),
            mido.Message("control_change", channel=click.channel, control=91, value=0),
        ]
    )
    beat = _beat(row)
    first = int(row["offset_time"] // beat) - round(_lead_in(row) / beat)
    for b in range(first, int((row["offset_time"] + SECONDS) // beat) + 2):
        pitch, velocity = (click.strong, 100) if b % 4 == 0 else (click.weak, 75)
        for message, time in (("note_on", 0), ("note_off", 480)):
            track.append(
                mido.Message(
                    message, channel=click.channel, note=pitch, velocity=velocity, time=time
                )
            )
    return _file(track)


def _beat(row: dict) -> float:
    return 60 / row["bpm"]


def _lead_in(row: dict) -> float:
    """Seconds of whole beats rendered before the beat in which the excerpt starts, at most 2."""
    beats = min(int(2 // _beat(row)), int(row["offset_time"] // _beat(row)))
    return beats * _beat(row)


def _file(track: mido.MidiTrack) -> bytes:
    buffer = io.BytesIO()
    mido.MidiFile(ticks_per_beat=480, tracks=[track]).save(file=buffer)
    return buffer.getvalue()


def _note_row(pitch: int, program: int) -> dict:
    from pretty_midi.constants import INSTRUMENT_MAP

    name, octave = NOTE_NAMES[pitch % 12], pitch // 12
    return {
        "root_note_name": name,
        "root_note_pitch_class": pitch % 12,
        "octave": octave,
        "root_note_is_accidental": name.endswith("#"),
        "register": octave // 3,  # low, middle, high
        "midi_note_val": pitch,
        "midi_program_num": program,
        "midi_program_name": INSTRUMENT_MAP[program],
        "midi_category": FAMILIES[program // 8],
        "synth_soundfont": "TimGM6mb.sf2",
    }


def _tempo_row(bpm: int, click: str, offset: float) -> dict:
    return {
        "bpm": bpm,
        "click_config_name": click,
        "midi_program_num": CLICKS[click].program,
        "offset_time": offset,
        "synth_soundfont": "TimGM6mb.sf2",
    }
