"""Loading models; prompts, audio, codes and hidden states."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import soxr
import torch
from safetensors.torch import load_file, save_file

from musicrfm.checkpoints import finding
from musicrfm.errors import MusicRFMError
from musicrfm.model import MusicModel
from musicrfm.runtime.compiled_codec import Program
from musicrfm.stream import MusicStream, _codec_of
from musicrfm.weights.fingerprint import fingerprint
from tests.checkpoints import make_checkpoint


@pytest.fixture(scope="module")
def stereo(tmp_path_factory: pytest.TempPathFactory) -> MusicModel:
    folder = make_checkpoint(tmp_path_factory.mktemp("stereo") / "wide", stereo=True, lstm_layers=2)
    return MusicModel.load(folder, device="cpu")


def noise(seconds: float, rate: int, channels: int = 1) -> np.ndarray:
    generator = np.random.default_rng(0)
    return 0.1 * generator.standard_normal((int(seconds * rate), channels)).astype(np.float32)


@pytest.mark.needs("numba")
@pytest.mark.parametrize("dtype", ["int8", "int4"])
@pytest.mark.parametrize("melody", [False, True])
def test_frugal_model_keeps_only_what_plays(tmp_path: Path, dtype: str, melody: bool) -> None:
    folder = make_checkpoint(tmp_path / "tiny", melody=melody)
    whole = MusicModel.load(folder, "cpu", dtype)
    frugal = MusicModel.load(folder, "cpu", dtype, frugal=True)
    assert frugal.plays_only and not whole.plays_only
    packed = frugal.decoder_weights.packed
    np.testing.assert_array_equal(packed.memory, whole.decoder_weights.packed.memory)
    streams = [MusicStream(model, "slow", seed=1) for model in (whole, frugal)]
    np.testing.assert_array_equal(*(stream.generate(12) for stream in streams))
    assert frugal.fingerprint == whole.fingerprint
    assert frugal.whole_fingerprint == whole.whole_fingerprint == fingerprint(whole.hf)
    assert not list(frugal.hf.decoder.model.decoder.layers.parameters())
    codes = frugal.encode_audio(noise(0.5, 32_000), 32_000)
    assert torch.equal(codes, whole.encode_audio(noise(0.5, 32_000), 32_000))
    with pytest.raises(MusicRFMError, match="'tiny' was loaded to play only: load it again"):
        frugal.hidden_states(codes[None])


@pytest.mark.needs("numba", "linux")  # only Linux says which parts of memory are mapped
def test_frugal_model_plays_nothing_that_is_mapped(tmp_path: Path) -> None:
    model = MusicModel.load(make_checkpoint(tmp_path / "tiny"), "cpu", "int4", frugal=True)
    assert any(map(model.mapped.holds, model.hf.audio_encoder.parameters()))
    weights = model.decoder_weights
    parts = [*Program.of(_codec_of(model)).weights, weights.embedding, weights.positions]
    parts += [*model.hf.text_encoder.parameters(), weights.blocks[0].prompt_k, weights.norm[1]]
    assert not any(map(model.mapped.holds, parts))


def test_frugal_has_no_effect_where_nothing_is_packed(checkpoint: Path) -> None:
    model = MusicModel.load(checkpoint, "cpu", "float32", frugal=True)
    assert not model.plays_only
    assert model.hidden_states(torch.zeros(1, 4, 2, dtype=torch.long)).shape == (2, 1, 2, 32)


def test_properties_of_a_model(model: MusicModel, stereo: MusicModel) -> None:
    assert (model.name, model.sample_rate, model.frame_rate, model.frame_size) == (
        *("tiny", 32_000, 50, 640),
    )
    assert (model.layers, model.width, model.codebooks, model.channels) == (2, 32, 4, 1)
    assert (model.window, model.codes, model.start_code) == (128, 64, 64)
    assert (model.dtype, model.device.type) == (torch.float32, "cpu")
    assert (stereo.name, stereo.codebooks, stereo.channels) == ("wide", 8, 2)
    assert model.delays == [0, 1, 2, 3] and stereo.delays == [0, 0, 1, 1, 2, 2, 3, 3]


def test_window_is_the_training_length(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "m", window=100)
    for max_length, window in ((60, 60), (20, 100), (None, 100), (1500, 100)):
        config = json.loads((folder / "generation_config.json").read_text())
        config["max_length"] = max_length
        (folder / "generation_config.json").write_text(json.dumps(config))
        assert MusicModel.load(folder, device="cpu").window == window


def test_half_precision_files_load_exactly(tmp_path: Path) -> None:
    make_checkpoint(tmp_path / "full")
    folder = make_checkpoint(tmp_path / "half", half=True)
    on_disk = load_file(folder / "model.safetensors")
    assert {t.dtype for t in on_disk.values() if t.is_floating_point()} == {torch.float16}
    model, full = (MusicModel.load(tmp_path / n, device="cpu") for n in ("half", "full"))
    ours = model.hf.state_dict()
    for key, tensor in full.hf.state_dict().items():
        assert ours[key].dtype == tensor.dtype
        assert torch.equal(ours[key].float(), tensor.half().float()), key


def test_only_the_decoder_uses_the_dtype(checkpoint: Path) -> None:
    model = MusicModel.load(checkpoint, device="cpu", dtype="float16")
    assert model.hf.decoder.lm_heads[0].weight.dtype == torch.float16
    assert {p.dtype for p in model.hf.audio_encoder.parameters()} == {torch.float32}
    assert {p.dtype for p in model.hf.text_encoder.parameters()} == {torch.float32}


def test_prompt_encoding(model: MusicModel) -> None:
    tokens = model.tokenizer(["Piano, slow"], return_tensors="pt")
    with torch.no_grad():
        expected = model.hf.enc_to_dec_proj(model.hf.text_encoder(**tokens).last_hidden_state)
    prompt = model.encode_prompt("Piano, slow")
    assert torch.allclose(prompt.states, expected, atol=1e-6)
    assert prompt.text == "Piano, slow" and not prompt.unconditional
    empty = model.encode_prompt("")
    assert empty.unconditional and empty.states.shape == (1, 1, model.width)
    assert not empty.states.any()
    assert model.encode_prompt("word " * 500).states.shape[1] <= 64
    assert model.encode_prompt("日本語 🎹").states.isfinite().all()
    with pytest.raises(MusicRFMError, match="must be text"):
        model.encode_prompt(None)


def test_audio_becomes_codes(model: MusicModel) -> None:
    audio = noise(1.0, 32_000)
    codes = model.encode_audio(audio, 32_000)
    expected = model.hf.audio_encoder.encode(torch.from_numpy(audio.T)[None]).audio_codes[0, 0]
    assert codes.shape == (4, 50) and codes.dtype == torch.long
    assert torch.equal(codes, expected)
    assert len(codes.unique()) > 20
    assert torch.equal(model.encode_audio(audio[:, 0], 32_000), codes)
    both = np.concatenate([audio, -0.5 * audio], 1)
    assert torch.equal(model.encode_audio(both, 32_000), model.encode_audio(audio / 4, 32_000))


def test_audio_is_resampled(model: MusicModel) -> None:
    audio = noise(1.0, 44_100)
    expected = model.encode_audio(soxr.resample(audio, 44_100, 32_000), 32_000)
    assert torch.equal(model.encode_audio(audio, 44_100), expected)


def test_stereo_codes_alternate(stereo: MusicModel) -> None:
    audio = noise(0.5, 32_000, 2)
    codes = stereo.encode_audio(audio, 32_000)
    assert codes.shape == (8, 25)
    for side in (0, 1):
        sound = torch.from_numpy(audio[:, side].copy())[None, None]
        expected = stereo.hf.audio_encoder.encode(sound).audio_codes[0, 0]
        assert torch.equal(codes[side::2], expected)
    doubled = stereo.encode_audio(audio[:, 0], 32_000)
    assert torch.equal(doubled[::2], doubled[1::2])


@pytest.mark.parametrize("kind", ["mono", "stereo"])
def test_codes_become_audio(kind: str, model: MusicModel, stereo: MusicModel) -> None:
    model = stereo if kind == "stereo" else model
    generator = torch.Generator().manual_seed(0)
    codes = torch.randint(model.codes, (model.codebooks, 7), generator=generator)
    audio = model.decode_codes(codes)
    assert audio.shape == (7 * 640, model.channels) and audio.dtype == np.float32
    for side in range(model.channels):
        own = codes[side :: model.channels][None, None]
        expected = model.hf.audio_encoder.decode(own, [None]).audio_values[0, 0]
        assert np.allclose(audio[:, side], expected.detach().numpy(), atol=1e-6)


@pytest.mark.parametrize(
    "audio", [np.zeros(0), np.full(100, np.nan), np.zeros((2, 2, 2)), np.array(1.0)]
)
def test_invalid_audio_is_refused(model: MusicModel, audio: np.ndarray) -> None:
    with pytest.raises(MusicRFMError, match="audio must be"):
        model.encode_audio(audio, 32_000)


def test_invalid_sample_rate_is_refused(model: MusicModel) -> None:
    with pytest.raises(MusicRFMError, match="above 0 Hz, not 0"):
        model.encode_audio(noise(0.1, 32_000), 0)


def test_hidden_states_match_hugging_face(model: MusicModel, stereo: MusicModel) -> None:
    for any_model in (model, stereo):
        generator = torch.Generator().manual_seed(0)
        shape = (2, any_model.codebooks, 12)
        codes = torch.randint(any_model.codes, shape, generator=generator)
        states = any_model.hidden_states(codes)
        assert states.shape == (any_model.layers, 2, 12, any_model.width)
        inputs = any_model.delay(codes)
        assert (inputs[:, :, 0] == any_model.start_code).all()
        for book, late in enumerate(any_model.delays):
            assert (inputs[:, book, : 1 + late] == any_model.start_code).all()
            assert torch.equal(inputs[:, book, 1 + late :], codes[:, book, : 12 - late])
        decoder = any_model.hf.decoder.model.decoder
        with torch.no_grad():
            out = decoder(inputs.flatten(0, 1), output_hidden_states=True, use_cache=False)
            last = decoder.layer_norm(states[-1])
        assert torch.allclose(out.hidden_states[1][:, 1:], states[0], atol=1e-5)
        assert torch.allclose(out.last_hidden_state[:, 1:], last, atol=1e-5)
        # A frame's state does not depend on later frames.
        later = codes.clone()
        later[:, :, 8:] = 0
        assert torch.allclose(any_model.hidden_states(later)[:, :, :8], states[:, :, :8], atol=1e-5)
        hooks = len(decoder.layers[0]._forward_hooks)
        any_model.hidden_states(codes)
        assert len(decoder.layers[0]._forward_hooks) == hooks


def test_hidden_states_are_read_where_steering_adds(model: MusicModel) -> None:
    """An offset on layer i shifts the states of layer i by that offset, and no earlier layer."""
    codes = torch.randint(64, (1, 4, 6), generator=torch.Generator().manual_seed(0))
    offset = torch.ones(model.width)
    before = model.hidden_states(codes)
    block = model.hf.decoder.model.decoder.layers[1]
    hook = block.register_forward_hook(lambda module, args, output: output + offset)
    after = model.hidden_states(codes)
    hook.remove()
    assert torch.equal(after[0], before[0])
    assert torch.allclose(after[1], before[1] + 1.0, atol=1e-6)


def test_invalid_codes_are_refused(model: MusicModel) -> None:
    with pytest.raises(MusicRFMError, match=r"\[batch, 4, frames\]"):
        model.hidden_states(torch.zeros(1, 8, 5))
    with pytest.raises(MusicRFMError, match="128 frames are too many.*127"):
        model.hidden_states(torch.zeros(1, 4, 128))
    with pytest.raises(MusicRFMError, match=r"\[4, frames\]"):
        model.decode_codes(torch.zeros(5, 5))
    for code in (-1, 64):
        with pytest.raises(MusicRFMError, match="from 0 to 63"):
            model.decode_codes(torch.full((4, 5), code))


def refused(name: object, pattern: str, **options: object) -> None:
    with pytest.raises(MusicRFMError, match=pattern) as caught:
        MusicModel.load(name, **options)
    assert "\n" not in str(caught.value)


def test_missing_models_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "NANO", tmp_path / "weights")
    refused("nano", "python -m musicrfm.nano")
    refused("nowhere", "model 'nowhere' does not exist")
    refused(tmp_path / "gone" / "further", "does not exist")
    refused("", "model '' does not exist")
    refused(tmp_path, "no config.json")
    refused("someone/no-such-model", "'someone/no-such-model' .*did not deliver.*network")


def test_nano_is_found_by_its_name(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = (tmp_path / "weights").resolve()
    shutil.copytree(checkpoint, weights)
    monkeypatch.setattr(finding, "NANO", weights)
    assert MusicModel.load("nano", device="cpu").name == "nano"
    assert MusicModel.load(weights, device="cpu").name == "nano"


def test_invalid_or_incomplete_models_are_refused(tmp_path: Path, checkpoint: Path) -> None:
    folder = tmp_path / "m"
    shutil.copytree(checkpoint, folder)
    config = (folder / "config.json").read_text()
    (folder / "config.json").write_text(json.dumps({"model_type": "t5"}))
    refused(folder, "'t5', not a MusicGen")
    for broken in ("{", "[]", ""):
        (folder / "config.json").write_text(broken)
        refused(folder, "config.json of model 'm' cannot be read|no config.json")
    (folder / "config.json").write_text(config)

    weights = load_file(folder / "model.safetensors")
    lacking = {k: v for k, v in weights.items() if "fc1" not in k}
    save_file(lacking, folder / "model.safetensors", {"format": "pt"})
    refused(folder, "incomplete: 2 weights are missing.*fc1")
    (folder / "model.safetensors").write_bytes(b"no weights at all")
    refused(folder, "model.safetensors is damaged or truncated")
    (folder / "model.safetensors").unlink()
    refused(folder, "'m' has no weights")


def test_unknown_tokenizer_class_name_is_tolerated(tmp_path: Path, checkpoint: Path) -> None:
    shutil.copytree(checkpoint, tmp_path / "m")
    path = tmp_path / "m" / "tokenizer_config.json"
    config = json.loads(path.read_text()) | {"tokenizer_class": "TokenizerOfTomorrow"}
    path.write_text(json.dumps(config))
    renamed, usual = (MusicModel.load(f, device="cpu") for f in (tmp_path / "m", checkpoint))
    states = [m.encode_prompt("slow piano").states for m in (renamed, usual)]
    assert torch.equal(*states)


def test_unusable_devices_and_dtypes_are_refused(checkpoint: Path) -> None:
    refused(checkpoint, "device 'toaster' cannot be used", device="toaster")
    refused(checkpoint, "not auto, float32, bfloat16, float16, int8 or int4", dtype="half a byte")
    refused(checkpoint, "not auto, float32, bfloat16, float16, int8 or int4", dtype=torch.int64)
