"""SynTheory's five sets of pitched instruments: notes, intervals, scales, chords, progressions.

Every clip lasts four seconds: eight beats at 120 BPM, one instrument, velocity 64. All five sets
are complete: every combination of their factors on each of 92 instruments.

If rows of one group were in different parts of a split, a probe could recognise audio that it was
fitted on. A group contains everything played on one instrument from one root. It therefore has
every class of the concept equally often, and the parts of a split stay balanced.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from itertools import product

import mido

from musicrfm.data.syntheory.instruments import PROGRAMS, SILENT, labels
from musicrfm.data.syntheory.spec import ConceptSet, Row
from musicrfm.theory import HARMONIC_MINOR, MODES, PITCH_CLASSES

NOTE_NAMES = tuple(name.replace("s", "#") for name in PITCH_CLASSES)
SPOKEN_NOTES = dict(enumerate(PITCH_CLASSES))
HIGHEST = 108  # the soundfont is silent from here on
LOWEST_ROOT = 60  # of intervals

# Quality: (scale, degree on which the triad is built, semitones from that scale's tonic to it).
TRIADS = {
    "major": (MODES["ionian"], 1, 0),
    "minor": (MODES["aeolian"], 1, 0),
    "aug": (HARMONIC_MINOR, 3, 3),
    "dim": (MODES["locrian"], 1, 0),
}
INVERSIONS = {5: 0, 6: 1, 64: 2}  # figured bass: how many notes move up an octave
PROGRESSIONS = (
    ("ionian", (1, 4, 5, 1)),
    ("ionian", (1, 4, 6, 5)),
    ("ionian", (1, 5, 6, 4)),
    ("ionian", (1, 6, 4, 5)),
    ("ionian", (2, 5, 1, 6)),
    ("ionian", (4, 1, 5, 6)),
    ("ionian", (4, 5, 3, 6)),
    ("ionian", (5, 4, 1, 5)),
    ("ionian", (5, 6, 4, 1)),
    ("ionian", (6, 4, 1, 5)),
    ("aeolian", (1, 2, 5, 1)),
    ("aeolian", (1, 3, 4, 1)),
    ("aeolian", (1, 4, 5, 1)),
    ("aeolian", (1, 6, 3, 7)),
    ("aeolian", (1, 6, 7, 1)),
    ("aeolian", (1, 6, 7, 3)),
    ("aeolian", (1, 7, 6, 4)),
    ("aeolian", (4, 7, 1, 1)),
    ("aeolian", (7, 6, 7, 1)),
)
PLAY_STYLES = ("UP", "DOWN", "UNISON")
BY_CHORDS = {f"{mode}-{degrees}": (mode, degrees) for mode, degrees in PROGRESSIONS}
INSTRUMENT = ("midi_program_num", "midi_program_name", "midi_category")


def tonic(pitch_class: int) -> int:
    """The MIDI pitch of a key's tonic: the one nearest to middle C, 54 to 65."""
    return 60 + pitch_class - (12 if pitch_class > 5 else 0)


def triad(tonic: int, scale: Sequence[int], degree: int) -> list[int]:
    """MIDI pitches of root, third and fifth on a degree (1 to 7) of a scale.

    As published, each stays within the octave above the tonic: triads on high degrees come out
    inverted.
    """
    return [tonic + scale[(degree - 1 + step) % 7] for step in (0, 2, 4)]


def played(chords: Sequence[Sequence[int]], beats: int, program: int) -> bytes:
    """A MIDI file of chords (or single notes) in sequence, each held for `beats`."""
    track = mido.MidiTrack(
        [
            mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(120)),
            mido.Message("program_change", channel=2, program=program),
        ]
    )
    for pitches in chords:
        for pitch in pitches:
            track.append(mido.Message("note_on", channel=2, note=pitch, velocity=64))
        for i, pitch in enumerate(pitches):
            time = 0 if i else beats * 480
            track.append(mido.Message("note_off", channel=2, note=pitch, velocity=64, time=time))
    buffer = io.BytesIO()
    mido.MidiFile(ticks_per_beat=480, tracks=[track]).save(file=buffer)
    return buffer.getvalue()


