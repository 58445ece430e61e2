"""Devices and precisions of the decoder, and recovery from overflow in float16."""

from __future__ import annotations

import logging
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from musicrfm.directions import Direction
from musicrfm.errors import MusicRFMError
from musicrfm.model import MusicModel
from musicrfm.runtime import devices
from musicrfm.runtime.backends import decoder_for
from musicrfm.runtime.decoder import StepDecoder
from musicrfm.runtime.devices import device_of, precision_of, wider, worth_trying
from musicrfm.stream import MusicStream
from tests.checkpoints import make_checkpoint

SAID = "too large for float16: its decoder runs in bfloat16"


# ---- devices ----


def test_device_names(monkeypatch):
    for name in ("cpu", "CPU ", "cpu:3", torch.device("cpu")):
        assert device_of(name) == torch.device("cpu")
    for name in ("toaster", "", "cuda:x", "gpu"):
        with pytest.raises(MusicRFMError, match="give cpu, cuda, cuda:1, mps"):
            device_of(name)
    with pytest.raises(
        MusicRFMError, match="'meta' cannot be used: a test computation failed; use cpu"
    ):
        device_of("meta")


@pytest.mark.parametrize(
    ("name", "built", "count", "says"),
    [
        ("cuda", None, 0, r"an NVIDIA GPU, .* which this PyTorch \(.*\) does not support"),
        ("cuda", "12.8", 0, "an NVIDIA GPU, .* and this computer has none"),
        ("cuda:4", "12.8", 2, "this computer has cuda:0 to cuda:1"),
        ("cuda:1", "12.8", 2, "too old or too new for this PyTorch, or out of memory"),
        ("mps", None, 0, "the GPU of a Mac with Apple silicon, and this computer has none"),
        ("xpu", None, 0, "an Intel GPU, and this computer has none"),
        ("hpu", None, 0, "of the kind hpu, and this computer has none"),
    ],
)
def test_missing_devices_are_refused(name, built, count, says, monkeypatch):
    def fails(*args: object) -> bool:
        raise RuntimeError("no such thing\nwith many lines")

    monkeypatch.setattr(devices, "_computes", fails)
    monkeypatch.setattr(torch.version, "cuda", built)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
    with pytest.raises(MusicRFMError, match=says) as caught:
        device_of(name)
    said = str(caught.value)
    assert said.startswith(f"device '{name}' cannot be used here: ") and said.endswith("; use cpu")
    assert "\n" not in said


def test_precisions_of_a_device(monkeypatch):
    cpu, gpu, mac = torch.device("cpu"), torch.device("cuda"), torch.device("mps")
    missing = {("mps", torch.bfloat16)}
    monkeypatch.setattr(
        devices, "_computes", lambda place, dtype: (place.type, dtype) not in missing
    )
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda place: (7, 5))
    assert [precision_of(None, place) for place in (cpu, gpu, mac)] == [
        *(torch.float32, torch.float16, torch.float16)
    ]
    assert [wider(place) for place in (gpu, mac)] == [torch.float32, torch.float32]
    assert worth_trying(cpu) == ("float32", "bfloat16", "int8")
    assert worth_trying(gpu) == worth_trying(mac) == ("float16",)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda place: (8, 0))
    assert wider(gpu) == torch.bfloat16 and worth_trying(gpu) == ("float16", "bfloat16")
    assert precision_of("bfloat16", gpu) == torch.bfloat16
    with pytest.raises(MusicRFMError, match="'mps' does not support bfloat16: use float32 or"):
        precision_of("bfloat16", mac)


class NoFloat64(TorchDispatchMode):
    """Fails at any float64 tensor, as Apple's GPU does."""

    def __torch_dispatch__(self, function, kinds, arguments=(), options=None):
        result = function(*arguments, **(options or {}))
        if isinstance(result, torch.Tensor):
            assert result.dtype != torch.float64, function
        return result


def test_playing_needs_no_float64(checkpoint, monkeypatch):
    monkeypatch.setattr("musicrfm.runtime.backends.BACKENDS", ())
    monkeypatch.setattr("musicrfm.stream.can_compile", lambda part: False)
    with NoFloat64():
        model = MusicModel.load(checkpoint, device="cpu", dtype="float16")
        stream = MusicStream(model, "piano", window_seconds=0.5, early=True)
        stream.steering.add(Direction.of(model, "note_C", torch.randn(2, 1, 32)), 1.0)
        stream.steering.keep_norm = True
        stream.generate(30)
        stream.set_prompts({"piano": 1.0, "drums": 0.5})
        stream.generate(5)
        assert not stream.faults
        model.hidden_states(torch.zeros(1, 4, 9))


