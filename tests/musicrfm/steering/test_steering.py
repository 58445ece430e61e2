"""Steering: coefficients, layers, schedules, injection and crossfades become an offset."""

from __future__ import annotations

import math
import threading

import numpy as np
import pytest
import torch

from musicrfm.directions import Direction
from musicrfm.errors import MusicRFMError
from musicrfm.model import MusicModel
from musicrfm.steering.steering import Steering
from musicrfm.stream import MusicStream
from tests.hf import generate

LAYERS, WIDTH = 4, 8
SCORES = np.array([0.5, 0.9, 0.7, 0.6])


def make(name: str = "note_C", seed: int = 0, **meta: object) -> Direction:
    generator = torch.Generator().manual_seed(seed)
    vectors = torch.randn(LAYERS, 2, WIDTH, generator=generator)
    return Direction(name, vectors, torch.from_numpy(SCORES), {"model": "tiny", **meta})


def make_of(layers: int) -> Direction:
    return Direction("tempo", torch.ones(layers, 1, WIDTH), torch.ones(layers), {"model": "tiny"})


@pytest.fixture
def steering() -> Steering:
    steering = Steering(LAYERS, WIDTH, "tiny")
    steering.add(make("note_C#", model="tiny", range=[-2, 4]))
    return steering


def amounts(steering: Steering, frame: int = 0, name: str = "note_Cs") -> np.ndarray:
    """The projection of each layer's offset on the direction."""
    vectors = steering.get(name).direction.vectors[:, 0]
    return (steering.offset(frame) * vectors).sum(1).numpy()


def test_coefficient_1_is_the_top_of_the_range(steering: Steering) -> None:
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


def test_offset_is_recomputed_only_after_changes(steering: Steering) -> None:
    steering.set("note_Cs", 1.0)
    first = steering.offset(0)
    assert steering.offset(1) is first
    steering.set("note_Cs", 1.1)
    second = steering.offset(2)
    assert second is not first and torch.allclose(first * 1.1, second)


@pytest.mark.parametrize(
    "spec",
    [
        *("none", "all:2", "top", "top:0", "top:5", "top:1.5", "top:-1", "top:x"),
        *("exp", "exp:1", "exp:1;2", "exp:nan,1", "exp:1,0", "exp:1,-1"),
        *("layer", "layer:4", "layer:-5", "layer:1.5", "layer:x", "layer:0,4", "layer:0,"),
    ],
)
def test_invalid_layers_are_refused(spec: str, steering: Steering) -> None:
    with pytest.raises(MusicRFMError, match="top:K"):
        steering.set_layers("note_Cs", spec)
    assert steering.get("note_Cs").layers == "all"


def test_layers_weight_the_offset(steering: Steering) -> None:
    steering.set("note_Cs", 0.25)
    steering.set_layers("note_Cs", "exp:2,0.5")
    assert np.allclose(amounts(steering), [0, 2, 0.5, 0.125], atol=1e-6)
    steering.set_layers("note_Cs", "top:2")
    assert np.allclose(amounts(steering), [0, 1, 1, 0], atol=1e-6)
    steering.set_layers("note_Cs", "layer:-2")
    assert np.allclose(amounts(steering), [0, 0, 1, 0], atol=1e-6)


def test_lower_scores_are_better_for_errors() -> None:
    """With `metric_higher_is_better` false, the layer with the lowest score is the best."""
    steering = Steering(LAYERS, WIDTH)
    steering.add(make("tempo", metric_higher_is_better=False), 1.0, layers="top:1")
    assert np.allclose(amounts(steering, name="tempo"), [1, 0, 0, 0], atol=1e-6)


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


def test_injection_depends_on_seed_and_frame(steering: Steering) -> None:
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


def pattern(steering: Steering, name: str, frames: int = 400) -> np.ndarray:
    """bool [frames, layers]: where one of two orthogonal directions was added."""
    vectors = steering.get(name).direction.vectors[:, 0]
    added = torch.stack([(steering.offset(frame) * vectors).sum(1) for frame in range(frames)])
    assert (added.isclose(torch.tensor(1.0)) | added.isclose(torch.tensor(0.0), atol=1e-5)).all()
    return added.numpy() > 0.5


def two(**options: object) -> Steering:
    """Orthogonal directions `left` and `right`, steered at 1, each with its options."""
    steering = Steering(LAYERS, WIDTH)
    for at, name in enumerate(("left", "right")):
        vectors = torch.zeros(LAYERS, 1, WIDTH)
        vectors[:, 0, at] = 1.0
        one = Direction(name, vectors, torch.ones(LAYERS), {"model": "tiny"})
        steering.add(one, 1.0, **options.get(name, {}))
    return steering


