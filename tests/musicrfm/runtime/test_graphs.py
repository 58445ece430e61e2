"""Frames computed on static tensors sound like frames computed step by step.

CUDA graphs need static tensors. Everything but the recording also runs on a CPU and is tested here;
the tests at the end need a GPU.
"""

from __future__ import annotations

import gc
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

import musicrfm.runtime.static_step
import musicrfm.stream
from musicrfm.model import MusicModel
from musicrfm.runtime.graphs import Recorder
from musicrfm.runtime.playable import PromptStates
from musicrfm.runtime.static_codec import StaticCodec
from musicrfm.runtime.static_step import Kind, StaticStep
from musicrfm.stream import MusicStream
from tests.checkpoints import make_checkpoint
from tests.musicrfm.runtime.test_codec import SHAPES as CODECS
from tests.musicrfm.runtime.test_codec import codes_for, make_codec, stream_of
from tests.musicrfm.test_stream import SHAPES, direction, loud, play, record_codes

SHAPES = SHAPES | {
    "melody": {"melody": True, "seed": 8},
    "other activation, one head": {"activation": "relu", "heads": 1, "width": 16, "seed": 9},
}
WINDOW = {"window_seconds": 1.0, "keep_seconds": 0.4}  # 50 positions


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small limits, so that a short piece uses several reaches and a prompt exceeds its buffer."""
    monkeypatch.setattr(musicrfm.runtime.static_step, "REACH", 16)
    monkeypatch.setattr(musicrfm.runtime.static_step, "PROMPT", 8)


def performance(
    model: MusicModel, graphs: bool, frames: int = 75, **options: object
) -> tuple[np.ndarray, Tensor, MusicStream]:
    """Audio, codes [codebooks, frames] and stream of a piece with every setting changed."""
    stream = MusicStream(model, "piano", seed=4, graphs=graphs, **WINDOW, **options)
    codes = record_codes(stream)
    stream.steering.add(direction(model), inject=0.8)

    def mode(keep_norm: bool, halves: str) -> None:
        stream.steering.keep_norm, stream.steer_guidance = keep_norm, halves

    changes = {
        12: lambda: stream.steering.set("note_C", 0.8),
        18: lambda: mode(True, "both"),
        24: lambda: mode(True, "conditional"),
        28: lambda: mode(False, "conditional"),
        32: lambda: stream.set_prompt("drums, and of those a great many"),
        36: lambda: setattr(stream, "guidance_scale", 1.0),
        42: lambda: setattr(stream, "guidance_scale", 2.0),
        46: lambda: setattr(stream, "temperature", 0.5),
        50: lambda: setattr(stream, "top_k", 1),
        54: lambda: setattr(stream, "top_k", 0),
        60: lambda: stream.set_prompt(""),
        66: lambda: stream.set_prompt("bass"),
    }
    sound = []
    while stream.frame < frames:
        for frame in [frame for frame in changes if frame <= stream.frame]:
            changes.pop(frame)()
        sound.append(next(stream))
    sound.append(stream.finish())
    return np.concatenate(sound), torch.stack(codes, 1).cpu(), stream


# ---- equal to step by step ----


@pytest.mark.parametrize("name", SHAPES)
def test_static_frames_match_step_by_step(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds: set[Kind] = set()
    run = StaticStep._run

    def listening(static: StaticStep, kind: Kind) -> Tensor:
        kinds.add(kind)
        return run(static, kind)

    monkeypatch.setattr(StaticStep, "_run", listening)
    model = MusicModel.load(make_checkpoint(tmp_path / "m", **SHAPES[name]), device="cpu")
    sound, codes, _ = performance(model, graphs=False)
    assert not kinds
    static_sound, static_codes, stream = performance(model, graphs=True)
    assert len(codes.unique(dim=1).T) > 20
    assert torch.equal(static_codes, codes)
    assert static_sound.shape == sound.shape and np.abs(static_sound - sound).max() < 1e-5
    assert stream.faults == 0
    rows = {(1, False), (2, False)} if model.lead else {(1, False), (1, True), (2, True)}
    assert {(kind.rows, kind.prompted) for kind in kinds} == rows
    assert {kind.keep_norm for kind in kinds} == {False, True}
    assert len({kind.reach for kind in kinds}) > 2
    rooms = {window.static._prompt.shape[4] for window in (stream._window, stream._next)}
    assert model.lead or max(rooms) > 8  # grown for a longer prompt


def test_early_sound_matches_step_by_step(model: MusicModel) -> None:
    sound, *_ = performance(model, graphs=False, early=True)
    static_sound, *_ = performance(model, graphs=True, early=True)
    assert static_sound.shape == sound.shape and np.abs(static_sound - sound).max() < 1e-5


def test_several_frames_per_chunk_match_step_by_step(model: MusicModel) -> None:
    plain, static = (
        MusicStream(model, "piano", seed=2, chunk_frames=20, graphs=g) for g in (False, True)
    )
    for _ in range(3):
        assert np.abs(next(plain) - next(static)).max() < 1e-5
    assert np.abs(plain.generate(50) - static.generate(50)).max() < 1e-5
    assert len(static.finish()) == 0


def test_graphs_are_off_by_default_on_a_cpu(model: MusicModel) -> None:
    assert MusicStream(model)._window.static is None
    assert MusicStream(model, graphs=True)._window.static is not None


@pytest.mark.parametrize("early", [False, True])
def test_static_stream_restores_earlier_states(model: MusicModel, early: bool) -> None:
    """Including before the codec's first full frame and across a moved window."""
    stream = MusicStream(model, "piano", seed=1, graphs=True, early=early, **WINDOW)
    stream.steering.add(direction(model), 0.5, inject=0.7)
    states, sound, returns = [], [], 0
    for frame in range(90):
        states.append(stream.state)
        stream.steering.set("note_C", 0.1 * (frame % 11))
        sound.append(next(stream))
        for back in (3, 18):
            if frame % 9 == 0 and frame >= back:
                stream.steering.set("note_C", 3.0)  # a change that is undone below
                stream.set_prompt("something else entirely")
                play(stream, 2)
                if not stream.reaches(states[frame - back]):
                    back = 3
                returns += back
                stream.state = states[frame - back]
                for again in range(frame - back, frame + 1):
                    stream.steering.set("note_C", 0.1 * (again % 11))
                    np.testing.assert_array_equal(next(stream), sound[again])
    assert returns > 9 * 3 + 5 * 18


