"""Holding the beat: the held values, their exactness in hidden states, and training."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from musicrfm.data.clips import ClipSet
from musicrfm.data.composed import music_clips
from musicrfm.directions import Direction
from musicrfm.errors import MusicRFMError
from musicrfm.evaluation.calibrate import calibrate
from musicrfm.evaluation.perform import Setting
from musicrfm.model import MusicModel
from musicrfm.runtime import decoder
from musicrfm.steering.beat import KIND, Beat, coefficient_for, is_beat
from musicrfm.steering.steering import Steering
from musicrfm.stream import MusicStream
from musicrfm.training.beat import Beats, clicks, composed, fit
from musicrfm.training.telling import told_of_beat

RATE = 32_000


def direction(layers: int = 4, width: int = 16, name: str = "tempo", **about: object) -> Direction:
    vectors = torch.randn(layers, 3, width, generator=torch.Generator().manual_seed(5))
    beat = {
        "centre": 100.0,
        "spread": 0.3,
        "strength": 2.0,
        "lengths": np.full((layers, 3), 1.5).tolist(),
        "rest": np.full((layers, 3), 0.1).tolist(),
        **about,
    }
    ends = [math.log(60 / 100) / 0.3, math.log(180 / 100) / 0.3]
    meta = {"concept": "tempo", "kind": KIND, "range": ends, "beat": beat}
    meta["model"] = "tiny"
    return Direction(name, vectors, torch.ones(layers), meta)


def of_model(model: MusicModel, name: str = "tempo") -> Direction:
    return direction(model.layers, model.width, name)


def bpm_at(tempo: Direction, coefficient: float) -> float:
    return Beat.of(tempo).bpm(tempo.raw(coefficient))


def test_coefficient_maps_to_a_tempo() -> None:
    tempo = direction()
    assert is_beat(tempo)
    assert bpm_at(tempo, 1.0) == pytest.approx(180)
    for bpm in (45.0, 99.0, 101.0, 200.0):
        assert bpm_at(tempo, coefficient_for(tempo, bpm)) == pytest.approx(bpm)
    assert coefficient_for(tempo, 100.0) != 0  # 0 is off
    assert bpm_at(tempo, 100.0) == 400 and bpm_at(tempo, -100.0) == 20


def test_offset_rotates_once_per_beat() -> None:
    beat = Beat.of(direction())
    at = [beat.offset(120.0, beats) for beats in (0.0, 0.25, 0.5, 1.0, 7.5)]
    np.testing.assert_allclose(at[0], at[3], atol=1e-6)
    np.testing.assert_allclose(at[2], at[4], atol=1e-5)
    np.testing.assert_allclose(at[0] - at[2], 2 * 2.0 * beat.vectors[:, 1], atol=1e-5)
    np.testing.assert_allclose(
        at[1] - (at[0] + at[2]) / 2, 2.0 * beat.vectors[:, 2], rtol=1e-4, atol=1e-5
    )
    faster = beat.offset(240.0, 0.0) - at[0]
    np.testing.assert_allclose(faster, math.log(2) / 0.3 * beat.vectors[:, 0], rtol=1e-4, atol=1e-5)


def test_hidden_states_hold_exactly_the_beat_values(
    model: MusicModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After every block, the projection on the beat vectors equals the held values."""
    tempo = of_model(model)
    stream = MusicStream(model, "a tune", seed=1)
    stream.steering.add(tempo, 0.5)
    beat = Beat.of(tempo)
    states: list[tuple[torch.Tensor, torch.Tensor]] = []

    def watched(x: torch.Tensor, offset: torch.Tensor, *others: object) -> None:
        pushed(x, offset, *others)
        states.append((x.clone(), offset.clone()))

    pushed = decoder.pushed
    monkeypatch.setattr(decoder, "pushed", watched)
    next(iter(stream))
    frame = len(states) // model.layers - 1
    bpm = bpm_at(tempo, 0.5)
    told = torch.from_numpy(beat.offset(bpm, frame * bpm / 60 / model.frame_rate))
    for layer, (state, offset) in enumerate(states[-model.layers :]):
        basis = torch.from_numpy(beat.basis[layer])
        torch.testing.assert_close(offset[0, 0], told[layer], atol=1e-4, rtol=1e-4)
        along = state[:, -1] @ basis.T
        expected = (basis @ told[layer]).expand_as(along)
        torch.testing.assert_close(along, expected, atol=1e-3, rtol=1e-3)


