"""Knobs: what they do to the offset, from any thread, and that hooks would do the same."""

from __future__ import annotations

import math
import threading

import numpy as np
import pytest
import torch

from musicrfm.directions import Direction
from musicrfm.errors import MusicRFMError
from musicrfm.layers import layer_weights
from musicrfm.model import MusicModel
from musicrfm.schedules import parse_schedule
from musicrfm.steering import Steering
from musicrfm.stream import MusicStream
from tests.hf import generate

LAYERS, WIDTH = 4, 8
SCORES = np.array([0.5, 0.9, 0.7, 0.6])


def make(name: str = "note_C", seed: int = 0, **meta: object) -> Direction:
    generator = torch.Generator().manual_seed(seed)
    vectors = torch.randn(LAYERS, 2, WIDTH, generator=generator)
    return Direction(name, vectors, torch.from_numpy(SCORES), meta)


@pytest.fixture
def steering() -> Steering:
    steering = Steering(LAYERS, WIDTH, "tiny")
    steering.add(make("note_C#", model="tiny", range=[-2, 4]))
    return steering


def amounts(steering: Steering, frame: int = 0, name: str = "note_Cs") -> np.ndarray:
    """How far each layer is pushed along the direction."""
    vectors = steering.get(name).direction.vectors[:, 0]
    return (steering.offset(frame) * vectors).sum(1).numpy()


def test_one_is_the_top_of_the_range(steering: Steering) -> None:
    assert not steering.offset(0).any()
    steering.set("note_Db", 0.5)
    assert torch.allclose(steering.offset(0), 2.0 * steering.get("note_Cs").direction.vectors[:, 0])
    steering.set("note_C#", -1.0)
    assert np.allclose(amounts(steering), -4.0)


def test_directions_add_up(steering: Steering) -> None:
    tempo = make("tempo", seed=1)
    steering.add(tempo, 3.0, component=1)
    steering.set("note_Cs", 0.25)
    expected = steering.get("note_Cs").direction.vectors[:, 0] + 3.0 * tempo.vectors[:, 1]
    assert torch.allclose(steering.offset(0), expected, atol=1e-6)
    steering.remove("note_C#")
    assert steering.names() == ["tempo"]
    assert torch.allclose(steering.offset(1), 3.0 * tempo.vectors[:, 1], atol=1e-6)


def test_the_offset_is_made_anew_only_when_something_changes(steering: Steering) -> None:
    steering.set("note_Cs", 1.0)
    first = steering.offset(0)
    assert steering.offset(1) is first
    steering.set("note_Cs", 1.1)
    second = steering.offset(2)
    assert second is not first and torch.allclose(first * 1.1, second)


def test_layer_weights() -> None:
    assert layer_weights("all", SCORES).tolist() == [1, 1, 1, 1]
    assert layer_weights("top:1", SCORES).tolist() == [0, 1, 0, 0]
    assert layer_weights("top:3", SCORES).tolist() == [0, 1, 1, 1]
    assert layer_weights("top:4", SCORES).tolist() == [1, 1, 1, 1]
    assert np.allclose(layer_weights("exp:2,0.5", SCORES), 2 * np.array([0, 1, 0.25, 0.0625]))
    assert np.allclose(layer_weights("exp:1,0.95", np.full(3, 0.4)), 1)


@pytest.mark.parametrize(
    "spec",
    [
        *("none", "all:2", "top", "top:0", "top:5", "top:1.5", "top:-1", "top:x"),
        *("exp", "exp:1", "exp:1;2", "exp:nan,1", "exp:1,0", "exp:1,-1"),
    ],
)
def test_unusable_layers(spec: str, steering: Steering) -> None:
    with pytest.raises(MusicRFMError, match="top:K"):
        steering.set_layers("note_Cs", spec)
    assert steering.get("note_Cs").layers == "all"


