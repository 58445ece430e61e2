"""SynTheory's rules: which rows there are, and that each sounds as its labels say."""

from __future__ import annotations

import io
from collections import Counter

import mido
import numpy as np
import pytest

from musicrfm import listening, syntheory
from musicrfm.errors import MusicRFMError


def test_notes_are_all_pitches_on_all_melodic_programs():
    rows = syntheory.note_rows()
    assert len(rows) == 108 * 92 == 9936  # the published count
    assert len({(r["midi_note_val"], r["midi_program_num"]) for r in rows}) == len(rows)
    row = next(r for r in rows if r["midi_note_val"] == 61 and r["midi_program_num"] == 16)
    assert row == {
        "root_note_name": "C#",
        "root_note_pitch_class": 1,
        "octave": 5,
        "root_note_is_accidental": True,
        "register": 1,
        "midi_note_val": 61,
        "midi_program_num": 16,
        "midi_program_name": "Drawbar Organ",
        "midi_category": "Organ",
        "synth_soundfont": "TimGM6mb.sf2",
    }


def test_tempos_are_all_bpm_on_all_clicks_five_times():
    rows = syntheory.tempo_rows()
    assert len(rows) == 161 * 5 * 5 == 4025  # the published count
    assert {r["bpm"] for r in rows} == set(range(50, 211))
    assert set(Counter((r["bpm"], r["click_config_name"]) for r in rows).values()) == {5}
    assert all(0 <= r["offset_time"] <= 16 for r in rows)


def test_subsets_are_balanced_and_follow_the_seed():
    rows = syntheory.note_rows(240, seed=3)
    assert set(Counter(r["root_note_pitch_class"] for r in rows).values()) == {20}
    pairs = [{(r["octave"], r["midi_program_num"]) for r in rows[i : i + 12]} for i in (0, 12)]
    assert [len(p) for p in pairs] == [1, 1] and pairs[0] != pairs[1]
    assert rows == syntheory.note_rows(240, seed=3) != syntheory.note_rows(240, seed=4)
    assert {r["octave"] for r in syntheory.note_rows(240, octaves=(4, 5))} == {4, 5}
    tempi = Counter(r["bpm"] for r in syntheory.tempo_rows(400, seed=1))
    assert set(tempi) == set(range(50, 211)) and set(tempi.values()) <= {2, 3}
    assert syntheory.tempo_rows(50, seed=1) != syntheory.tempo_rows(50, seed=2)


def test_octaves_that_do_not_exist_are_refused():
    with pytest.raises(MusicRFMError, match="octaves 3 to 9"):
        syntheory.note_rows(12, octaves=(3, 9))


def test_a_note_is_played_four_times_for_two_beats_at_120_bpm():
    row = syntheory.note_rows(12)[7]
    midi = mido.MidiFile(file=io.BytesIO(syntheory.note_midi(row)))
    now, played = 0.0, []
    for message in midi:  # times in seconds
        now += message.time
        if message.type == "note_on":
            played.append((round(now, 6), message.note, message.channel, message.velocity))
    assert played == [(t, row["midi_note_val"], 2, 64) for t in (0.0, 1.0, 2.0, 3.0)]
    assert midi.length == pytest.approx(4.0)


def test_notes_sound_as_labelled():
    rows = [
        r | {"midi_note_val": 12 * o + r["root_note_pitch_class"]}
        for o, r in zip((4, 5, 6) * 4, syntheory.note_rows(12, seed=5), strict=True)
    ]
    heard = list(syntheory.clips(rows, peak=0.5))
    assert len(heard) == 12
    for row, audio in heard:
        assert audio.dtype == np.float32 and audio.shape == (4 * 32_000,)
        assert np.abs(audio).max() == pytest.approx(0.5)
        assert listening.pitch_class_of(audio, 32_000) == row["root_note_pitch_class"]


@pytest.mark.parametrize("click", list(syntheory.CLICKS))
def test_tempos_sound_as_labelled(click):
    rows = [r for r in syntheory.tempo_rows(seed=2) if r["click_config_name"] == click]
    for row in (next(r for r in rows if r["bpm"] == bpm) for bpm in (57, 204)):
        audio = syntheory.render(row)
        assert audio.shape == (4 * 32_000,)
        measured = listening.measure(audio, 32_000).tempo_bpm
        assert measured == pytest.approx(row["bpm"], rel=0.02)


def test_an_excerpt_starts_at_its_offset():
    # At 60 BPM and offset 7.25 s the next click falls 0.75 s into the excerpt, and it is beat 8,
    # the downbeat of the third bar, so the loudest of the four.
    row = next(r for r in syntheory.tempo_rows() if r["bpm"] == 60) | {
        "click_config_name": "woodblock_light",
        "offset_time": 7.25,
    }
    audio = syntheory.render(row)
    seconds = np.abs(audio).reshape(-1, 320).max(1)  # 10 ms each
    clicks = np.flatnonzero(seconds > 0.3 * seconds.max()) / 100
    starts = clicks[np.diff(clicks, prepend=-1) > 0.5]
    np.testing.assert_allclose(starts, [0.75, 1.75, 2.75, 3.75], atol=0.03)
    bars = [seconds[int(100 * s) : int(100 * s) + 20].max() for s in starts]
    assert np.argmax(bars) == 0


def test_silent_clips_are_left_out():
    rows = {(r["midi_program_num"], r["midi_note_val"]): r for r in syntheory.note_rows()}
    oboe, low_oboe = rows[68, 72], rows[68, 29]  # the soundfont has no oboe that low
    kept = list(syntheory.clips([low_oboe, oboe]))
    assert [row for row, _ in kept] == [oboe | {"is_silent": False}]
