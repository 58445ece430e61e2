"""The recipe of the built-in model: what it composes, how it lays out codes, that it learns."""

from __future__ import annotations

import math
import random
import re

import numpy as np
import pytest
import torch
from transformers import EncodecModel

from musicrfm.nano import codec_training, lm_training, render, truths
from musicrfm.nano.compose import (
    DRUMS,
    INSTRUMENTS,
    MODES,
    compose,
    doubled,
    leaning,
    study,
    theory,
)


@pytest.fixture(scope="module")
def clips():
    return [compose(seed) for seed in range(400)]


def test_a_clip_is_a_function_of_its_seed():
    assert compose(7).midi() == compose(7).midi()
    assert compose(7).midi() != compose(8).midi()


def test_the_clips_cover_keys_modes_tempi_and_instruments(clips):
    music = [c for c in clips if c.kind == "music"]
    assert {c.tonic for c in music} == set(range(12))
    assert {c.mode for c in music} == set(MODES)
    assert {c.lead for c in music} == set(INSTRUMENTS)
    tempi = [c.bpm for c in music]
    assert min(tempi) < 70 and max(tempi) > 165 and all(60 <= t <= 180 for t in tempi)


def test_prompts_never_tell_key_or_tempo(clips):
    forbidden = re.compile(r"\d|bpm|\bkey\b|tempo|major|minor|dorian|\b[a-g](#|b| flat| sharp)\b")
    for clip in clips:
        assert not forbidden.search(clip.prompt.lower()), clip.prompt


def test_melodies_stay_in_key():
    for seed in range(60):
        clip = compose(seed)
        if clip.kind != "music" or len(clip.tempi) > 1 or clip.mode is None:
            continue
        first_bar = [n for n in clip.notes if n.channel == 0 and n.start < 2.0]
        scale = {(clip.tonic + step) % 12 for step in MODES[clip.mode]}
        assert {n.pitch % 12 for n in first_bar} <= scale


def test_rendering_sounds_the_written_pitch():
    clip = next(c for c in map(theory, range(100)) if c.kind == "note" and c.lead == "organ")
    audio = render.render(clip)
    assert audio.shape == (render.CLIP_SAMPLES,) and np.abs(audio).max() <= 0.95 + 1e-6
    piece = audio[8000 : 8000 + 32768] * np.hanning(32768)
    frequency = np.abs(np.fft.rfft(piece)).argmax() * render.SAMPLE_RATE / 32768
    pitch = 69 + 12 * math.log2(frequency / 440)
    assert abs(pitch - round(pitch)) < 0.2 and round(pitch) % 12 == clip.tonic


def test_an_interrupted_rendering_goes_on(tmp_path):
    render.render_set(tmp_path / "a", 3, 50, workers=1)
    render.render_set(tmp_path / "b", 2, 50, workers=1)
    with (tmp_path / "b" / "audio.i16").open("ab") as half_written:
        half_written.write(b"\0" * 100)
    render.render_set(tmp_path / "b", 3, 50, workers=1)
    (a, rows_a), (b, rows_b) = render.open_set(tmp_path / "a"), render.open_set(tmp_path / "b")
    assert np.array_equal(a, b) and rows_a == rows_b


def test_delay_pattern():
    codes = torch.arange(8).view(1, 4, 2)
    inputs, labels = lm_training.delayed(codes)
    s = lm_training.START
    assert inputs[0].tolist() == [
        [s, 0, 1, s, s],
        [s, s, 2, 3, s],
        [s, s, s, 4, 5],
        [s, s, s, s, 6],
    ]
    assert labels[0].tolist() == [
        [0, 1, -100, -100, -100],
        [-100, 2, 3, -100, -100],
        [-100, -100, 4, 5, -100],
        [-100, -100, -100, 6, 7],
    ]


def test_a_piece_leans_to_a_pitch_class_from_a_moment_on():
    piece = next(c for c in map(compose, range(100)) if c.kind == "music" and "drums" in c.prompt)
    moved = leaning(piece, [(0.0, (7, 0.0)), (5.0, (3, 1.0))], random.Random(0))
    for before, after in zip(piece.notes, moved.notes, strict=True):
        if before.channel == DRUMS or before.start < 5.0:
            assert after == before
        else:
            assert after.pitch % 12 == 3 and abs(after.pitch - before.pitch) <= 6
    half = leaning(piece, [(0.0, (3, 0.5))], random.Random(0))
    played = [n.pitch % 12 == 3 for n in half.notes if n.channel != DRUMS]
    assert 0.4 < np.mean(played) < 0.75


def test_a_lead_is_doubled_and_chords_keep_their_shape():
    piece = next(c for c in map(compose, range(100)) if c.prompt.startswith("solo"))
    both = doubled(piece, [(0.0, None), (6.0, 7)])
    above = both.notes[len(piece.notes) :]
    later = [n for n in piece.notes if n.start >= 6.0]
    assert [(n.start, n.pitch) for n in above] == [(n.start, n.pitch + 7) for n in later]
    studies = list(map(study, range(300)))
    assert all(c == study(seed) for seed, c in enumerate(studies[:20]))
    augmented = [_chords(filter(_is_music, c))[2] for c in (studies, map(compose, range(300)))]
    assert augmented[0] > 0.01 and augmented[1] == 0  # no scale has such chords


