"""SynTheory's rules: its rows, their MIDI, and audio that matches the labels."""

from __future__ import annotations

import io
import json
import pickle
from collections import Counter, defaultdict
from itertools import groupby

import mido
import numpy as np
import pytest

from musicrfm.data import syntheory
from musicrfm.data.syntheory import choose, clicks, instruments
from musicrfm.errors import MusicRFMError
from musicrfm.listening import measure

ALL = {name: one.rows() for name, one in syntheory.SETS.items()}
TONES = ("notes", "intervals", "scales", "chords", "simple_progressions")

# As listed on the hub's data set card.
FIELDS = {
    "notes": "root_note_name root_note_pitch_class octave root_note_is_accidental register "
    "midi_note_val midi_program_num midi_program_name midi_category",
    "intervals": "root_note_name root_note_pitch_class interval play_style play_style_name "
    "midi_note_val midi_program_num midi_program_name midi_category",
    "scales": "root_note_name mode play_style play_style_name midi_program_num midi_program_name "
    "midi_category",
    "chords": "root_note_name chord_type inversion root_note_is_accidental root_note_pitch_class "
    "midi_program_num midi_program_name midi_category",
    "simple_progressions": "key_note_name key_note_pitch_class chord_progression midi_program_num "
    "midi_program_name midi_category",
    "tempos": "bpm click_config_name midi_program_num offset_time",
    "time_signatures": "time_signature time_signature_beats time_signature_subdivision is_compound "
    "bpm click_config_name midi_program_num offset_time reverb_level",
}
PUBLISHED = {
    "notes": (9936, 12),
    "intervals": (39744, 12),
    "scales": (15456, 7),
    "chords": (13248, 4),
    "simple_progressions": (20976, 19),
    "tempos": (4025, 161),
    "time_signatures": (1200, 8),
}


def row_of(name: str, **wanted) -> dict:
    return next(r for r in ALL[name] if all(r[k] == v for k, v in wanted.items()))


def played(name: str, row: dict) -> list[tuple[float, tuple[int, ...]]]:
    """(onset in seconds, pitches) of a row's MIDI."""
    midi = mido.MidiFile(file=io.BytesIO(syntheory.SETS[name].midi(row)[0]))
    now, found = 0.0, defaultdict(list)
    for message in midi:  # times in seconds
        now += message.time
        if message.type == "note_on":
            found[round(now, 4)].append(message.note)
    return [(t, tuple(pitches)) for t, pitches in found.items()]


@pytest.mark.parametrize("name", PUBLISHED)
def test_sets_have_the_published_size_fields_and_classes(name):
    size, classes = PUBLISHED[name]
    one, rows = syntheory.SETS[name], ALL[name]
    assert len(rows) == one.size == size
    assert set(one.fields) == set(FIELDS[name].split())
    assert all(row.keys() == {*one.fields, "synth_soundfont"} for row in rows)
    assert len({row[one.label] for row in rows}) == classes
    tracks = Counter(one.track(row) for row in rows)
    assert set(tracks.values()) == {{"tempos": 5, "time_signatures": 10}.get(name, 1)}
    assert len({one.file_stem(row) for row in rows}) == size
    assert json.loads(json.dumps(rows[:50])) == rows[:50]


@pytest.mark.parametrize("name", PUBLISHED)
def test_labels_name_every_class(name):
    field, kind, spoken = syntheory.LABELS[name]
    values = {row[field] for row in ALL[name]}
    assert kind == ("regression" if name == "tempos" else "multiclass")
    assert set(spoken) == (set() if name == "tempos" else values)
    assert len(set(spoken.values())) == len(spoken)
    assert all(n and not set(n) & set("#/ ,()") for n in spoken.values())  # valid in an OSC address
    assert syntheory.LABELS["notes"][2][1] == "Cs"


def test_instruments_are_the_92_of_the_publication():
    assert len(instruments.PROGRAMS) == 92 and len(instruments.NAMES) == 128
    assert {8, 9, 14, 21, 22, 23, 31, 47, 55, 77, 78, 86, 96, 103, 112, 127}.isdisjoint(
        instruments.PROGRAMS
    )
    assert instruments.labels(16) == {
        "midi_program_num": 16,
        "midi_program_name": "Hammond Organ",
        "midi_category": "Organ Timbres",
    }
    assert instruments.FAMILY_OF[111] == "Ethnic Timbres"