def test_injection_is_independent_for_each_direction() -> None:
    steering = two(left={"inject": 0.3}, right={"inject": 0.7})
    left, right = pattern(steering, "left"), pattern(steering, "right")
    assert left.mean() == pytest.approx(0.3, abs=0.05)
    assert right.mean() == pytest.approx(0.7, abs=0.05)
    assert abs(np.corrcoef(left.ravel(), right.ravel())[0, 1]) < 0.1
    steering.set_inject("right", 1.0)
    assert pattern(steering, "right").all()
    assert np.array_equal(pattern(steering, "left"), left)


def test_injection_may_be_drawn_per_step() -> None:
    steering = two(left={"inject": 0.4, "inject_per": "step"}, right={"inject": 0.4})
    left, right = pattern(steering, "left"), pattern(steering, "right")
    assert (left.all(1) | ~left.any(1)).all()
    assert left.mean() == pytest.approx(0.4, abs=0.08)
    assert (right.any(1) & ~right.all(1)).mean() > 0.5
    steering.set_inject_per("left", "layer")
    left = pattern(steering, "left")
    assert (left.any(1) & ~left.all(1)).mean() > 0.5


def test_components_are_chosen_singly_or_together(steering: Steering) -> None:
    vectors = steering.get("note_Cs").direction.vectors
    steering.set("note_Cs", 0.25)
    for component, expected in (
        (1, vectors[:, 1]),
        ("1", vectors[:, 1]),
        ((0, 1), vectors.sum(1)),
        ("0,1", vectors.sum(1)),
    ):
        steering.set_component("note_Cs", component)
        assert torch.allclose(steering.offset(0), expected, atol=1e-6)
    steering.set_layers("note_Cs", "top:1")  # the components stay
    assert torch.allclose(steering.offset(0)[1], vectors[1].sum(0), atol=1e-6)
    assert not steering.offset(0)[0].any()


def test_classes_of_a_multiclass_direction_have_individual_ranges() -> None:
    """A class is chosen by any spelling or by number."""
    notes = make(
        "notes", classes=["C", "Cs"], class_ranges={"C": [0, 3], "C#": [0, 9], "Cs": [0, 5]}
    )
    steering = Steering(LAYERS, WIDTH)
    steering.add(notes, 1.0, component="C")
    assert torch.allclose(steering.offset(0), 3 * notes.vectors[:, 0])
    for spelled in ("Db", "C#", 1):
        steering.set_component("notes", spelled)
        assert torch.allclose(steering.offset(0), 5 * notes.vectors[:, 1])
    with pytest.raises(MusicRFMError, match="has no 'D'"):
        steering.set_component("notes", "D")


def test_uncalibrated_direction_is_named_once_when_it_is_turned_up(monkeypatch, caplog) -> None:
    monkeypatch.setattr("musicrfm.steering.steering._told", set())
    notes = make("notes", classes=["C", "Cs"], class_ranges={"C": [0, 3]})
    steering = Steering(LAYERS, WIDTH)
    steering.add(make("bright"))
    steering.add(make("note_C", range=[0, 4]), 1.0)
    steering.add(notes, 1.0, component="C")
    assert not caplog.messages
    for coefficient in (0.2, 0.4):
        steering.set("bright", coefficient)
    steering.set_component("notes", "C#")
    words = "so its coefficient is raw: run `musicrfm calibrate bright --model tiny`"
    said, of_class = caplog.messages
    assert said == f"bright is not calibrated, {words}"
    assert "`musicrfm calibrate notes:Cs --model tiny`" in of_class
    Steering(LAYERS, WIDTH).add(make("bright"), 1.0)
    assert len(caplog.messages) == 2
    monkeypatch.setattr("musicrfm.steering.steering._told", set())
    steering = Steering(LAYERS, WIDTH)
    steering.raw_meant = True
    steering.add(make("bright"), 1.0)
    assert len(caplog.messages) == 2


def test_coefficient_follows_the_curve_of_the_direction() -> None:
    steering = Steering(LAYERS, WIDTH)
    steering.add(make("tempo", range=[0, 4], curve=2.0), 0.5, schedule="linear:10")
    assert np.allclose(amounts(steering, 0, "tempo"), 1.0)
    assert np.allclose(amounts(steering, 5, "tempo"), 0.25)  # the schedule scales the coefficient
    with pytest.raises(MusicRFMError, match="1e.300 of 'tempo' is too large"):
        steering.set("tempo", 1e300)
    assert np.allclose(amounts(steering, 5, "tempo"), 0.25)


