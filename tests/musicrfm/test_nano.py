"""The recipe of the built-in model: composed clips, code layout and training."""

from __future__ import annotations

import json
import math
import re
from functools import partial

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from transformers import EncodecModel

from musicrfm.checkpoints.finding import NANO
from musicrfm.data import render
from musicrfm.data.compose import EXERCISE, INSTRUMENTS, MODES, compose, single_notes, theory
from musicrfm.nano.recipe import codec as codecs
from musicrfm.nano.recipe import discriminator, draws, language, truths
from musicrfm.nano.recipe.translate import translate


@pytest.fixture(scope="module")
def clips():
    return [compose(seed) for seed in range(400)]


def test_composed_clip_depends_only_on_the_seed():
    assert compose(7).midi() == compose(7).midi()
    assert compose(7).midi() != compose(8).midi()


def test_the_clips_cover_keys_modes_tempi_and_instruments(clips):
    music = [c for c in clips if c.kind == "music"]
    assert {c.tonic for c in music} == set(range(12))
    assert {c.mode for c in music} == set(MODES)
    assert {c.lead for c in music} == set(INSTRUMENTS)
    tempi = [c.bpm for c in music]
    assert min(tempi) < 70 and max(tempi) > 165 and all(60 <= t <= 180 for t in tempi)


def test_prompts_contain_no_key_or_tempo(clips):
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


def test_rendering_has_the_written_pitch():
    clip = next(c for c in map(theory, range(100)) if c.kind == "note" and c.lead == "organ")
    audio = render.render(clip)
    assert (
        audio.shape == (clip.seconds * render.SAMPLE_RATE,) and np.abs(audio).max() <= 0.95 + 1e-6
    )
    piece = audio[8000 : 8000 + 32768] * np.hanning(32768)
    frequency = np.abs(np.fft.rfft(piece)).argmax() * render.SAMPLE_RATE / 32768
    pitch = 69 + 12 * math.log2(frequency / 440)
    assert abs(pitch - round(pitch)) < 0.2 and round(pitch) % 12 == clip.tonic


@pytest.mark.slow
def test_interrupted_rendering_resumes(tmp_path):
    render.render_set(tmp_path / "a", 3, 50, compose, workers=1)
    render.render_set(tmp_path / "b", 2, 50, compose, workers=1)
    with (tmp_path / "b" / "audio.i16").open("ab") as half_written:
        half_written.write(b"\0" * 100)
    render.render_set(tmp_path / "b", 3, 50, compose, workers=1)
    (a, rows_a), (b, rows_b) = render.open_set(tmp_path / "a"), render.open_set(tmp_path / "b")
    assert np.array_equal(a, b) and rows_a == rows_b


def test_delay_pattern():
    codes = torch.arange(8).view(1, 4, 2)
    inputs, labels = language.delayed(codes)
    s = language.START
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


def test_bass_drum_falls_mostly_on_the_beats():
    clip = next(
        c
        for c in map(compose, range(500))
        if c.kind == "music" and "drums" in c.prompt and len(c.tempi) > 2
    )
    kicks = [n.start for n in clip.notes if n.channel == 9 and n.pitch == 36]
    on_beat = [min(abs(k - b) for b in clip.beats) < 1e-6 for k in kicks]
    assert np.mean(on_beat) > 0.6 and np.diff(clip.beats).min() > 0.3


def test_beat_labels_start_once_the_tempo_is_audible():
    beats = [0.5 * i for i in range(9)] + [4 + 0.25 * i for i in range(1, 40)]
    true, audible = (labels[0] for labels in truths.beats_in([{"beats": beats}], [50], 300))
    tempo = math.log(120 / 104) / 0.32
    assert true[0].tolist() == pytest.approx([tempo, 1.0, 0.0], abs=1e-5)
    assert true[19].tolist()[1:] == pytest.approx([0.0, -1.0], abs=0.15)  # 3/4 of a beat on
    assert audible[:100].isnan().all() and audible[120, 0].item() == pytest.approx(tempo)
    assert audible[150:250].isnan().all()  # after a tempo change, some beats must pass first
    assert audible[251, 0].item() == pytest.approx(math.log(240 / 104) / 0.32)
    nothing, _ = truths.beats_in([{"beats": []}], [0], 10)
    assert nothing.isnan().all()