def _is_music(clip) -> bool:
    return clip.kind == "music"


def _chords(clips) -> np.ndarray:
    """The mean share of each quality of chord."""
    found = []
    for clip in clips:
        notes = [[n.start, n.start + n.length, n.pitch, n.channel] for n in clip.notes]
        row = {"beats": [], "notes": [n for n in notes if n[3] != DRUMS]}
        found.append(np.nanmean(truths.of(row, 100, 400)[0][:, truths.PARTS["chords"]], 0))
    return np.mean(found, 0)


def test_beats_are_where_the_drums_are():
    clip = next(
        c
        for c in map(compose, range(500))
        if c.kind == "music" and "drums" in c.prompt and len(c.tempi) > 2
    )
    kicks = [n.start for n in clip.notes if n.channel == 9 and n.pitch == 36]
    on_beat = [min(abs(k - b) for b in clip.beats) < 1e-6 for k in kicks]
    assert np.mean(on_beat) > 0.6 and np.diff(clip.beats).min() > 0.3


def test_beats_are_asked_for_when_they_can_be_heard():
    beats = [0.5 * i for i in range(9)] + [4 + 0.25 * i for i in range(1, 40)]
    true, audible = (found[:, :3] for found in truths.of({"beats": beats, "notes": []}, 50, 300))
    tempo = math.log(120 / 104) / 0.32
    assert true[0].tolist() == pytest.approx([tempo, 1.0, 0.0], abs=1e-5)
    assert true[19].tolist()[1:] == pytest.approx([0.0, -1.0], abs=0.15)  # 3/4 of a beat on
    assert np.isnan(audible[:100]).all() and audible[120, 0] == pytest.approx(tempo)
    assert np.isnan(audible[150:250]).all()  # a jump has to be heard first
    assert audible[251, 0] == pytest.approx(math.log(240 / 104) / 0.32)
    nothing, _ = truths.of({"beats": [], "notes": []}, 0, 10)
    assert np.isnan(nothing).all()


def test_harmony_is_told_before_it_comes_and_asked_for_after():
    lead = [[i, i + 1, pitch, 0] for i in range(4) for pitch in (60, 67)]  # a fifth on C
    triad = [[i, i + 1, pitch, 1] for i in range(4, 8) for pitch in (57, 60, 64)]  # A minor
    true, audible = truths.of({"beats": [], "notes": lead + triad}, 0, 400)
    fifth, minor = np.eye(12)[6], np.eye(4)[1]
    for now in (true[50], audible[200]):
        parts = {name: now[part] / truths.SCALE for name, part in truths.PARTS.items()}
        assert parts["intervals"] == pytest.approx(fifth)
        assert parts["notes"][[0, 7]] == pytest.approx([0.5, 0.5])
        assert parts["chords"] == pytest.approx(np.zeros(4))
    for now in (true[200], audible[350]):
        parts = {name: now[part] / truths.SCALE for name, part in truths.PARTS.items()}
        assert parts["chords"] == pytest.approx(minor)
        assert parts["notes"][[0, 4, 9]] == pytest.approx([1 / 3] * 3)
        assert parts["intervals"] == pytest.approx(np.zeros(12))
    assert true[160, truths.PARTS["chords"]][1] == pytest.approx(truths.SCALE * 35 / 75)
    assert np.isnan(audible[0, truths.HARMONY]).all()  # nobody has heard anything yet


def test_a_crop_is_told_whole_parts_or_pushed():
    rng = random.Random(0)
    true = np.zeros((100, truths.SIZE), np.float32)
    true[:, truths.PARTS["notes"].start + 4] = truths.SCALE  # nothing but E
    crops = [truths.told(rng, true) for _ in range(600)]
    for name, part in truths.PARTS.items():
        masks, pushes = ([crop[n][:, part] for crop in crops] for n in (0, 1))
        assert all((np.diff(m.astype(int), axis=0) >= 0).all() for m in masks)
        assert all((m.all(1) == m.any(1)).all() for m in masks)
        columns = [(p > 0).sum(1).max() for p in pushes]
        assert set(columns) <= {0, 1, 12 if name in truths.WHOLE else 1}
        whole = np.mean([n > 1 for n in columns if n] or [0.0])
        assert whole == pytest.approx(truths.WHOLE.get(name, 0.0), abs=0.08)
        assert not any((m.any() and p.any()) for m, p in zip(masks, pushes, strict=True))
        told = np.mean([m[-1, 0] for m in masks]) / (1 - truths.LEFT_ALONE)
        pushed = np.mean([p[-1].any() for p in pushes]) / (1 - truths.LEFT_ALONE)
        assert told == pytest.approx(truths.TOLD[name], abs=0.08)
        assert pushed == pytest.approx(truths.PUSHED.get(name, 0.0), abs=0.08)
    notes = np.array([push[-1, truths.PARTS["notes"]] for _, push in crops])
    notes = notes[(notes > 0).sum(1) < 2]
    assert notes[:, 4].max() > truths.PUSH[1] > np.delete(notes, 4, 1).max() > truths.PUSH[0]
    assert (notes[:, 4] > 0).mean() > 5 * (np.delete(notes, 4, 1) > 0).any(1).mean() / 2