@pytest.mark.parametrize("name", CODECS)
def test_static_codec_equals_the_streaming_codec(name: str) -> None:
    shape = CODECS[name]
    codec = make_codec(shape)
    plain, static = stream_of(codec, shape), StaticCodec(stream_of(codec, shape), Recorder("cpu"))
    codes, known = codes_for(plain, 30), torch.ones(plain.codebooks, 3, dtype=torch.bool)
    states = []
    for _ in range(2):  # the second piece starts from a fresh state
        sound = []
        for i in range(26):
            states.append(static.state)
            sound.append(static.push(codes[:, i : i + 1]))
            assert torch.equal(sound[-1], plain.push(codes[:, i : i + 1]))
            ahead = codes[:, i + 1 : i + 4]
            assert torch.equal(static.peek(ahead, known, 1), plain.peek(ahead, known, 1))
        assert static._even
        for i in (0, 2, 14):
            static.state = states[i]
            again = [static.push(codes[:, j : j + 1]) for j in range(i, 26)]
            assert all(map(torch.equal, again, sound[i:]))
        assert torch.equal(static.flush(), plain.flush())


# ---- faults ----


def test_frames_that_are_not_finite_match_step_by_step(model: MusicModel) -> None:
    plain, static = (MusicStream(model, "piano", seed=3, graphs=g) for g in (False, True))
    for stream in (plain, static):
        stream.steering.add(direction(model))
        play(stream, 5)
        stream.steering.add(loud(model), 1.0)
    assert np.abs(play(plain, 10) - play(static, 10)).max() < 1e-5
    assert plain.faults == static.faults == 10
    for stream in (plain, static):
        stream.steering.set("note_C", 0.0)
    assert np.abs(play(plain, 30) - play(static, 30)).max() < 1e-4
    assert plain.faults == static.faults == 10