def _root(pitch_class: int) -> Row:
    return {"root_note_name": NOTE_NAMES[pitch_class], "root_note_pitch_class": pitch_class}


def _notes(seed: int) -> list[Row]:
    return [
        _root(pitch % 12)
        | {
            "octave": pitch // 12,
            "root_note_is_accidental": NOTE_NAMES[pitch % 12].endswith("#"),
            "register": pitch // 12 // 3,  # low, middle, high
            "midi_note_val": pitch,
        }
        | labels(program)
        for pitch, program in product(range(HIGHEST), PROGRAMS)
    ]


def _play_note(row: Row) -> tuple[bytes, float]:
    return played([[row["midi_note_val"]]] * 4, 2, row["midi_program_num"]), 0.0


def _intervals(seed: int) -> list[Row]:
    return [
        _root(root % 12)
        | {
            "interval": interval,
            "play_style": style,
            "play_style_name": name,
            "midi_note_val": root,
        }
        | labels(program)
        for root, interval, (style, name), program in product(
            range(LOWEST_ROOT, LOWEST_ROOT + 12), range(1, 13), enumerate(PLAY_STYLES), PROGRAMS
        )
    ]


def _play_interval(row: Row) -> tuple[bytes, float]:
    low, high = row["midi_note_val"], row["midi_note_val"] + row["interval"]
    pair = {"UP": [[low], [high]], "DOWN": [[high], [low]], "UNISON": [[low, high]] * 2}
    return played(pair[row["play_style_name"]] * 4, 1, row["midi_program_num"]), 0.0


def _scales(seed: int) -> list[Row]:
    return [
        {
            "root_note_name": root,
            "mode": mode,
            "play_style": style,
            "play_style_name": PLAY_STYLES[style],
        }
        | labels(program)
        for root, mode, style, program in product(NOTE_NAMES, MODES, (0, 1), PROGRAMS)
    ]


def _play_scale(row: Row) -> tuple[bytes, float]:
    first = tonic(NOTE_NAMES.index(row["root_note_name"]))
    up = [[first + step] for step in (*MODES[row["mode"]], 12)]
    return played(up if row["play_style"] == 0 else up[::-1], 1, row["midi_program_num"]), 0.0


def _chords(seed: int) -> list[Row]:
    return [
        {
            "root_note_name": root,
            "chord_type": quality,
            "inversion": inversion,
            "root_note_is_accidental": root.endswith("#"),
            "root_note_pitch_class": NOTE_NAMES.index(root),
        }
        | labels(program)
        for root, quality, inversion, program in product(NOTE_NAMES, TRIADS, INVERSIONS, PROGRAMS)
    ]


def chord(root: int, quality: str, inversion: int) -> list[int]:
    """MIDI pitches of a triad on a pitch class; inversion 5 (none), 6 or 64.

    As published, augmented triads are the third degree of harmonic minor, and so those on F#, G and
    G# lie an octave above the other triads on these roots.
    """
    scale, degree, above = TRIADS[quality]
    pitches = triad(tonic((root - above) % 12), scale, degree)
    moved = INVERSIONS[inversion]
    return pitches[moved:] + [pitch + 12 for pitch in pitches[:moved]]


def _play_chord(row: Row) -> tuple[bytes, float]:
    pitches = chord(row["root_note_pitch_class"], row["chord_type"], row["inversion"])
    return played([pitches] * 4, 2, row["midi_program_num"]), 0.0


def _progressions(seed: int) -> list[Row]:
    return [
        {"key_note_name": name, "key_note_pitch_class": key, "chord_progression": progression}
        | labels(program)
        for (key, name), progression, program in product(enumerate(NOTE_NAMES), BY_CHORDS, PROGRAMS)
    ]


def _play_progression(row: Row) -> tuple[bytes, float]:
    mode, degrees = BY_CHORDS[row["chord_progression"]]
    first = tonic(row["key_note_pitch_class"])
    chords = [triad(first, MODES[mode], degree) for degree in degrees]
    return played(chords, 2, row["midi_program_num"]), 0.0


