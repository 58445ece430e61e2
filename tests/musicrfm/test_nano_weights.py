"""The checkpoint that ships: plain transformers load it, it is small, and it makes music."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from transformers import AutoTokenizer, MusicgenForConditionalGeneration

from musicrfm import listening
from musicrfm.model import NANO, MusicModel
from musicrfm.nano.compose import INSTRUMENTS, theory
from musicrfm.nano.instruments import hear_instrument
from musicrfm.nano.measure import HELD_OUT, play
from musicrfm.nano.render import SAMPLE_RATE, render


@pytest.fixture(scope="module")
def nano() -> MusicModel:
    return MusicModel.load("nano")


def test_it_fits_the_wheel_and_comes_with_a_card():
    assert sum(file.stat().st_size for file in NANO.iterdir()) <= 24 * 2**20
    card = (NANO / "README.md").read_text()
    for word in ("Licence", "Measured", "Limits", "Data", "Recipe"):
        assert f"## {word}" in card


def test_plain_transformers_generate_with_it():
    model = MusicgenForConditionalGeneration.from_pretrained(NANO, dtype=torch.float32)
    tokens = AutoTokenizer.from_pretrained(NANO)(["piano melody"], return_tensors="pt")
    torch.manual_seed(0)
    audio = model.generate(**tokens, max_new_tokens=53)
    assert audio.shape == (1, 1, 50 * 640) and audio.isfinite().all() and audio.std() > 1e-3


def test_its_codec_keeps_the_pitch_of_single_notes(nano):
    seeds = itertools.count(HELD_OUT + 50_000)
    notes = (c for c in map(theory, seeds) if c.kind == "note" and c.lead in INSTRUMENTS)
    kept = []
    for clip in itertools.islice(notes, 24):
        audio = render(clip)[: 3 * SAMPLE_RATE]
        if listening.pitch_class_of(audio, SAMPLE_RATE) == clip.tonic:
            again = nano.decode_codes(nano.encode_audio(audio, SAMPLE_RATE))
            kept.append(listening.pitch_class_of(again, SAMPLE_RATE) == clip.tonic)
    assert len(kept) >= 15 and np.mean(kept) >= 0.9


def test_it_plays_what_the_prompt_asks_for(nano):
    """Far above the chance of one in eight; the card has the full measurement."""
    right = 0
    for seed, lead in enumerate(INSTRUMENTS):
        audio = play(nano, f"solo {lead} melody", seed, 6.0)
        heard = listening.measure(audio, nano.sample_rate)
        assert heard.silence_share < 0.5 and heard.clipped_share < 0.01
        right += hear_instrument(audio[nano.sample_rate :, 0], nano.sample_rate) == lead
    assert right >= 3