def test_beat_phase_continues_across_tempo_changes() -> None:
    steering = Steering(4, 16, frame_rate=50.0)
    tempo = direction()
    steering.add(tempo, coefficient_for(tempo, 120.0))
    beat = Beat.of(tempo)
    for frame in range(26):
        offset = steering.offset(frame)
    np.testing.assert_allclose(offset.numpy(), beat.offset(120.0, 25 * 2 / 50), atol=1e-4)
    steering.set("tempo", coefficient_for(tempo, 60.0))
    offset = steering.offset(26)
    np.testing.assert_allclose(offset.numpy(), beat.offset(60.0, 1 + 1 / 50), atol=1e-4)
    assert steering.basis is not None
    steering.set("tempo", 0.0)
    assert steering.offset(27) is steering.nothing and steering.basis is None


def test_restored_state_restores_the_beat_phase() -> None:
    steering = Steering(4, 16, frame_rate=50.0)
    steering.add(direction(), 0.4)
    for frame in range(10):
        steering.offset(frame)
    before = steering.state
    first = [steering.offset(frame).clone() for frame in range(10, 20)]
    steering.state = before
    again = [steering.offset(frame) for frame in range(10, 20)]
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))


def test_note_and_beat_offsets_add_up() -> None:
    steering = Steering(4, 16, frame_rate=50.0)
    steering.add(direction(), 0.4)
    alone = steering.offset(0).clone()
    note = Direction(
        "note_C", torch.ones(4, 1, 16), torch.ones(4), {"model": "tiny", "range": [0, 2]}
    )
    other = Steering(4, 16, frame_rate=50.0)
    other.add(direction(), 0.4)
    other.add(note, 1.0)
    both = other.offset(0)
    torch.testing.assert_close(both - alone, 2.0 * note.vectors[:, 0])
    assert other.basis is not None


def test_only_one_beat_can_be_held() -> None:
    steering = Steering(4, 16)
    steering.add(direction(), 0.4)
    steering.add(direction(), 0.2)  # the same again replaces it
    with pytest.raises(MusicRFMError, match="'tempo' already holds a beat: remove it"):
        steering.add(direction(name="pulse"))


@pytest.mark.parametrize(
    ("about", "words"),
    [
        ({"centre": 0.0}, "damaged beat"),
        ({"spread": -1.0}, "damaged beat"),
        ({"lengths": [[1.0]]}, "damaged beat"),
        ({"rest": [[math.nan] * 3] * 4}, "damaged beat"),
        ({"strength": "much"}, "has no valid description of its beat"),
        ({"rest": "none"}, "has no valid description of its beat"),
    ],
)
def test_a_damaged_beat_is_refused(about: dict, words: str) -> None:
    with pytest.raises(MusicRFMError, match=words):
        Steering(4, 16).add(direction(**about))


def test_direction_without_a_beat_is_refused() -> None:
    note = Direction("note_C", torch.ones(4, 1, 16), torch.ones(4), {"model": "tiny"})
    with pytest.raises(MusicRFMError, match="'note_C' holds no beat"):
        Beat.of(note)


def test_a_beat_is_listened_to_at_its_ends_and_keeps_its_range(model: MusicModel) -> None:
    direction = of_model(model)
    setting = Setting(prompts=("a tune",), seeds=(0, 1), seconds=1.0)

    def play(*_, changes=(), **__) -> np.ndarray:
        """Clicks at the tempo told, at 100 BPM if none is told."""
        told = [Beat.of(d).bpm(raw) for _, d, raw in changes if d.meta.get("method") != "random"]
        bpm = told[0] if told else 100.0
        sound = np.zeros((32_000 * 12, 1), np.float32)
        for beat in np.arange(0, 12, 60 / bpm):
            at = round(beat * 32_000)
            sound[at : at + 3200, 0] += np.sin(np.arange(3200)[: len(sound) - at] * 0.2)
        return sound

    found = calibrate(model, direction, setting=setting, draws=2, play=play)
    assert found.range == direction.range and found.curve == 1.0
    low, high = direction.range
    points = {p.coefficient: p for p in found.confirmed.response.points}
    assert sorted(points) == pytest.approx([low, low / 2, 0, high / 2, high])
    assert points[high].value == pytest.approx(Beat.of(direction).bpm(high), rel=0.05)
    assert found.control is not None and found.control.coefficient == high
    assert found.control.effect.value == pytest.approx(80, rel=0.1) and not found.remarks


def test_held_beat_changes_the_music_and_keeps_it_finite(model: MusicModel) -> None:
    stream = MusicStream(model, "a tune", seed=1)
    stream.steering.add(of_model(model), 0.0)
    plain = MusicStream(model, "a tune", seed=1)
    chunks, others = iter(stream), iter(plain)
    assert all(np.array_equal(next(chunks), next(others)) for _ in range(3))
    stream.steering.set("tempo", 0.7)
    held = [next(chunks) for _ in range(12)]
    assert np.isfinite(held).all()
    assert not np.array_equal(np.concatenate(held), np.concatenate([next(others) for _ in held]))


