"""Models of random weights stand in for published ones wherever a prompt is read."""

from __future__ import annotations

from musicrfm.model import MusicModel
from musicrfm.published.random import Letters


def test_letters_are_all_that_it_knows(model: MusicModel) -> None:
    spelled = MusicModel("musicgen-small", model.hf, Letters())
    assert spelled.unknown_words("calm piano melody, with drums") == []
    tokens = Letters()(["ab"])
    assert tokens["input_ids"].tolist() == [[97, 98]] and tokens["attention_mask"].all()
