"""The shipped directions: at coefficient 1 the audio has the note, key or tempo of the name."""

from __future__ import annotations

import numpy as np
import pytest

from musicrfm.directions import Direction, list_directions
from musicrfm.evaluation.perform import perform
from musicrfm.listening.measure import Measurements, measure
from musicrfm.listening.readings import reading
from musicrfm.model import MusicModel
from musicrfm.steering.beat import Beat
from musicrfm.theory import PITCH_CLASSES

PROMPTS = ("calm piano melody with drums", "organ melody with chords and drums")


@pytest.fixture(scope="module")
def nano() -> MusicModel:
    return MusicModel.load("nano", device="cpu")


def heard(nano: MusicModel, direction: Direction, knob: float) -> list[Measurements]:
    changes = [(0.0, direction, direction.raw(knob))]
    takes = [
        perform(nano, prompt, seed=80 + n, seconds=7.0, changes=changes)
        for n, prompt in enumerate(PROMPTS)
    ]
    return [measure(take[nano.sample_rate :], nano.sample_rate) for take in takes]


def test_every_shipped_direction_has_a_range(nano: MusicModel) -> None:
    names = list_directions(nano.name)
    for word in ("note", "key"):
        assert {f"{word}_{tonic}" for tonic in PITCH_CLASSES} <= set(names)
    assert "tempo" in names
    assert all(Direction.load(name, nano).range for name in names)


@pytest.mark.parametrize("name", ["note_D", pytest.param("note_Gs", marks=pytest.mark.slow)])
def test_steered_note_dominates(nano: MusicModel, name: str) -> None:
    direction = Direction.load(name, nano)
    read = reading(direction).read
    assert np.mean([read(take) for take in heard(nano, direction, 1.0)]) > 0.7


@pytest.mark.slow
@pytest.mark.parametrize("name", ["key_D", "key_Gs"])
def test_steered_key_uses_several_notes_of_its_scale(nano: MusicModel, name: str) -> None:
    direction = Direction.load(name, nano)
    read, takes = reading(direction).read, heard(nano, direction, 1.0)
    assert np.mean([read(take) for take in takes]) > 0.85
    assert np.mean([take.pitch_classes for take in takes]) >= 3


@pytest.mark.slow
@pytest.mark.parametrize("knob", [-0.5, 0.6])
def test_steered_tempo_matches_the_knob(nano: MusicModel, knob: float) -> None:
    direction = Direction.load("tempo", nano)
    told = Beat.of(direction).bpm(direction.raw(knob))
    for take in heard(nano, direction, knob):
        assert min(abs(take.tempo_bpm / (told * part) - 1) for part in (0.5, 1.0)) < 0.07


def test_shipped_directions_name_fingerprint_and_licence(nano: MusicModel) -> None:
    for name in list_directions(nano.name):
        direction = Direction.load(name, nano)
        assert direction.fingerprint == nano.fingerprint, name
        assert direction.meta["licence"] == "MIT" and direction.meta["created"]


def test_unknown_prompt_words_are_reported_once(nano: MusicModel, caplog) -> None:
    assert nano.unknown_words("A Piano melody, with sitar & drum; sitar") == ["sitar", "drum"]
    for prompt in ("sitar raga", "raga piano", "piano melody with drums", ""):
        nano.encode_prompt(prompt)
    assert [r.getMessage().partition(";")[0] for r in caplog.records] == [
        "nano does not know 'sitar', 'raga'"
    ]