# ---- numbers that become too large ----


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A checkpoint whose hidden states do not fit into float16; the weights do."""
    from safetensors.torch import load_file, save_file

    folder = make_checkpoint(tmp_path / "large")
    state = load_file(folder / "model.safetensors")
    for end in ("fc1", "fc2"):
        state[f"decoder.model.decoder.layers.1.{end}.weight"] *= 500
    assert all(tensor.abs().max() < 60_000 for tensor in state.values())
    save_file(state, folder / "model.safetensors", {"format": "pt"})
    return folder


def warnings(caplog) -> list[str]:
    return [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]


def load(folder: Path, dtype: str) -> MusicModel:
    return MusicModel.load(folder, device="cpu", dtype=dtype)


@pytest.mark.parametrize("graphs", [False, True])
@pytest.mark.parametrize("guidance_scale", [pytest.param(1.0, marks=pytest.mark.slow), 3.0])
def test_overflow_widens_the_decoder_once_and_playing_continues(
    graphs, guidance_scale, large, caplog
):
    options = {"temperature": 0, "guidance_scale": guidance_scale, "graphs": graphs}
    model, wide = load(large, "float16"), load(large, "float16")
    prompt = wide.encode_prompt("piano")
    wide.widen()
    expected = MusicStream(wide, "piano", **options)
    expected._settings = replace(expected._settings, prompt=prompt)  # as rounded to float16
    assert warnings(caplog) == [f"hidden states of large became {SAID} from now on"]
    caplog.clear()
    stream = MusicStream(model, "piano", **options)
    sound = stream.generate(40)
    assert warnings(caplog) == [f"hidden states of large became {SAID} from now on"]
    assert model.precision == "bfloat16" and not stream.faults
    assert np.abs(sound).max() > 0.01
    assert graphs or np.array_equal(sound, expected.generate(40))
    # With graphs, the first frames after the overflow are computed one by one.
    assert np.array_equal(stream.generate(40), expected.generate(40))
    assert len(warnings(caplog)) == 1


def test_two_streams_of_one_model_are_both_widened(large, caplog):
    model = load(large, "float16")
    streams = [MusicStream(model, "piano", temperature=0) for _ in range(2)]
    sounds = [stream.generate(10) for stream in streams]
    assert np.array_equal(*sounds) and not any(stream.faults for stream in streams)
    assert len(warnings(caplog)) == 1


@pytest.fixture
def overflow(monkeypatch) -> dict[str, float]:
    """Makes the decoder's logits infinite in float16, from the frame `at` on."""
    plain, when = StepDecoder.step, {"at": math.inf, "frame": 0}

    def step(self: StepDecoder, codes: torch.Tensor, position: int, tap=None) -> torch.Tensor:
        logits = plain(self, codes, position, tap)
        late = when["frame"] >= when["at"]
        return logits * torch.inf if self.dtype == torch.float16 and late else logits

    monkeypatch.setattr(StepDecoder, "step", step)
    monkeypatch.setattr("musicrfm.runtime.backends.BACKENDS", ())
    return when


def play(stream: MusicStream, frames: int, when: dict[str, float]) -> torch.Tensor:
    """Plays `frames` frames and returns the codes in the window."""
    for _ in range(frames):
        when["frame"] = stream.frame
        stream._play(1)
    return stream._window.inputs[:, : stream._position + 1].clone()


@pytest.mark.parametrize("melody", [False, True])
@pytest.mark.parametrize("guidance_scale", [pytest.param(1.0, marks=pytest.mark.slow), 3.0])
def test_overflow_during_a_piece_recomputes_the_whole_window(
    melody, guidance_scale, tmp_path, overflow, caplog
):
    folder = make_checkpoint(tmp_path / "m", melody=melody)

    def stream() -> MusicStream:
        made = MusicStream(load(folder, "float16"), "piano", guidance_scale=guidance_scale)
        direction = Direction.of(made.model, "note_C", torch.randn(2, 1, 32), range=[0, 1])
        made.steering.add(direction, 2.0)
        return made

    torch.manual_seed(0)
    one = stream()
    before = play(one, 20, overflow)
    overflow["at"] = 20
    after = play(one, 15, overflow)
    assert torch.equal(after[:, :21], before)
    assert one.model.precision == "bfloat16" and not one.faults and len(warnings(caplog)) == 1
    # The same as a decoder in bfloat16 from the start of the window.
    torch.manual_seed(0)
    overflow["at"] = math.inf
    other = stream()
    assert torch.equal(play(other, 20, overflow), before)
    pushes = other._window.pushes
    other.model.widen()
    decoder = other._window.decoder = decoder_for(other.model, other.window)
    decoder.guided = guidance_scale != 1.0
    decoder.set_prompt(other._settings.prompt)
    decoder.prefill(other._window.inputs[:, :20], pushes)
    assert torch.equal(play(other, 15, overflow), after)


