"""Two directions at once: stand-in players with known responses."""

from __future__ import annotations

import numpy as np
import pytest

from musicrfm.directions import Direction
from musicrfm.errors import MusicRFMError
from musicrfm.evaluation import together
from musicrfm.evaluation.perform import Setting
from musicrfm.evaluation.takes import Recorder
from musicrfm.theory import PITCH_CLASSES

RATE = 32_000


def direction(model, name, **meta) -> Direction:
    vectors = np.random.default_rng(0).normal(size=(model.layers, 1, model.width))
    return Direction(name, vectors, np.ones(model.layers), {"model": model.name, **meta})


def tones(pitch_classes: list[int], seconds: float) -> np.ndarray:
    t = np.arange(int(seconds * RATE)) / RATE
    parts = [np.sin(2 * np.pi * 261.63 * 2 ** (n / 12) * t) * np.exp(-3 * t) for n in pitch_classes]
    return (0.3 * np.concatenate(parts)).astype(np.float32)[:, None]


def fader(late: float):
    """Plays the first note until `late` seconds after the middle of the fade, then the second."""

    def play(model, prompt, *, seed=0, seconds=8.0, changes=(), fades=(), **settings):
        ((begin, one, other, length),) = fades
        names = [PITCH_CLASSES.index(d.name[5:]) for d in (one, other)]
        rng = np.random.default_rng(seed)
        notes = []
        for number in range(int(seconds / 0.25)):
            second = number * 0.25 >= begin + length / 2 + late
            notes.append(names[second] if rng.random() < 0.7 else int(rng.integers(12)))
        return tones(notes, 0.25)

    return play


@pytest.mark.slow
@pytest.mark.parametrize("late", [-3.0, 0.0, 1.5])
def test_handover_time_of_a_crossfade_is_measured(model, late):
    notes = direction(model, "note_C", range=[0, 4.0]), direction(model, "note_G", range=[0, 2.0])
    setting = Setting(prompts=("piano",), seeds=(0, 1), seconds=14.0)
    with Recorder(model, setting, play=fader(late)) as recorder:
        (found,) = together.handovers(recorder, [notes], seconds=10.0)
    assert (found.first, found.second) == ("note_C", "note_G")
    assert found.late == pytest.approx(late, abs=0.6)
    assert found.before > 0.6 and found.after > 0.6
    assert len(found.shares) == pytest.approx(28, abs=1)


def test_crossfade_without_handover_has_no_time(model):
    notes = direction(model, "note_C"), direction(model, "note_G")
    setting = Setting(prompts=("piano",), seeds=(0,), seconds=8.0)
    with Recorder(model, setting, play=fader(100.0)) as recorder:
        (found,) = together.handovers(recorder, [notes], seconds=4.0)
        assert found.late is None and found.after < 0.3
        with pytest.raises(MusicRFMError, match="needs clips of 9 s"):
            together.handovers(recorder, [notes], seconds=7.0)
        with pytest.raises(MusicRFMError, match="'tempo' is not a note"):
            together.handovers(recorder, [(notes[0], direction(model, "tempo"))], seconds=4.0)


def player(model, prompt, *, seed=0, seconds=8.0, changes=(), **settings):
    """C is likelier with its coefficient, less so with a tempo; the tempo sets the beat."""
    raw = {d.name: c for _, d, c in changes}
    share = 0.1 + raw.get("note_C", 0.0) * (0.16 if "tempo" not in raw else 0.12)
    bpm = 120 + 10 * raw.get("tempo", 0.0)
    rng = np.random.default_rng(seed)
    notes = [0 if rng.random() < share else 7 for _ in range(int(seconds * bpm / 60))]
    return tones(notes, 60 / bpm)


@pytest.mark.slow
def test_retained_effects_of_two_directions_are_measured(model):
    note = direction(model, "note_C", range=[0, 5.0])
    tempo = direction(model, "tempo", concept="tempo", range=[-2.0, 4.0])
    setting = Setting(prompts=("piano",), seeds=(0, 1, 2), seconds=6.0)
    with Recorder(model, setting, play=player) as recorder:
        found = together.both_at_once(recorder, note, tempo)
    assert found.alone[0] == pytest.approx(0.8, abs=0.15)
    assert found.alone[1] == pytest.approx(60, abs=3)  # from 100 to 160
    assert found.kept[0] == pytest.approx(0.75, abs=0.12)
    assert found.kept[1] == pytest.approx(1.0, abs=0.05)
    assert together._sides(tempo, 0.5) == (-2.0, 2.0)


def test_no_effect_alone_has_no_retained_share(model):
    found = together.Together(("a", "b"), (1, 1), (0.0, 10.0), (0.1, 8.0))
    assert found.kept == (None, 0.8)