NOTES = ConceptSet(
    name="notes",
    about="one pitch, played four times",
    label="root_note_pitch_class",
    kind="multiclass",
    size=9936,
    fields=(
        "root_note_name",
        "root_note_pitch_class",
        "octave",
        "root_note_is_accidental",
        "register",
        "midi_note_val",
        *INSTRUMENT,
    ),
    spoken=SPOKEN_NOTES,
    factors=("octave", "root_note_pitch_class", "midi_program_num"),
    stem=("midi_note_val", "root_note_name", "midi_program_num", "midi_program_name"),
    make=_notes,
    midi=_play_note,
    # Neighbouring pitches of one instrument are often the same recording, played faster.
    group=lambda row: (row["octave"], row["midi_program_num"]),
    silent=lambda row: row["midi_note_val"] in SILENT.get(row["midi_program_num"], ()),
)
INTERVALS = ConceptSet(
    name="intervals",
    about="two pitches 1 to 12 semitones apart: upwards, downwards, at once",
    label="interval",
    kind="multiclass",
    size=39744,
    fields=(
        "root_note_name",
        "root_note_pitch_class",
        "interval",
        "play_style",
        "play_style_name",
        "midi_note_val",
        *INSTRUMENT,
    ),
    spoken={interval: str(interval) for interval in range(1, 13)},
    factors=("root_note_pitch_class", "interval", "play_style", "midi_program_num"),
    stem=("root_note_name", "interval", "play_style_name", "midi_program_num", "midi_program_name"),
    make=_intervals,
    midi=_play_interval,
    # The same two pitches upwards, downwards or together pool to nearly the same state.
    group=lambda row: (row["root_note_pitch_class"], row["midi_program_num"]),
)
SCALES = ConceptSet(
    name="scales",
    about="the seven modes, upwards and downwards",
    label="mode",
    kind="multiclass",
    size=15456,
    fields=("root_note_name", "mode", "play_style", "play_style_name", *INSTRUMENT),
    spoken={mode: mode for mode in MODES},
    factors=("root_note_name", "mode", "play_style", "midi_program_num"),
    stem=("root_note_name", "mode", "play_style_name", "midi_program_num", "midi_program_name"),
    make=_scales,
    midi=_play_scale,
    # The same eight pitches upwards and downwards pool to nearly the same state.
    group=lambda row: (row["root_note_name"], row["midi_program_num"]),
)
CHORDS = ConceptSet(
    name="chords",
    about="triads in three inversions, played four times",
    label="chord_type",
    kind="multiclass",
    size=13248,
    fields=(
        "root_note_name",
        "chord_type",
        "inversion",
        "root_note_is_accidental",
        "root_note_pitch_class",
        *INSTRUMENT,
    ),
    spoken={quality: quality for quality in TRIADS},
    factors=("root_note_pitch_class", "chord_type", "inversion", "midi_program_num"),
    stem=("root_note_name", "chord_type", "inversion", "midi_program_num", "midi_program_name"),
    make=_chords,
    midi=_play_chord,
    # Augmented triads on roots four semitones apart are inversions of one another: the very same
    # pitches under another root. So those three roots stay together.
    group=lambda row: (row["root_note_pitch_class"] % 4, row["midi_program_num"]),
)
SIMPLE_PROGRESSIONS = ConceptSet(
    name="simple_progressions",
    about="19 progressions of four triads in major and minor",
    label="chord_progression",
    kind="multiclass",
    size=20976,
    fields=("key_note_name", "key_note_pitch_class", "chord_progression", *INSTRUMENT),
    spoken={
        progression: "-".join((mode, *map(str, degrees)))
        for progression, (mode, degrees) in BY_CHORDS.items()
    },
    factors=("key_note_pitch_class", "chord_progression", "midi_program_num"),
    stem=("key_note_name", "chord_progression", "midi_program_num", "midi_program_name"),
    make=_progressions,
    midi=_play_progression,
    # Progressions of one key share most of their chords.
    group=lambda row: (row["key_note_pitch_class"], row["midi_program_num"]),
)