def test_rows_match_the_publication():
    assert row_of("notes", midi_note_val=61, midi_program_num=16) == {
        "root_note_name": "C#",
        "root_note_pitch_class": 1,
        "octave": 5,
        "root_note_is_accidental": True,
        "register": 1,
        "midi_note_val": 61,
        "midi_program_num": 16,
        "midi_program_name": "Hammond Organ",
        "midi_category": "Organ Timbres",
        "synth_soundfont": "TimGM6mb.sf2",
    }
    meter = row_of("time_signatures", time_signature="(6, 8)", reverb_level=2)
    assert (meter["time_signature_beats"], meter["time_signature_subdivision"]) == (6, 8)
    assert meter["is_compound"] == 1 and meter["bpm"] == 120
    assert row_of("time_signatures", time_signature="(3, 4)")["is_compound"] == 0
    assert {r["inversion"] for r in ALL["chords"]} == {5, 6, 64}
    assert ALL["simple_progressions"][0]["chord_progression"] == "ionian-(1, 4, 5, 1)"


def test_a_note_is_played_four_times_for_two_beats_at_120_bpm():
    row = row_of("notes", midi_note_val=57, midi_program_num=4)
    assert played("notes", row) == [(t, (57,)) for t in (0.0, 1.0, 2.0, 3.0)]
    midi = mido.MidiFile(file=io.BytesIO(syntheory.SETS["notes"].midi(row)[0]))
    assert midi.length == pytest.approx(4.0)
    assert {(m.channel, m.velocity) for m in midi if m.type == "note_on"} == {(2, 64)}


def test_intervals_are_played_up_down_and_in_unison():
    found = {
        style: played(
            "intervals",
            row_of("intervals", root_note_name="D", interval=7, play_style_name=style),
        )
        for style in ("UP", "DOWN", "UNISON")
    }
    halves = [i / 2 for i in range(8)]
    assert found["UP"] == list(zip(halves, [(62,), (69,)] * 4, strict=True))
    assert found["DOWN"] == list(zip(halves, [(69,), (62,)] * 4, strict=True))
    assert found["UNISON"] == [(t, (62, 69)) for t in halves]


@pytest.mark.parametrize(
    ("root", "mode", "pitches"),
    [
        ("C", "ionian", [60, 62, 64, 65, 67, 69, 71, 72]),
        ("F", "lydian", [65, 67, 69, 71, 72, 74, 76, 77]),
        ("F#", "locrian", [54, 55, 57, 59, 60, 62, 64, 66]),
        ("A", "phrygian", [57, 58, 60, 62, 64, 65, 67, 69]),
        ("G", "mixolydian", [55, 57, 59, 60, 62, 64, 65, 67]),
        ("D", "dorian", [62, 64, 65, 67, 69, 71, 72, 74]),
        ("E", "aeolian", [64, 66, 67, 69, 71, 72, 74, 76]),
    ],
)
def test_scales_start_at_the_tonic_nearest_to_middle_c(root, mode, pitches):
    up = row_of("scales", root_note_name=root, mode=mode, play_style=0)
    down = row_of("scales", root_note_name=root, mode=mode, play_style=1)
    assert played("scales", up) == [(i / 2, (p,)) for i, p in enumerate(pitches)]
    assert played("scales", down) == [(i / 2, (p,)) for i, p in enumerate(reversed(pitches))]


@pytest.mark.parametrize(
    ("root", "quality", "inversion", "pitches"),
    [
        ("C", "major", 5, (60, 64, 67)),
        ("C", "major", 6, (64, 67, 72)),
        ("C", "minor", 64, (67, 72, 75)),
        ("B", "dim", 5, (59, 62, 65)),
        ("C", "aug", 5, (60, 64, 68)),
        ("F#", "aug", 5, (66, 70, 74)),  # an octave above the F# of the other triads, as published
        ("F#", "major", 5, (54, 58, 61)),
    ],
)
def test_chords_are_triads_in_three_inversions(root, quality, inversion, pitches):
    row = row_of("chords", root_note_name=root, chord_type=quality, inversion=inversion)
    assert played("chords", row) == [(t, pitches) for t in (0.0, 1.0, 2.0, 3.0)]