def test_finished_schedule_reuses_one_offset() -> None:
    """A new piece restarts the schedule."""
    steering = Steering(LAYERS, WIDTH)
    steering.add(make("tempo"), 1.0, schedule="ramp:5")
    rising = [steering.offset(frame) for frame in range(5)]
    assert len({id(offset) for offset in rising}) == 5
    at_rest = steering.offset(5)
    assert all(steering.offset(frame) is at_rest for frame in range(6, 20))
    assert not steering.offset(0).any() and torch.equal(steering.offset(2), rising[2])


def test_schedule_function_is_called_once_per_frame(steering: Steering) -> None:
    called: list[tuple[int, float]] = []

    def swell(step: int, base: float) -> float:
        called.append((step, base))
        return base * step / 10

    steering.set("note_Cs", 0.5)
    steering.set_schedule("note_Cs", swell)
    assert [amounts(steering, frame)[0] for frame in (7, 8, 9)] == pytest.approx([0, 0.2, 0.4])
    assert called == [(0, 0.5), (1, 0.5), (2, 0.5)]
    assert steering.get("note_Cs").schedule.endswith("swell")


# ---- crossfades ----


def coefficients(steering: Steering, frame: int) -> list[float]:
    """The coefficients of `left` and `right` at a frame."""
    return steering.offset(frame)[0, :2].tolist()


def test_crossfade_keeps_the_sum_of_coefficients() -> None:
    steering = two()
    steering.set("left", 0.8)
    steering.set("right", 0.0)
    steering.offset(99)
    steering.crossfade("left", "right", 40)
    course = np.array([coefficients(steering, frame) for frame in range(100, 150)])
    assert np.allclose(course.sum(1), 0.8)
    time = np.linspace(0, 1, 41) ** (math.log(0.5) / math.log(0.4))
    raised_cosine = 0.4 - 0.4 * np.cos(np.pi * time)  # half-way at frame 16
    assert np.allclose(course[:41, 1], raised_cosine, atol=1e-6) and np.isclose(course[16, 1], 0.4)
    assert np.allclose(course[40:, 0], 0)
    assert steering.get("left").coefficient == 0 and steering.get("right").coefficient == 0.8
    assert steering.offset(150) is steering.offset(149)


def test_reversed_crossfade_does_not_jump() -> None:
    steering = two()
    steering.set("right", 0.0)
    steering.crossfade("left", "right", 10)
    course = [coefficients(steering, frame) for frame in range(5)]
    steering.crossfade("right", "left", 10)
    course += [coefficients(steering, frame) for frame in range(5, 20)]
    steps = np.abs(np.diff(course, axis=0))
    assert steps.max() < 0.16 and np.allclose(np.sum(course, 1), 1.0)
    assert course[-1] == pytest.approx([1, 0])


def test_changed_coefficient_overrides_a_crossfade() -> None:
    steering = two()
    steering.set("right", 0.0)
    steering.crossfade("left", "right", 10, coefficient=2.0)
    steering.offset(0)
    assert coefficients(steering, 4) == pytest.approx([0.5, 1.0])
    steering.set("left", 0.3)
    time = 0.6 ** (math.log(0.5) / math.log(0.4))
    assert coefficients(steering, 6) == pytest.approx([0.3, 1 - math.cos(math.pi * time)])
    assert coefficients(steering, 10) == pytest.approx([0.3, 2.0])


def test_crossfades_start_at_their_planned_frames() -> None:
    steering = two()
    steering.set("right", 0.0)
    steering.crossfade("right", "left", 10, start=40)
    steering.crossfade("left", "right", 10, start=20)
    course = [coefficients(steering, frame) for frame in range(60)]
    assert course[20] == pytest.approx([1, 0]) and course[24] == pytest.approx([0.5, 0.5])
    assert course[35] == pytest.approx([0, 1]) and course[44] == pytest.approx([0.5, 0.5])
    assert course[59] == pytest.approx([1, 0])


def test_a_new_piece_ends_a_crossfade() -> None:
    steering = two()
    steering.set("right", 0.0)
    steering.crossfade("left", "right", 10)
    for frame in range(5):
        steering.offset(frame)
    assert coefficients(steering, 0) == pytest.approx([0, 1])


def test_impossible_crossfades_are_refused_or_skipped(caplog: pytest.LogCaptureFixture) -> None:
    steering = two()
    steering.set("left", 0.0)
    for wanted, words in (
        (("left", "right", 10), "'left' is at 0, so it cannot be crossfaded"),
        (("left", "left", 10), "into itself"),
        (("left", "middle", 10), "direction 'middle' has not been added"),
        (("left", "right", 0), "must be at least 1, not 0"),
        (("left", "right", 2.5), "must be a whole number, not 2.5"),
        (("left", "right", 10, float("nan")), "finite"),
    ):
        with pytest.raises(MusicRFMError, match=words):
            steering.crossfade(*wanted)
    steering.crossfade("left", "right", 10, start=3)
    assert coefficients(steering, 5) == [0, 1]
    assert "crossfade at frame 5 is skipped" in caplog.text