def test_layers_change_what_is_pushed(steering: Steering) -> None:
    steering.set("note_Cs", 0.25)
    steering.set_layers("note_Cs", "exp:2,0.5")
    assert np.allclose(amounts(steering), [0, 2, 0.5, 0.125], atol=1e-6)
    steering.set_layers("note_Cs", "top:2")
    assert np.allclose(amounts(steering), [0, 1, 1, 0], atol=1e-6)


def test_schedules() -> None:
    assert parse_schedule("constant").factor(1000) == 1.0
    assert parse_schedule("exponential:0.1").factor(0) == 1.0
    assert parse_schedule("exponential:0.1").factor(20) == pytest.approx(math.exp(-2))
    assert parse_schedule("exponential:0.1").factor(100_000) == 0.0
    assert [parse_schedule("linear:4").factor(step) for step in range(6)] == [
        1,
        0.75,
        0.5,
        0.25,
        0,
        0,
    ]


@pytest.mark.parametrize(
    "spec",
    ["", "constant:1", "exponential", "exponential:-1", "exponential:inf", "linear:0", "linear:x"],
)
def test_unusable_schedules(spec: str, steering: Steering) -> None:
    with pytest.raises(MusicRFMError, match="linear:STEPS"):
        steering.set_schedule("note_Cs", spec)


def test_a_schedule_starts_when_it_is_set(steering: Steering) -> None:
    steering.add(make("tempo", seed=1), 1.0, schedule="linear:10")
    steering.set("note_Cs", 0.25)
    steering.offset(100)  # the first frame that sees the schedule
    assert np.allclose(amounts(steering, 105, "tempo") - amounts(steering, 110, "tempo"), 0.5)
    steering.set_schedule("note_Cs", "linear:4")
    steering.remove("tempo")
    assert [amounts(steering, frame)[0] for frame in (200, 201, 203, 204, 300)] == pytest.approx(
        [1, 0.75, 0.25, 0, 0]
    )
    steering.set("note_Cs", 0.5)  # turning the knob does not start it again
    assert amounts(steering, 301)[0] == 0
    steering.set_schedule("note_Cs", "linear:4")
    assert [amounts(steering, frame)[0] for frame in (302, 303)] == pytest.approx([2, 1.5])
    assert amounts(steering, 0)[0] == pytest.approx(2)  # a new piece begins


def test_injection_is_drawn_from_seed_and_frame(steering: Steering) -> None:
    steering.set("note_Cs", 0.25)
    steering.set_inject("note_Cs", 0.3)
    drawn = np.stack([amounts(steering, frame) for frame in range(2000)])
    again = Steering(LAYERS, WIDTH)
    again.add(make("other", seed=2), 0.0, inject=0.5)
    again.add(make("note_Cs", range=[0, 4]), 0.25, inject=0.3)
    for frame in (1999, 5, 0):
        assert torch.equal(again.offset(frame), steering.offset(frame))
    pushed = np.isclose(drawn, 1.0, atol=1e-5)
    assert (pushed | np.isclose(drawn, 0.0, atol=1e-5)).all()
    assert np.allclose(pushed.mean(0), 0.3, atol=0.04)
    assert abs(np.corrcoef(pushed.T) - np.eye(LAYERS)).max() < 0.1
    seeds = [steering.offset(0, seed) for seed in range(20)]
    assert any(not torch.equal(seeds[0], other) for other in seeds)
    steering.set_inject("note_Cs", 0.0)
    assert not steering.offset(0).any()