def test_progressions_stay_within_the_octave_above_the_tonic():
    major = row_of(
        "simple_progressions", key_note_name="C", chord_progression="ionian-(1, 4, 5, 1)"
    )
    assert [p for _, p in played("simple_progressions", major)] == [
        (60, 64, 67),
        (65, 69, 60),
        (67, 71, 62),
        (60, 64, 67),
    ]
    minor = row_of(
        "simple_progressions", key_note_name="A", chord_progression="aeolian-(1, 6, 3, 7)"
    )
    assert [p for _, p in played("simple_progressions", minor)] == [
        (57, 60, 64),
        (65, 57, 60),
        (60, 64, 67),
        (67, 59, 62),
    ]


@pytest.mark.parametrize("name", TONES)
def test_groups_share_no_sound(name):
    one = syntheory.SETS[name]
    groups = defaultdict(set)
    for row in ALL[name]:
        if row["midi_program_num"] == 0:  # the rules are the same on every instrument
            groups[frozenset((t, frozenset(p)) for t, p in played(name, row))].add(one.group(row))
    assert len(groups) > 80
    assert {len(found) for found in groups.values()} == {1}


def test_augmented_triads_with_equal_notes_share_a_group():
    # Without this, C aug in first inversion could be tested after fitting on E aug, the same clip.
    c = row_of("chords", root_note_name="C", chord_type="aug", inversion=6, midi_program_num=0)
    e = row_of("chords", root_note_name="E", chord_type="aug", inversion=5, midi_program_num=0)
    assert played("chords", c) == played("chords", e)
    group = syntheory.SETS["chords"].group
    assert group(c) == group(e)


@pytest.mark.parametrize("name", TONES)
def test_a_group_has_every_class_equally_often(name):
    one = syntheory.SETS[name]
    found = defaultdict(Counter)
    for row in ALL[name]:
        found[one.group(row)][row[one.label]] += 1
    assert all(len(set(c.values())) == 1 and len(c) == PUBLISHED[name][1] for c in found.values())


@pytest.mark.parametrize("name", ("tempos", "time_signatures"))
def test_excerpts_of_one_track_share_a_group(name):
    one = syntheory.SETS[name]
    tracks = defaultdict(set)
    for row in ALL[name]:
        tracks[one.track(row)].add(one.group(row))
    assert {len(groups) for groups in tracks.values()} == {1}
    longest = {"tempos": 16.0, "time_signatures": 26.0}[name]
    offsets = [row["offset_time"] for row in ALL[name]]
    assert min(offsets) >= 0 and longest * 0.95 < max(offsets) <= longest
    assert one.rows(0) == ALL[name] != one.rows(1)


def test_all_meters_and_reverb_levels_of_one_click_share_a_group():
    found = defaultdict(set)
    for row in ALL["time_signatures"]:
        group = syntheory.SETS["time_signatures"].group(row)
        found[group].add((row["time_signature"], row["reverb_level"]))
    assert len(found) == 5 and {len(every) for every in found.values()} == {8 * 3}


@pytest.mark.parametrize("name", PUBLISHED)
def test_subsets_are_balanced_and_follow_the_seed(name):
    one = syntheory.SETS[name]
    found = syntheory.clip_set(name, 400, seed=1)
    classes = Counter(row[one.label] for row in found.rows)
    assert len(found) == 400 == len({one.file_stem(row) for row in found.rows})
    assert len(classes) == PUBLISHED[name][1] and set(classes.values()) <= {
        400 // len(classes),
        400 // len(classes) + 1,
    }
    assert found.rows == syntheory.clip_set(name, 400, seed=1).rows
    assert found.rows != syntheory.clip_set(name, 400, seed=2).rows
    assert found.groups == [one.group(row) for row in found.rows]
    assert json.loads(json.dumps(found.about)) == found.about


