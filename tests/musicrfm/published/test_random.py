"""The stand-in tokenizer of random models."""

from __future__ import annotations

from musicrfm.model import MusicModel
from musicrfm.published.random import Letters


def test_stand_in_tokenizer_encodes_letters(model: MusicModel) -> None:
    spelled = MusicModel("musicgen-small", model.hf, Letters())
    assert spelled.unknown_words("calm piano melody, with drums") == []
    tokens = Letters()(["ab"])
    assert tokens["input_ids"].tolist() == [[97, 98]] and tokens["attention_mask"].all()