def test_refusals(steering: Steering) -> None:
    for bad in (float("nan"), float("inf"), "loud", None):
        with pytest.raises(MusicRFMError, match="not a finite number"):
            steering.set("note_Cs", bad)
    for bad in (-0.1, 1.1, float("nan"), "often"):
        with pytest.raises(MusicRFMError, match="from 0 to 1"):
            steering.set_inject("note_Cs", bad)
    changes = (
        lambda: steering.set("note_D", 1.0),
        lambda: steering.set_inject("note_D", 1.0),
        lambda: steering.set_layers("note_D", "all"),
        lambda: steering.set_schedule("note_D", "constant"),
        lambda: steering.remove("note_D"),
        lambda: steering.get("note_D"),
    )
    for change in changes:
        with pytest.raises(MusicRFMError, match=r"no direction 'note_D'.*added: note_Cs"):
            change()
    with pytest.raises(MusicRFMError, match="'other' and means nothing to 'tiny'"):
        steering.add(make("tempo", model="other"))
    with pytest.raises(MusicRFMError, match="but the model has 4 of width 8"):
        steering.add(Direction("tempo", torch.ones(3, 1, WIDTH), torch.ones(3)))
    with pytest.raises(MusicRFMError, match="no component 2: give 0 to 1"):
        steering.add(make("tempo"), component=2)
    assert steering.names() == ["note_Cs"]
    assert steering.get("note_Cs").coefficient == 0.0


def test_threads_do_not_lose_changes(steering: Steering) -> None:
    names = [f"knob_{i}" for i in range(4)]

    def turn(name: str) -> None:
        steering.add(make(name))
        for step in range(300):
            steering.set(name, step)
            steering.set_inject(name, step / 300)
        steering.set_inject(name, 1.0)

    threads = [threading.Thread(target=turn, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for frame in range(300):
        assert steering.offset(frame).isfinite().all()
    for thread in threads:
        thread.join()
    assert [steering.get(name).coefficient for name in names] == [299.0] * 4
    together = sum(299.0 * steering.get(name).direction.vectors[:, 0] for name in names)
    assert torch.allclose(steering.offset(1000), together, rtol=1e-4, atol=1e-3)


# ---- on a model ----


def directions(model: MusicModel) -> list[Direction]:
    generator = torch.Generator().manual_seed(5)
    scores = torch.rand(model.layers, generator=generator)
    return [
        Direction(
            name,
            torch.randn(model.layers, 1, model.width, generator=generator),
            scores,
            {"model": model.name, "range": [0, 3]},
        )
        for name in ("note_C", "tempo")
    ]


@pytest.mark.parametrize("guidance_scale", [1.0, 3.0])
def test_equals_forward_hooks(model: MusicModel, guidance_scale: float) -> None:
    """The published way: a hook on every layer of the Hugging Face decoder adds the vectors."""
    note, tempo = directions(model)
    frames = 40
    stream = MusicStream(model, "piano", top_k=1, guidance_scale=guidance_scale)
    unsteered = stream.generate(frames)
    stream.steering.add(note, 0.8, layers="exp:1.5,0.9")
    stream.steering.add(tempo, -0.4, schedule="exponential:0.05", inject=0.5)
    plan = Steering(model.layers, model.width)
    plan.add(note, 0.8, layers="exp:1.5,0.9")
    plan.add(tempo, -0.4, schedule="exponential:0.05", inject=0.5)
    offsets = [plan.offset(frame, stream.seed) for frame in range(frames + 4)]
    expected = generate(model, "piano", frames, guidance_scale, offsets)
    steered = stream.generate(frames)
    assert np.abs(steered - expected).max() < 1e-4
    assert np.abs(steered - unsteered).max() > 1e-2


def test_a_knob_counts_from_the_next_frame_on(model: MusicModel) -> None:
    """And until then the sound is that of an unsteered stream, to the sample."""
    note, _ = directions(model)
    plain, steered = (MusicStream(model, "piano", seed=3) for _ in range(2))
    steered.steering.add(note)
    lead = plain.delay_frames + plain.codec_lookahead_frames + 1
    before = [np.concatenate([next(s) for _ in range(10)]) for s in (plain, steered)]
    assert np.array_equal(*before)
    steered.steering.set("note_C", 1.0)
    after = [np.concatenate([next(s) for _ in range(20)]) for s in (plain, steered)]
    changed = np.abs(after[0] - after[1]).max(axis=1) > 1e-6
    assert changed.any()
    assert np.argmax(changed) < lead * model.frame_size