def test_blocks_hold_the_known_beat_values():
    class Block(torch.nn.Module):
        def forward(self, x):
            return 2 * x

    torch.manual_seed(0)
    blocks = torch.nn.ModuleList([Block(), Block()])
    readouts = truths.Readouts(blocks, 8, 3)
    hidden = torch.randn(1, 3, 8, generator=torch.Generator().manual_seed(0))
    plain = blocks[0](hidden)
    torch.testing.assert_close(plain, 2 * hidden)
    nan = math.nan
    readouts.told = torch.tensor([[[1.5, 0.0, 1.0], [nan, nan, nan], [-0.5, nan, nan]]])
    moved = blocks[0](hidden)
    said, before = readouts[0](moved)[0], readouts[0](plain)[0]
    torch.testing.assert_close(said[0], torch.tensor([1.5, 0.0, 1.0]))
    torch.testing.assert_close(said[2], torch.stack((torch.tensor(-0.5), *before[2, 1:])))
    torch.testing.assert_close(moved[:, 1], plain[:, 1])  # unknown there


def test_bar_and_pitch_labels_are_true_at_every_position():
    notes = [[0.0, 1.0, 48, 2], [0.0, 2.0, 64, 0], [1.0, 1.0, 67, 0], [3.0, 0.1, 36, 9]]
    row = {"beats": [0.5 * i for i in range(13)], "bars": [0, 1.5, 3.0, 4.5, 6.0], "notes": notes}
    true, audible = (labels[0] for labels in truths.truths([row], [25], 250))

    def at(second: float) -> torch.Tensor:
        return true[round(second * 50) - 25]

    def sounding(values: torch.Tensor) -> list[int]:
        return [i for i, value in enumerate(values.tolist()) if value == 1]

    assert at(1.5)[truths.BAR].tolist() == pytest.approx([1.0, 0.0], abs=1e-5)
    assert at(2.25)[truths.BAR].tolist() == pytest.approx([-1.0, 0.0], abs=0.05)
    assert at(2.0)[truths.METRE].item() == 1
    assert sounding(at(0.7)[truths.PITCHES]) == [0, 4] and sounding(at(0.7)[truths.BASS]) == [0]
    assert sounding(at(1.5)[truths.PITCHES]) == [4, 7] and sounding(at(1.5)[truths.BASS]) == [4]
    assert sounding(at(2.5)[truths.BASS]) == [] and at(2.5)[truths.PARTS].item() == -2
    assert [at(t)[truths.DRUMMED].item() for t in (2.9, 3.5, 4.2)] == [-1, 1, -1]
    assert at(0.7)[truths.PARTS].item() == 0
    assert audible[: truths.BAR_HEARD, truths.BAR].isnan().all()
    nothing, _ = truths.truths([{"beats": []}], [0], 10)
    assert nothing.isnan().all()


def test_tokenizer_knows_the_words_and_spells_the_rest():
    tokenizer = language.make_tokenizer()
    known = tokenizer("energetic flute melody").input_ids
    assert len(known) == 4 and known[-1] == tokenizer.eos_token_id
    strange = tokenizer("xylophone").input_ids
    assert len(strange) == 1 + 1 + len("xylophone") and tokenizer.unk_token_id not in strange


def test_exercise_prompts_differ_from_music_prompts():
    assert {theory(seed).prompt for seed in range(50)} == {EXERCISE} == {single_notes(3).prompt}
    assert not any(EXERCISE in compose(s).prompt for s in range(200) if compose(s).kind == "music")


