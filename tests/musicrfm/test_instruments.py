"""The classifier of the lead instrument, and its independence of the number of pitch classes."""

from __future__ import annotations

import json

import numpy as np
import pytest

from musicrfm.data.compose import INSTRUMENTS, compose
from musicrfm.data.render import SAMPLE_RATE, render
from musicrfm.model import MusicModel
from musicrfm.nano import instruments


@pytest.fixture(scope="module")
def pieces():
    return [clip for clip in map(compose, range(9_100_000, 9_100_060)) if clip.kind == "music"]


def test_narrowed_piece_changes_only_pitches(pieces):
    for piece in pieces[:20]:
        narrow = instruments.narrowed(piece, {1, 6})
        assert len(narrow.notes) == len(piece.notes) and narrow.programs == piece.programs
        for one, other in zip(piece.notes, narrow.notes, strict=True):
            assert (one.start, one.length, one.velocity) == (
                other.start,
                other.length,
                other.velocity,
            )
            if one.channel == instruments.DRUMS:
                assert one.pitch == other.pitch
            else:
                assert other.pitch % 12 in (1, 6) and abs(other.pitch - one.pitch) <= 3


def test_fit_separates_classes_and_reports_the_effect_of_narrowing():
    rng = np.random.default_rng(0)
    names = np.repeat([["flute", "organ"][i] for i in rng.integers(2, size=140)], 2)
    x = rng.normal(size=(280, 5))
    x[:, 0] += np.where(names == "organ", 4, -4)
    x[1::2] = rng.normal(size=(140, 5))  # narrowed pieces carry no signal
    fitted = instruments.learn(x, names, np.tile([12, 1], 140))
    assert fitted["names"] == ["flute", "organ"] and fitted["clips"] == 140
    assert fitted["accuracy"] == 1.0
    one = fitted["on_one_pitch_class"]
    assert one["pieces"] == 20 and one["accuracy_as_they_were"] == 1.0
    assert one["accuracy"] < 0.9 and one["likelihood"] < one["likelihood_as_they_were"] - 0.1


def test_shipped_classifier_beats_chance_and_ignores_narrowing():
    fitted = json.loads(instruments.FITTED.read_text())
    assert sorted(fitted["names"]) == sorted(INSTRUMENTS)
    one = fitted["on_one_pitch_class"]
    assert fitted["accuracy"] > 0.6 and one["pieces"] > 50
    assert abs(one["likelihood"] - one["likelihood_as_they_were"]) < 0.06


@pytest.mark.slow
def test_classifier_recognises_instruments_of_unseen_pieces(pieces):
    model = MusicModel.load("nano")
    right = []
    for piece in pieces[:30]:
        codes = model.encode_audio(render(piece)[instruments.HEARD], SAMPLE_RATE)
        audio = model.decode_codes(codes)[:, 0]
        right.append(instruments.hear_instrument(audio, SAMPLE_RATE) == piece.lead)
    assert np.mean(right) > 0.4  # chance is 0.125