def test_invalid_steering_changes_are_refused(steering: Steering) -> None:
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
        with pytest.raises(
            MusicRFMError, match=r"direction 'note_D' has not been added .added: note_Cs"
        ):
            change()
    with pytest.raises(MusicRFMError, match="'other' and does not apply to 'tiny'"):
        steering.add(make("tempo", model="other"))
    with pytest.raises(MusicRFMError, match="but model 'tiny' has 4 of width 8"):
        steering.add(make_of(3))
    with pytest.raises(MusicRFMError, match="no component 2: choose from 0 to 1"):
        steering.add(make("tempo"), component=2)
    with pytest.raises(MusicRFMError, match="no component -1: choose from 0 to 1"):
        steering.set_component("note_Cs", (0, -1))
    with pytest.raises(MusicRFMError, match="has no 'loud': choose one of 0, 1"):
        steering.set_component("note_Cs", "0, loud")
    with pytest.raises(MusicRFMError, match="at least one"):
        steering.set_component("note_Cs", ())
    with pytest.raises(MusicRFMError, match="per layer or per step, not per 'note'"):
        steering.set_inject_per("note_Cs", "note")
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


@pytest.mark.parametrize(
    ("guidance_scale", "halves", "keep_norm"),
    [
        (1.0, "both", False),
        (3.0, "both", False),
        (3.0, "conditional", False),
        (3.0, "both", True),
        (3.0, "conditional", True),
        (1.0, "conditional", True),
    ],
)
def test_equals_forward_hooks(
    model: MusicModel, guidance_scale: float, halves: str, keep_norm: bool
) -> None:
    """As published, a hook on every layer of the Hugging Face decoder adds the vectors."""
    note, tempo = directions(model)
    frames = 40
    stream = MusicStream(
        model, "piano", top_k=1, guidance_scale=guidance_scale, steer_guidance=halves
    )
    unsteered = stream.generate(frames)
    plan = Steering(model.layers, model.width)
    for steering in (stream.steering, plan):
        steering.keep_norm = keep_norm
        steering.add(note, 0.8, layers="exp:1.5,0.9")
        steering.add(tempo, -0.4, schedule="exponential:0.05", inject=0.5)
    offsets = [plan.offset(frame, stream.seed) for frame in range(frames + 4)]
    expected = generate(
        *(model, "piano", frames, guidance_scale, offsets),
        conditional_only=halves == "conditional",
        keep_norm=keep_norm,
    )
    steered = stream.generate(frames)
    assert np.abs(steered - expected).max() < 1e-4
    assert np.abs(steered - unsteered).max() > 1e-2


def test_guidance_mode_and_keep_norm_change_the_sound(model: MusicModel) -> None:
    note, _ = directions(model)

    def sound(halves: str, keep_norm: bool, coefficient: float = 1.0) -> np.ndarray:
        stream = MusicStream(model, "piano", seed=3, steer_guidance=halves)
        stream.steering.keep_norm = keep_norm
        stream.steering.add(note, coefficient)
        return stream.generate(20)

    kinds = [(halves, keep) for halves in ("both", "conditional") for keep in (False, True)]
    sounds = [sound(*kind) for kind in kinds]
    for one in range(4):
        for other in range(one):
            assert not np.array_equal(sounds[one], sounds[other])
    plain = [sound(*kind, 0.0) for kind in kinds]  # without an offset all are equal
    assert all(np.array_equal(plain[0], other) for other in plain[1:])


def test_changed_coefficient_applies_from_the_next_frame(model: MusicModel) -> None:
    """Until then the audio equals that of an unsteered stream."""
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


def test_saved_state_is_unchanged_by_repeated_restoring(steering: Steering) -> None:
    steering.set("note_Cs", 0.5)
    steering.set_schedule("note_Cs", "linear:20")
    steering.offset(0)
    states, offsets = {}, {}
    for frame in range(1, 12):
        states[frame] = steering.state
        offsets[frame] = steering.offset(frame)
    for frame in (8, 3, 3, 11, 5):
        steering.state = states[frame]
        for later in range(frame, 12):
            assert torch.equal(steering.offset(later), offsets[later])
    steering.set_schedule("note_Cs", "constant")
    steering.offset(12)
    resting = steering.state
    steering.offset(13)
    assert steering.state[-1] is resting[-1]  # finished schedules are not copied for every frame