@pytest.mark.slow
def test_discriminator_separates_noise_from_tones_with_a_balanced_gradient():
    torch.manual_seed(0)
    judge = discriminator.Discriminator()
    at = torch.arange(8000) / 32000
    tones = torch.stack([torch.sin(2 * math.pi * f * at) for f in (220.0, 440.0)]) * 0.3
    noise = 0.1 * torch.randn(2, 8000)
    for _ in range(40):
        judge.learn(tones, noise)
    real, made = (np.mean([v[-1].mean().item() for v in judge(x)]) for x in (tones, noise))
    assert real > made + 0.1
    out = noise.clone().requires_grad_()
    close = (out - tones).square().mean()
    length = torch.autograd.grad(close, out, retain_graph=True)[0].norm()
    discriminator.balanced(close, judge.wish(tones, out), out)
    assert out.grad is not None
    share = (out.grad - 2 * (noise - tones) / noise.numel()).norm() / length
    assert share.item() == pytest.approx(discriminator.SHARE, rel=1e-3)


def test_codebooks_adapt_to_the_latents():
    torch.manual_seed(0)
    model = EncodecModel(codecs.config())
    quantiser = codecs.Quantiser(model)
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


@pytest.mark.slow
def test_training_stages_run_and_resume(tmp_path, monkeypatch):
    """A few clips and steps through every stage; a second call resumes."""
    render.render_set(tmp_path / "clips", 18, 0, partial(compose, seconds=17.0), workers=1)
    audio, rows = render.open_set(tmp_path / "clips")
    torch.manual_seed(0)
    budget = codecs.Budget(autoencoder=6, quantised=2, decoder=2, batch=2)
    monkeypatch.setattr(codecs, "_latents", lambda *_: torch.randn(2000, 64))
    codec = codecs.train([audio], [1.0], tmp_path, budget)
    again = codecs.train([audio], [1.0], tmp_path, budget)
    for a, b in zip(codec.state_dict().values(), again.state_dict().values(), strict=True):
        assert torch.equal(a, b)
    codes = language.encode_set(codec, audio[:2], tmp_path / "codes.npy", batch=2)
    assert codes.shape == (2, 4, 850) and codes.min() >= 0 and codes.max() < 1024
    codes = np.tile(codes, (9, 1, 1))
    language.train(codes, rows, tmp_path, language.Budget(steps=2, batch=2))
    language.train(codes, rows, tmp_path, language.Budget(steps=4, batch=2))
    assert torch.load(tmp_path / "lm.pt", weights_only=True)["step"] == 4
    language.assemble(codec, tmp_path, tmp_path / "out")
    size = sum(f.stat().st_size for f in (tmp_path / "out").iterdir())
    assert size <= 24 * 2**20


@pytest.mark.slow
def test_further_training_keeps_the_codes_of_its_start(tmp_path):
    render.render_set(tmp_path / "clips", 18, 0, partial(compose, seconds=9.0), workers=1)
    audio, rows = render.open_set(tmp_path / "clips")
    codes = np.random.default_rng(0).integers(0, 1024, (18, 4, 450), dtype=np.int16)
    language.train(codes, rows, tmp_path, language.Budget(2, 1, 1e-2), start=NANO)
    prompts = [row["prompt"] for row in rows]
    drawn = draws.draw(tmp_path, codes, prompts, start=NANO)
    assert np.array_equal(draws.draw(tmp_path, codes, [], start=NANO), drawn)  # kept
    old = codecs.load(NANO)
    heard = draws.Drawn(audio, codes, drawn, audio, draws.likeness(old, codes, drawn))
    budget = codecs.Budget(decoder=2, batch=1)
    new = codecs.train([audio], [1.0], tmp_path, budget, start=old, drawn=heard.crops)
    language.assemble(new, tmp_path, tmp_path / "out", NANO)
    before = load_file(NANO / "model.safetensors")
    after = load_file(tmp_path / "out" / "model.safetensors")
    kept = {
        n for n in before if n.startswith(("audio_encoder.encoder.", "audio_encoder.quantizer."))
    }
    assert kept and all(torch.equal(before[name], after[name]) for name in kept)
    for part in ("text_encoder.", "decoder.", "audio_encoder.decoder."):
        names = [name for name in before if name.startswith(part)]
        assert any(
            before[n].shape != after[n].shape or not torch.equal(before[n], after[n]) for n in names
        )