def test_faults_within_a_chunk_across_a_moved_window_match_step_by_step(model: MusicModel) -> None:
    plain, static = (
        MusicStream(model, "piano", seed=3, graphs=g, chunk_frames=16, **WINDOW)
        for g in (False, True)
    )
    for stream in (plain, static):
        stream.steering.add(loud(model), 1.0)
        stream.steering.set_schedule("note_C", lambda t, base: base if 45 <= t < 52 else 0.0)
    for _ in range(6):
        assert np.abs(next(plain) - next(static)).max() < 1e-4
    assert plain.faults == static.faults == 7


def test_settings_changed_during_a_fault_are_kept(model: MusicModel) -> None:
    stream = MusicStream(model, "piano", seed=3, graphs=True)
    stream.steering.add(direction(model))
    play(stream, 5)
    stream.steering.add(loud(model), 1.0)
    step = stream._window.static.step

    def meanwhile(*args: object) -> None:  # as from another thread
        step(*args)
        stream.steering.set("note_C", 0.25)
        stream.steering.keep_norm = True
        stream.set_prompt("drums")
        stream.temperature = 0.75

    stream._window.static.step = meanwhile
    next(stream)
    assert stream.steering.get("note_C").coefficient == 0.25 and stream.steering.keep_norm
    assert (stream.prompt, stream.temperature) == ("drums", 0.75)


def test_corrupted_cache_is_recomputed(model: MusicModel) -> None:
    plain, static = (MusicStream(model, "piano", seed=3, graphs=g) for g in (False, True))
    assert np.abs(play(plain, 10) - play(static, 10)).max() < 1e-5
    static._window.decoder.cache[:, :, :, :, 4] = torch.nan
    assert np.abs(play(plain, 20) - play(static, 20)).max() < 1e-4
    assert static.faults == 1


@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_broken_model_repeats_its_last_codes(tmp_path: Path, value: float) -> None:
    model = MusicModel.load(make_checkpoint(tmp_path / "m"), device="cpu")
    stream = MusicStream(model, "piano", seed=3, graphs=True)
    play(stream, 10)
    model.decoder_weights.heads.fill_(value)
    assert np.isfinite(play(stream, 10)).all()
    assert stream.faults == 10
    held = stream._window.inputs[:, stream._position - 5 : stream._position]
    assert (held == held[:, :1]).all()


# ---- conditions for recording ----


def on_no_device(model: MusicModel) -> MusicModel:
    """The model on the meta device, where reading any value is an error."""
    known = model.fingerprint
    model.hf.to("meta")
    meta = MusicModel(model.name, model.hf, model.tokenizer)
    meta.fingerprint = known
    like = {"device": "meta", "dtype": meta.dtype}
    meta.encode_prompt = lambda text: PromptStates(text, torch.zeros(1, 9, meta.width, **like))
    return meta