def test_state_from_before_an_overflow_can_be_restored(checkpoint, overflow):
    stream = MusicStream(load(checkpoint, "float16"), "piano", window_seconds=1.0)
    play(stream, 30, overflow)
    state = stream.state
    overflow["at"] = 40
    play(stream, 14, overflow)
    assert stream.reaches(state)
    stream.state = state
    assert np.isfinite(stream._play(30)).all() and not stream.faults
    assert stream.frame == 60 and stream._window is not state.window  # past the end of the window


@pytest.mark.parametrize("at", [0, 3, 41, 45, 49, 50, 51])
def test_overflow_is_handled_anywhere_in_a_window(at, checkpoint, overflow, caplog):
    """Including while the next window is prefilled, and at its first frame."""
    stream = MusicStream(load(checkpoint, "float16"), "piano", window_seconds=1.0)
    overflow["at"] = at
    play(stream, 110, overflow)
    assert not stream.faults and len(warnings(caplog)) == 1
    decoder = decoder_for(stream.model, stream.window)
    decoder.guided = True
    decoder.set_prompt(stream.model.encode_prompt("piano"))
    last = stream._position
    decoder.prefill(stream._window.inputs[:, :last], stream._window.pushes)
    columns = stream._window.inputs[:, last : last + 1]
    logits = [d.step(columns, last) for d in (decoder, stream._window.decoder)]
    torch.testing.assert_close(*logits, atol=0.15, rtol=0.05)


def test_prompt_blends_continue_after_an_overflow(checkpoint, overflow):
    stream = MusicStream(load(checkpoint, "float16"), "piano")
    stream.set_prompts({"piano": 1.0, "drums": 1.0})
    overflow["at"] = 5
    play(stream, 10, overflow)
    stream.set_prompts({"piano": 1.0, "drums": 2.0, "flute": 1.0})  # one is encoded only now
    play(stream, 5, overflow)
    stream.set_prompt("piano")
    play(stream, 5, overflow)
    assert not stream.faults and stream.model.precision == "bfloat16"


def test_infinite_steering_does_not_widen_the_decoder(checkpoint):
    stream = MusicStream(load(checkpoint, "float16"), "piano")
    strong = Direction.of(stream.model, "note_C", torch.randn(2, 1, 32), range=[0, 1e6])
    stream.steering.add(strong, 10)
    stream._play(5)
    assert stream.model.precision == "float16" and stream.faults == 5


def test_other_precisions_are_not_widened(checkpoint):
    for dtype in ("float32", "bfloat16", "int8"):
        model = load(checkpoint, dtype)
        assert not model.widen() and model.precision == dtype


def test_overflowing_hidden_states_are_computed_in_a_wider_precision(large, caplog):
    model = load(large, "float16")
    codes = torch.randint(64, (2, 4, 9), generator=torch.Generator().manual_seed(0))
    states = model.hidden_states(codes)
    assert states.isfinite().all() and len(warnings(caplog)) == 1
    reference = load(large, "float32").hidden_states(codes)
    assert torch.nn.functional.cosine_similarity(states.float(), reference, -1).min() > 0.99


def test_weights_too_large_for_float16_load_in_bfloat16(tmp_path, caplog):
    from safetensors.torch import load_file, save_file

    folder = make_checkpoint(tmp_path / "huge")
    state = load_file(folder / "model.safetensors")
    name = "decoder.model.decoder.layers.0.fc2.weight"
    state[name][0, 0] = -70_000.0
    save_file(state, folder / "model.safetensors", {"format": "pt"})
    model = load(folder, "float16")
    assert model.precision == "bfloat16"
    assert model.hf.state_dict()[name].isfinite().all()
    assert warnings(caplog) == [f"weights of huge are {SAID}"]