def test_blocks_that_are_told_hold_it():
    class Block(torch.nn.Module):
        def forward(self, x):
            return 2 * x

    blocks = torch.nn.ModuleList([Block(), Block()])
    readouts = lm_training.Readouts(blocks, 8, 3)
    hidden = torch.randn(1, 3, 8, generator=torch.Generator().manual_seed(0))
    plain = blocks[0](hidden)
    torch.testing.assert_close(plain, 2 * hidden)
    nan = math.nan
    readouts.told = torch.tensor([[[1.5, 0.0, 1.0], [nan, nan, nan], [-0.5, nan, nan]]])
    moved = blocks[0](hidden)
    said, before = readouts[0](moved)[0], readouts[0](plain)[0]
    near = {"rtol": 0, "atol": 0.02}
    torch.testing.assert_close(said[0], torch.tensor([1.5, 0.0, 1.0]), **near)
    torch.testing.assert_close(said[2], torch.stack((torch.tensor(-0.5), *before[2, 1:])), **near)
    torch.testing.assert_close(moved[:, 1], plain[:, 1])  # nobody knows it there


def test_blocks_are_pushed_along_what_was_heard():
    """After some watching, a push of a share moves states as that share differs in them."""
    torch.manual_seed(0)
    readouts = lm_training.Readouts(torch.nn.ModuleList([torch.nn.Identity()]), 8)
    line, note = torch.randn(8), truths.PARTS["notes"].start
    for _ in range(400):
        heard = torch.randn(2, 100, truths.SIZE)
        readouts.seen[0] = 5 + heard[..., note, None] * line
        readouts.watch(heard, torch.ones(2, 100, dtype=torch.bool), rate=0.05)
    push = torch.zeros(1, 1, truths.SIZE)
    push[..., note] = 0.5
    readouts.pushed = push
    moved = readouts._tell(0, None, (), torch.zeros(1, 1, 8))
    torch.testing.assert_close(moved[0, 0], 0.5 * line, rtol=0, atol=0.15)
    before = readouts.covariance.clone()
    readouts.watch(heard, torch.zeros(2, 100, dtype=torch.bool))
    assert torch.equal(readouts.covariance, before)  # nothing was left alone


def test_tokenizer_knows_the_words_and_spells_the_rest():
    tokenizer = lm_training.make_tokenizer()
    known = tokenizer("energetic flute melody").input_ids
    assert len(known) == 4 and known[-1] == tokenizer.eos_token_id
    strange = tokenizer("xylophone").input_ids
    assert len(strange) == 1 + 1 + len("xylophone") and tokenizer.unk_token_id not in strange


def test_codebooks_follow_the_latents():
    torch.manual_seed(0)
    model = EncodecModel(codec_training.config())
    quantiser = codec_training.Quantiser(model)
    latents = torch.randn(3000, 64)
    quantiser.initialise(latents, rounds=2)
    batch = latents[:256].view(8, 32, 64).transpose(1, 2)
    out, commitment = quantiser(batch, train=False)
    assert (out - batch).square().mean() < 0.8 * batch.square().mean()
    before = commitment.item()
    for _ in range(30):
        quantiser(batch, train=True)
    assert quantiser(batch, train=False)[1].item() < before
    codes = model.quantizer.encode(batch, 2.0)
    again = model.quantizer.decode(codes)
    assert torch.allclose(again, quantiser(batch, train=False)[0], atol=1e-5)


def test_training_learns_and_resumes(tmp_path, monkeypatch):
    """A few clips and steps through every stage; a second call goes on, not back to the start."""
    render.render_set(tmp_path / "clips", 18, 0, workers=1)
    audio, rows = render.open_set(tmp_path / "clips")
    torch.manual_seed(0)
    budget = codec_training.Budget(autoencoder=6, quantised=2, decoder=2, batch=2)
    monkeypatch.setattr(codec_training, "_latents", lambda model, audio: torch.randn(2000, 64))
    codec = codec_training.train([audio], tmp_path, budget)
    again = codec_training.train([audio], tmp_path, budget)
    for a, b in zip(codec.state_dict().values(), again.state_dict().values(), strict=True):
        assert torch.equal(a, b)
    codes = lm_training.encode_set(codec, audio, tmp_path / "codes.npy", batch=9)
    assert codes.shape == (18, 4, 600) and codes.min() >= 0 and codes.max() < 1024
    lm_training.train(codes, rows, tmp_path, lm_training.Budget(steps=2, batch=2))
    lm_training.train(codes, rows, tmp_path, lm_training.Budget(steps=4, batch=2))
    assert torch.load(tmp_path / "lm.pt", weights_only=True)["step"] == 4
    lm_training.assemble(codec, tmp_path, tmp_path / "out")
    size = sum(f.stat().st_size for f in (tmp_path / "out").iterdir())
    assert size <= 24 * 2**20