def test_language_model_is_carried_over_to_renamed_codes():
    model, codes = language.make_model(40), np.random.default_rng(0).integers(0, 1024, (8, 4, 9000))
    renamed = np.random.default_rng(1).permutation(1024)
    tables = [
        [t.weight.detach().clone() for t in (*model.decoder.model.decoder.embed_tokens,)],
        [t.weight.detach().clone() for t in model.decoder.lm_heads],
    ]
    translate(model, codes, renamed[codes])
    now = [model.decoder.model.decoder.embed_tokens, model.decoder.lm_heads]
    for before, after in zip(tables, now, strict=True):
        for old, new in zip(before, after, strict=True):
            found, wanted = new.weight[:1024][renamed], old[:1024]
            assert (found - wanted).norm() < 0.1 * wanted.norm()
            assert torch.equal(new.weight[1024:], old[1024:])  # the code that begins a piece


@pytest.mark.slow
def test_renewed_codec_begins_with_the_codes_of_its_start(tmp_path):
    render.render_set(tmp_path / "clips", 18, 0, partial(compose, seconds=9.0), workers=1)
    audio, rows = render.open_set(tmp_path / "clips")
    old = codecs.load(NANO)
    before = language.encode_set(old, audio, tmp_path / "before.npy")
    budget = codecs.Budget(quantised=2, batch=1, learning_rate=1e-5)
    new = codecs.train([audio], [1.0], tmp_path, budget, "cpu", "quantised", old, renew=True)
    codes = language.encode_set(new, audio, tmp_path / "codes.npy")
    assert 0.3 < (codes[:, 0] == before[:, 0]).mean() < 1
    losses = []
    for first in (None, before):
        folder = tmp_path / str(first is None)
        folder.mkdir()
        language.train(codes, rows, folder, language.Budget(1, 1, 1e-6), "cpu", NANO, first)
        losses.append(json.loads((folder / "lm.jsonl").read_text())["held_out"])
    assert all(map(math.isfinite, losses))


def test_drawn_codes_replace_those_that_sound_alike():
    torch.manual_seed(0)
    codec = EncodecModel(codecs.config()).eval()
    codecs.Quantiser(codec).initialise(torch.randn(3000, 64), rounds=1)
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 1024, (3, 4, 100), dtype=np.int16)
    drawn = codes.copy()
    drawn[:, 3, ::2] = (drawn[:, 3, ::2] + 1) % 1024  # a detail of every second frame
    drawn[:, :, 1::10] = rng.integers(0, 1024, drawn[:, :, 1::10].shape)  # other notes
    clips = rng.integers(-9000, 9000, (3, 64_000), dtype=np.int16)
    detail = draws.likeness(codec, codes, np.where(codes == drawn, codes, drawn))
    heard = draws.Drawn(clips, codes, drawn, clips, detail)
    sound, latents = heard.crops(codec, 40, 20, np.random.default_rng(1))
    assert sound.shape == (40, 1, 20 * 640) and latents.shape == (40, 64, 20)
    every = codec.quantizer.decode(torch.from_numpy(codes.astype(np.int64)).transpose(0, 1))
    other = codec.quantizer.decode(torch.from_numpy(drawn.astype(np.int64)).transpose(0, 1))
    found = dict.fromkeys(("true", "detail", "note"), 0)
    for crop in latents.transpose(1, 2).reshape(-1, 64):
        true = (every - crop[None, :, None]).abs().amax(1) < 1e-4
        new = (other - crop[None, :, None]).abs().amax(1) < 1e-4
        places = (new & ~true).nonzero()[:, 1].tolist()
        found["true"] += bool(true.any())
        found["detail"] += any(p % 10 != 1 for p in places)
        found["note"] += any(p % 10 == 1 for p in places)
    assert found["true"] > 200 and found["detail"] > 50 and found["note"] == 0