def test_classes_of_a_subset_differ_in_the_label_alone():
    rows = syntheory.clip_set("intervals", 240).rows
    others = defaultdict(set)
    for row in rows:
        others[row["interval"]].add(
            (row["midi_note_val"], row["play_style"], row["midi_program_num"])
        )
    assert len(set(map(frozenset, others.values()))) == 1
    meters = defaultdict(list)
    for row in syntheory.clip_set("time_signatures", 80).rows:
        meters[row["time_signature"]].append((row["click_config_name"], row["reverb_level"]))
    assert len({tuple(sorted(found)) for found in meters.values()}) == 1


def test_a_subset_can_be_balanced_by_any_field():
    found = syntheory.clip_set("chords", 60, label="inversion").rows
    assert Counter(row["inversion"] for row in found) == {5: 20, 6: 20, 64: 20}
    families = syntheory.clip_set("notes", 130, label="midi_category").rows
    assert set(Counter(row["midi_category"] for row in families).values()) == {10}


def test_balanced_choice_uses_all_clips_of_rare_classes():
    rows = [{**row} for row in ALL["notes"] if row["midi_program_num"] == 0]
    kept = [r for r in rows if r["root_note_pitch_class"] != 3 or r["octave"] == 4]
    drawn = choose.balanced(
        syntheory.SETS["notes"], kept, range(len(kept)), 61, "root_note_pitch_class"
    )
    counts = Counter(kept[i]["root_note_pitch_class"] for i in drawn)
    assert counts.pop(3) == 1
    assert len(set(drawn)) == 61 and set(counts.values()) <= {5, 6}


def test_full_set_has_the_published_order_without_silent_clips():
    found = syntheory.clip_set("notes")
    silent = [row for row in ALL["notes"] if syntheory.SETS["notes"].silent(row)]
    assert len(silent) == found.silent == 89 and len(found) == 9936 - 89
    assert found.rows == [row for row in ALL["notes"] if row not in silent]
    assert len(syntheory.clip_set("notes", 10**6)) == len(found)


def test_filters_select_matching_rows():
    rows = syntheory.clip_set("notes", 48, octaves=(4, 5), midi_program_num=range(8)).rows
    assert {row["octave"] for row in rows} == {4, 5}
    assert {row["midi_category"] for row in rows} == {"Piano Timbres"}
    clicked = syntheory.clip_set("tempos", click_config_name="taiko").rows
    assert len(clicked) == 161 * 5 and {r["click_config_name"] for r in clicked} == {"taiko"}


def test_alternative_name_of_a_set_is_understood():
    assert syntheory.find("chord_progressions") is syntheory.find("simple_progressions")
    assert syntheory.clip_set("chord_progressions", 19).about["set"] == "simple_progressions"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "rhythms"}, "no set 'rhythms': choose one of notes, intervals"),
        ({"name": "notes", "source": "disk"}, "source 'disk'"),
        ({"name": "notes", "count": 0}, "must be at least 1, not 0"),
        ({"name": "notes", "octaves": (3, 9)}, r"octaves \(3, 9\)"),
        ({"name": "notes", "octaves": 3}, "octaves 3 do not exist"),
        ({"name": "tempos", "octaves": (3, 4)}, "no field 'octave'"),
        ({"name": "chords", "chord_type": "sus4"}, "no clip of chords has chord_type sus4"),
        ({"name": "chords", "count": 5, "label": "bpm"}, "no field 'bpm' to balance"),
        ({"name": "notes", "octave": 0, "midi_program_num": 68}, "all remaining 12 clips"),
    ],
)
def test_unknown_sets_fields_and_values_are_refused(arguments, message):
    with pytest.raises(MusicRFMError, match=message):
        syntheory.clip_set(**arguments)


def test_notes_sound_as_labelled():
    clips = syntheory.clip_set("notes", 12, seed=5, octaves=(5, 5), midi_program_num=range(41))
    hear = pickle.loads(pickle.dumps(clips.hear))  # as worker processes get it
    for row in clips.rows[::3]:
        audio, rate = hear(row)
        assert audio.dtype == np.float32 and audio.shape == (4 * rate,)
        assert np.abs(audio).max() == pytest.approx(0.5)
        assert measure.pitch_class_of(audio, rate) == row["root_note_pitch_class"]