@pytest.mark.slow
@pytest.mark.parametrize("early", [False, True])
def test_static_frames_read_no_tensor_values(tmp_path: Path, early: bool) -> None:
    """Including turned knobs, full windows, changed prompts and a restored state."""
    folder = make_checkpoint(tmp_path / "m")
    model = MusicModel.load(folder, device="cpu", dtype="float16")
    turned = direction(model)
    stream = MusicStream(on_no_device(model), "piano", graphs=True, early=early, window_seconds=0.5)
    stream.steering.add(turned, 1.0, inject=0.5)
    with torch.inference_mode():
        for frame in range(32):
            stream.steering.keep_norm = frame > 15
            stream.guidance_scale = (3.0, 1.0)[frame // 8 % 2]
            if frame % 7 == 4:
                stream.set_prompt(("", "bass")[frame % 2])
            sound = stream._sound(1, None, graphs=True)
        assert (sound.device.type, sound.shape) == ("meta", (1, model.frame_size))
        state = stream.state
        stream._sound(3, None, graphs=True)
        stream.state = state
        with pytest.raises(RuntimeError, match="item"):  # step by step reads values
            stream._sound(1, None, graphs=False)
    # Only the final copy reads values. It fails here, and so does the fallback without graphs.
    with pytest.raises(RuntimeError, match="item"):
        next(stream)
    assert "Cannot copy" in stream.graphs_lost


class Work(TorchDispatchMode):
    """Records every tensor operation, and which of the given tensors it uses."""

    def __init__(self, given: dict[int, str]) -> None:
        super().__init__()
        self.given, self.done = given, []

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        tensors = [a for a in tree_leaves((args, kwargs)) if isinstance(a, Tensor)]
        named = [(tuple(t.shape), self.given.get(t.data_ptr(), "new")) for t in tensors]
        self.done.append((str(function), named))
        return function(*args, **(kwargs or {}))


def test_every_frame_runs_the_same_operations_on_the_same_tensors(model: MusicModel) -> None:
    stream = MusicStream(model, "piano", seed=1, graphs=True)
    stream.steering.add(direction(model), 0.5)
    play(stream, 15)
    static, codec = stream._window.static, stream._codec
    stay = {
        "numbers": static._numbers,
        "inputs": static.inputs,
        "finite": static.finite,
        "cache": static.decoder.cache,
        "offset": static.decoder.offset,
        "prompt": static._prompt,
        "sound": codec._audio,
        "codes": codec._codes,
        "codec's state": codec._numbers,
    }
    given = {tensor.data_ptr(): name for name, tensor in stay.items()}
    assert len(given) == len(stay)
    kind = Kind(rows=2, prompted=True, keep_norm=False, holds=False, reach=48)
    lists = []
    for _ in range(3):
        play(stream, 5)
        with Work(given) as step, torch.inference_mode():
            static._run(kind)
        with Work(given) as frame, torch.inference_mode():
            codec._push()
        lists.append((step.done, frame.done))
    assert lists[0] == lists[1] == lists[2]
    used = {name for done in lists[0] for _, tensors in done for _, name in tensors}
    assert used >= set(stay)
    assert {tensor.data_ptr() for tensor in stay.values()} == set(given)


def test_failed_recording_falls_back_to_plain_execution(caplog: pytest.LogCaptureFixture) -> None:
    class Refusing(Recorder):
        def _recorded(self, work):
            raise RuntimeError("operation not permitted when stream is capturing")

    recorder, done = Refusing("cpu"), []
    assert not recorder.records
    recorder.records = True
    work = recorder(lambda: done.append(1))
    work()
    assert done == [1] and not recorder.records and gc.isenabled()
    assert "CUDA graphs are not available" in caplog.text


# ---- errors of graphs ----


class Failing(Recorder):
    """A recorder that records nothing and fails at a chosen recording or replay."""

    fails_at = 0  # the number of recordings before one fails; -1: fail on construction
    replays: int | None = None  # if set, the number of replays before one fails
    made = 0

    def __init__(self, device: str) -> None:
        super().__init__(device)
        if self.fails_at < 0:
            raise RuntimeError("CUDA error: out of memory")

    def __call__(self, work):
        kind = type(self)
        kind.made += 1
        if self.replays is None and kind.made > self.fails_at:
            raise RuntimeError("operation not permitted when stream is capturing")

        def replay() -> None:
            if self.replays is not None:
                kind.replays -= 1
                if kind.replays < 0:
                    raise RuntimeError("CUDA error: an illegal instruction was encountered")
            work()

        return replay


@pytest.mark.parametrize(
    ("fails_at", "replays"),
    [(-1, None), (0, None), (1, None), (2, None), (3, None), (0, 0), (0, 1), (0, 13), (0, 60)],
)
@pytest.mark.parametrize("early", [False, True])
def test_music_continues_after_a_graph_error_at_any_stage(
    fails_at: int,
    replays: int | None,
    early: bool,
    model: MusicModel,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    failing = type("Failing", (Failing,), {"fails_at": fails_at, "replays": replays, "made": 0})
    sound, codes, plain = performance(model, graphs=False, early=early)
    monkeypatch.setattr(musicrfm.stream, "Recorder", failing)
    static_sound, static_codes, stream = performance(model, graphs=True, early=early)
    assert static_sound.shape == sound.shape and np.abs(static_sound - sound).max() < 1e-5
    assert stream.graphs_lost and not plain.graphs_lost
    said = [r.message for r in caplog.records if "no CUDA graphs from now on" in r.message]
    assert len(said) == 1 and stream.graphs_lost in said[0]


def test_state_from_before_a_graph_error_can_be_restored(
    model: MusicModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = MusicStream(model, "piano", seed=1, graphs=False)
    failing = type("Failing", (Failing,), {"replays": 50})
    monkeypatch.setattr(musicrfm.stream, "Recorder", failing)
    stream = MusicStream(model, "piano", seed=1, graphs=True)
    play(stream, 15)
    state, expected = stream.state, play(plain, 30)[-15 * model.frame_size :]
    play(stream, 15)
    assert stream.graphs_lost
    stream.state = state
    assert np.abs(play(stream, 15) - expected).max() < 1e-5


# ---- with a GPU ----

needs_gpu = pytest.mark.needs("cuda")


@needs_gpu
@pytest.mark.parametrize("name", SHAPES)
def test_graphs_match_step_by_step(name: str, tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "m", **SHAPES[name])
    model = MusicModel.load(folder, device="cuda", dtype="float32")
    sound, codes, _ = performance(model, graphs=False)
    graph_sound, graph_codes, stream = performance(model, graphs=True)
    assert stream._window.static.recorder.records and stream.faults == 0
    assert torch.equal(graph_codes, codes)
    assert np.abs(graph_sound - sound).max() < 1e-4


@needs_gpu
@pytest.mark.parametrize("early", [False, True])
def test_graphs_restore_earlier_states(checkpoint: Path, early: bool) -> None:
    model = MusicModel.load(checkpoint, device="cuda")
    test_static_stream_restores_earlier_states(model, early)


@needs_gpu
def test_graphs_survive_faults(checkpoint: Path) -> None:
    model = MusicModel.load(checkpoint, device="cuda", dtype="float32")
    test_frames_that_are_not_finite_match_step_by_step(model)
    test_faults_within_a_chunk_across_a_moved_window_match_step_by_step(model)
    test_corrupted_cache_is_recomputed(model)


@needs_gpu
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_graphs_in_half_precision(checkpoint: Path, dtype: torch.dtype) -> None:
    """The cache equals that of plain steps on the same inputs, within the precision."""
    model = MusicModel.load(checkpoint, device="cuda", dtype=dtype)
    stream = MusicStream(model, "piano", seed=1, graphs=True, **WINDOW)
    stream.steering.add(direction(model), 0.3)
    play(stream, 30)
    assert stream._window.static.recorder.records and stream.faults == 0
    read = stream._window.decoder.cache[..., : stream._position, :].float()
    plain = MusicStream(model, "piano", seed=1, graphs=False, **WINDOW)._window.decoder
    plain.set_prompt(model.encode_prompt("piano"))
    plain.guided = True
    for position in range(stream._position):
        plain.steer(stream._window.pushes[position])
        plain.step(stream._window.inputs[:, position : position + 1], position)
    difference = read - plain.cache[..., : stream._position, :].float()
    assert difference.norm() / read.norm() < (0.03 if dtype == torch.bfloat16 else 0.004)
