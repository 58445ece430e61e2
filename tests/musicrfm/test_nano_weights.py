"""The shipped checkpoint: small, loadable with plain transformers, and musical."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from transformers import AutoTokenizer, MusicgenForConditionalGeneration

from musicrfm.checkpoints.finding import NANO
from musicrfm.data.compose import INSTRUMENTS, theory
from musicrfm.data.render import SAMPLE_RATE, render
from musicrfm.evaluation.evaluate import perform
from musicrfm.listening import measure
from musicrfm.model import MusicModel
from musicrfm.nano.measure import HELD_OUT, prompt_adherence


@pytest.fixture(scope="module")
def nano() -> MusicModel:
    return MusicModel.load("nano")


def test_checkpoint_fits_the_wheel_and_has_a_card():
    assert sum(file.stat().st_size for file in NANO.iterdir()) <= 24 * 2**20
    card = (NANO / "README.md").read_text()
    for word in ("Licence", "Measured", "Limits", "Data", "Recipe"):
        assert f"## {word}" in card


def test_plain_transformers_generate_audio():
    model = MusicgenForConditionalGeneration.from_pretrained(NANO, dtype=torch.float32)
    tokens = AutoTokenizer.from_pretrained(NANO)(["piano melody"], return_tensors="pt")
    torch.manual_seed(0)
    audio = model.generate(**tokens, max_new_tokens=53)
    assert audio.shape == (1, 1, 50 * 640) and audio.isfinite().all() and audio.std() > 1e-3


@pytest.mark.slow
def test_codec_keeps_the_pitch_of_single_notes(nano):
    seeds = itertools.count(HELD_OUT + 50_000)
    notes = (c for c in map(theory, seeds) if c.kind == "note" and c.lead in INSTRUMENTS)
    kept = []
    for clip in itertools.islice(notes, 24):
        audio = render(clip)[: 3 * SAMPLE_RATE]
        if measure.pitch_class_of(audio, SAMPLE_RATE) == clip.tonic:
            again = nano.decode_codes(nano.encode_audio(audio, SAMPLE_RATE))
            kept.append(measure.pitch_class_of(again, SAMPLE_RATE) == clip.tonic)
    assert len(kept) >= 15 and np.mean(kept) >= 0.9


@pytest.mark.slow
def test_prompted_instruments_are_recognised(nano):
    """At least twice as often as by chance, on half of the clips behind the card's figure."""
    heard = prompt_adherence(nano, per_lead=3)
    assert heard["accuracy"] >= 2 * heard["chance"]


@pytest.mark.slow
def test_clips_are_audible_and_do_not_clip(nano):
    """Some pieces begin with seconds of near silence (see the card), so 6 clips of 8 suffice."""
    heard = [
        measure.measure(perform(nano, f"{lead} melody", seed=seed, seconds=4.0), nano.sample_rate)
        for seed, lead in enumerate(INSTRUMENTS)
    ]
    assert sum(take.silence_share < 0.5 for take in heard) >= 6
    assert max(take.clipped_share for take in heard) < 0.01