def test_chords_sound_as_labelled():
    row = row_of("chords", root_note_name="D", chord_type="minor", inversion=5, midi_program_num=73)
    spectrum = np.abs(np.fft.rfft(syntheory.render(syntheory.SETS["chords"], row)))

    def strength(pitch: int) -> float:
        at = round(4 * 440 * 2 ** ((pitch - 69) / 12))  # 4 s, so four bins a hertz
        return float(spectrum[at - 12 : at + 13].max())

    assert min(map(strength, (62, 65, 69))) > 5 * max(map(strength, (61, 63, 66, 67)))


@pytest.mark.parametrize("click", list(clicks.CLICKS))
def test_tempos_sound_as_labelled(click):
    for bpm in (57, 204):
        row = row_of("tempos", bpm=bpm, click_config_name=click)
        audio = syntheory.render(syntheory.SETS["tempos"], row)
        assert audio.shape == (4 * 32_000,)
        assert measure.measure(audio, 32_000).tempo_bpm == pytest.approx(bpm, rel=0.02)


def starts(audio: np.ndarray, apart: float) -> list[tuple[float, float]]:
    """(seconds, loudness) of clicks that are at least `apart` seconds from the one before."""
    loud = np.abs(audio).reshape(-1, 320).max(1)  # 10 ms each
    above = np.flatnonzero(loud > 0.3 * loud.max()) / 100
    first = above[np.diff(above, prepend=-1) > apart]
    return [(float(s), float(loud[int(100 * s) : int(100 * s) + 10].max())) for s in first]


def test_an_excerpt_starts_at_its_offset():
    # At 60 BPM and offset 7.25 s the next click falls 0.75 s into the excerpt, and it is beat 8,
    # the downbeat of the third bar, so the loudest of the four.
    row = row_of("tempos", bpm=60, click_config_name="woodblock_light") | {"offset_time": 7.25}
    heard = starts(syntheory.render(syntheory.SETS["tempos"], row), 0.5)
    np.testing.assert_allclose([s for s, _ in heard], [0.75, 1.75, 2.75, 3.75], atol=0.03)
    assert np.argmax([loud for _, loud in heard]) == 0


@pytest.mark.parametrize(("meter", "beat", "bar"), [("(2, 2)", 1.0, 2), ("(3, 8)", 0.25, 3)])
def test_meters_sound_as_labelled(meter, beat, bar):
    row = row_of("time_signatures", time_signature=meter, click_config_name="woodblock_light")
    row = row | {"offset_time": 3 * bar * beat - 0.1, "reverb_level": 0}
    heard = starts(syntheory.render(syntheory.SETS["time_signatures"], row), 0.15)
    times = [s for s, _ in heard]
    np.testing.assert_allclose(times, 0.1 + beat * np.arange(len(times)), atol=0.03)
    strong = [loud > 0.75 * max(loud for _, loud in heard) for _, loud in heard]
    assert strong == [i % bar == 0 for i in range(len(strong))]


def test_reverb_lengthens_the_tail():
    row = row_of("time_signatures", time_signature="(2, 2)", click_config_name="synth_drum")
    row = row | {"offset_time": 9.7}  # from 0.7 s after one click to the next
    tail = [
        np.abs(syntheory.render(syntheory.SETS["time_signatures"], row | {"reverb_level": n}))
        for n in (0, 2)
    ]
    assert tail[1][:3200].max() > 3 * tail[0][:3200].max()


def test_silent_clip_is_rendered_as_none():
    low_oboe = row_of("notes", midi_program_num=68, midi_note_val=29)
    oboe = row_of("notes", midi_program_num=68, midi_note_val=72)
    hear = syntheory.clip_set("notes", 12).hear
    assert hear(low_oboe) is None and hear(oboe) is not None


def test_table_of_silent_notes_matches_the_synthesiser():
    # The edges of every silent range, and of the one pitch that is missing inside a range.
    notes = syntheory.SETS["notes"]
    edges = [(68, 35), (68, 36), (67, 79), (67, 80), (65, 64), (65, 65), (10, 11), (10, 12)]
    for program, pitch in edges:
        row = row_of("notes", midi_program_num=program, midi_note_val=pitch)
        assert notes.silent(row) == (not syntheory.render(notes, row).any())


def test_programs_are_grouped_by_family_in_order():
    sizes = [len(list(group)) for _, group in groupby(instruments.FAMILY_OF)]
    assert sizes == [8] * 14 + [16]
