"""Arrangements of written tunes: keys, chords, beats, voices and the held-out split."""

from __future__ import annotations

import numpy as np
import pytest

from musicrfm.data.compose import DRUMS, INSTRUMENTS
from musicrfm.nano.recipe import repertoire
from musicrfm.nano.recipe.arrange import arrange
from musicrfm.nano.recipe.tunes import Tune

SCALE = (0, 2, 4, 5, 7, 9, 11)
# Four bars of C, F, G, C and again, in eighths of the chord with a passing note.
BARS = ((60, 64, 67, 64), (65, 69, 72, 69), (67, 71, 74, 71), (60, 64, 67, 72))


def tune(beat: float = 1.0, per_bar: int = 4, title: str = "a tune") -> Tune:
    notes, bars, at = [], [], 0.0
    for bar in BARS * 2:
        bars.append(at)
        for pitch in bar:
            notes.append((at, beat * per_bar / 4, pitch))
            at += beat * per_bar / 4
    return Tune(title, "made here", 0, "major", beat, per_bar, bars, [notes])


def arrangements(wanted: str, count: int = 400):
    for seed in range(count):
        clip = arrange(tune(), seed, 20.0)
        if wanted in clip.prompt:
            yield clip


def test_arrangement_depends_only_on_the_seed():
    assert arrange(tune(), 5, 20.0).midi() == arrange(tune(), 5, 20.0).midi()
    assert arrange(tune(), 5, 20.0).midi() != arrange(tune(), 6, 20.0).midi()


@pytest.mark.slow
def test_arrangements_cover_all_keys_and_instruments_and_stay_in_key():
    clips = [arrange(tune(), seed, 20.0) for seed in range(300)]
    assert {c.tonic for c in clips} == set(range(12))
    assert {c.lead for c in clips} == set(INSTRUMENTS)
    for clip in clips:
        pitched = {n.pitch % 12 for n in clip.notes if n.channel != DRUMS}
        assert pitched <= {(clip.tonic + step) % 12 for step in SCALE}


@pytest.mark.slow
def test_bass_notes_belong_to_the_chord_of_the_melody():
    """The bars spell C, F, G and C; over 90 % of the bass notes belong to the bar's chord."""
    right = []
    for clip in arrangements("melody with bass"):
        for note in (n for n in clip.notes if n.channel == 2):
            melody = {
                (n.pitch - clip.tonic) % 12
                for n in clip.notes
                if n.channel == 0 and abs(n.start - note.start) < 0.3
            }
            chord = next((c for c in ({0, 4, 7}, {5, 9, 0}, {7, 11, 2}) if melody <= c), None)
            if melody and chord:
                right.append((note.pitch - clip.tonic) % 12 in chord)
    assert len(right) > 100 and np.mean(right) > 0.9


@pytest.mark.parametrize(("beat", "per_bar"), [(1.0, 4), (1.0, 3), (1.5, 2)])
def test_beats_and_bars_are_listed_and_the_music_fills_the_clip(beat: float, per_bar: int):
    for seed in range(40):
        clip = arrange(tune(beat, per_bar), seed, 20.0)
        assert max(n.start for n in clip.notes) > 17 and max(n.start for n in clip.notes) < 20
        gaps = np.diff(clip.beats)
        assert gaps.min() > 60 / 181 and gaps.max() < 60 / 59
        assert set(np.round(clip.bars, 6)) <= set(np.round(clip.beats, 6))
        beats_a_bar = np.searchsorted(clip.beats, clip.bars)
        assert set(np.diff(beats_a_bar)) == {per_bar}


def test_melody_has_one_to_eight_notes_per_second():
    for clip in arrangements("melody", 150):
        melody = [n for n in clip.notes if n.channel == 0]
        assert 1.0 <= len(melody) / 20 <= 8.0


def test_chords_of_a_chorale_have_all_four_voices():
    soprano = tune().voices[0]
    voices = [soprano] + [[(at, n, p - low) for at, n, p in soprano] for low in (12, 17, 24)]
    chorale = Tune("chorale", "made here", 0, "major", 1.0, 4, tune().bars, voices)
    for seed in range(60):
        clip = arrange(chorale, seed, 20.0)
        if " chords" in clip.prompt and "over" not in clip.prompt and "melody" not in clip.prompt:
            together = sum(abs(n.start - clip.beats[4]) < 0.1 for n in clip.notes if n.channel == 0)
            assert together == 4
            return
    raise AssertionError("no seed gave chords")


def test_few_whole_tunes_are_held_out(monkeypatch: pytest.MonkeyPatch, tmp_path):
    tunes = [tune(title=str(number)) for number in range(1000)]
    kept = [t for t in tunes if t.held_out]
    assert 20 < len(kept) < 90
    monkeypatch.setattr(repertoire.tunes, "read", lambda cache: tunes)
    repertoire._tunes.cache_clear()
    assert repertoire._tunes(tmp_path, True) == kept
    assert not set(map(id, repertoire._tunes(tmp_path, False))) & set(map(id, kept))
    kinds = [repertoire.clip(tmp_path, seed, seconds=4.0).kind for seed in range(300)]
    repertoire._tunes.cache_clear()
    assert 0.02 < np.mean([kind != "music" for kind in kinds]) < 0.14