def knowing(model: MusicModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """Replaces the model's hidden states by the true beat plus noise."""
    generator = torch.Generator().manual_seed(0)
    plane = torch.randn(model.layers, 3, model.width, generator=generator)

    def hidden_states(codes: torch.Tensor) -> torch.Tensor:
        bpm = float(codes[0, 0, 0])
        beats = (1 + torch.arange(300)) / 50 * bpm / 60
        says = torch.stack(
            [
                torch.full((300,), math.log(bpm / 100) / 0.3),
                torch.cos(2 * math.pi * beats),
                torch.sin(2 * math.pi * beats),
            ],
            1,
        )
        noise = torch.randn(model.layers, 300, model.width, generator=generator)
        return (says @ plane + 0.1 * noise + 4.0)[:, None]

    monkeypatch.setattr(model, "hidden_states", hidden_states)
    monkeypatch.setattr(
        model, "encode_audio", lambda audio, rate: torch.full((4, 300), float(audio[0]))
    )
    model.plane = plane


def test_training_recovers_the_beat_vectors(
    checkpoint, monkeypatch: pytest.MonkeyPatch, tmp_path
) -> None:
    model = MusicModel.load(checkpoint, device="cpu")
    knowing(model, monkeypatch)
    tempi = np.geomspace(60, 180, 40)
    rows = [{"bpm": float(bpm), "offset_time": 0.0} for bpm in tempi]
    clips = ClipSet("c", rows, rows, {}, lambda row: (np.full(8, row["bpm"]), RATE))
    found = fit(model, clicks(clips), 40, data="clicks")
    assert found.layer_scores.min() > 0.9
    assert "clips: 32 to train, 8 to test" in told_of_beat(found)
    parts = found.meta["splits"]
    assert parts["train"]["clips"] == 32 and parts["test"] == {"clips": 8, "groups": 8}
    assert "hidden states of tiny encode the beat" in told_of_beat(found)
    for score, (low, high) in zip(found.layer_scores, found.meta["layer_intervals"], strict=True):
        assert 0.8 < low <= score + 1e-6 and score - 1e-6 <= high <= 1.001
    assert found.meta["verdict"] == "" and found.meta["data"] == {"name": "clicks", "clips": 40}
    beat = Beat.of(Direction.load(found.save(tmp_path / "tempo.safetensors"), model))
    assert beat.centre == pytest.approx(math.exp(np.log(tempi).mean()), rel=0.05)
    for mine, true in zip(beat.vectors[:, 1:], model.plane.numpy()[:, 1:], strict=True):
        cosine = (mine * true).sum(-1) / np.linalg.norm(mine, axis=-1)
        np.testing.assert_allclose(cosine / np.linalg.norm(true, axis=-1), 1.0, atol=0.02)
    assert bpm_at(found, -1.0) == pytest.approx(60, rel=0.1)
    assert bpm_at(found, 1.0) == pytest.approx(160, rel=0.1)


def test_insufficient_training_data_is_refused(model: MusicModel, monkeypatch) -> None:
    rows = [{"bpm": 100.0, "offset_time": 0.0}] * 10
    clips = ClipSet("c", rows, rows, {}, lambda row: (np.full(8, row["bpm"]), RATE))
    with pytest.raises(MusicRFMError, match="the knob range 180 to 60 BPM"):
        fit(model, clicks(clips), 10, knob=(180, 60))
    monkeypatch.setattr(
        "musicrfm.training.beat._heard",
        lambda m, clip, codes: (torch.randn(m.layers, 9, m.width), torch.ones(9, 3)),
    )
    with pytest.raises(MusicRFMError, match="8 clips with a beat are too few"):
        fit(model, clicks(clips), 10)
    many = ClipSet("c", rows * 3, rows * 3, {}, clips.hear)
    with pytest.raises(MusicRFMError, match="all clips have the same tempo"):
        fit(model, clicks(many), 30)


def test_composed_pieces_have_beat_times() -> None:
    clips = music_clips(2)
    for clip, row in zip(composed(clips), clips.rows, strict=True):
        assert isinstance(clip, Beats)
        assert len(clip.audio) == 6 * clip.sample_rate
        steps = np.diff(np.asarray(clip.seconds))
        np.testing.assert_allclose(steps, 60 / row["bpm"], rtol=1e-3)
        assert clip.seconds[0] < 0 < clip.seconds[-1]
