"""Models in audiocraft's format sound like the same model in Hugging Face's format."""

from __future__ import annotations

import argparse
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from musicrfm.checkpoints import hub
from musicrfm.checkpoints.finding import NANO
from musicrfm.cli import main
from musicrfm.errors import MusicRFMError
from musicrfm.model import MusicModel
from musicrfm.stream import MusicStream
from tests.audiocraft_files import write_audiocraft, write_text_encoder
from tests.checkpoints import make_checkpoint

PROMPT = "piano melody, 90 bpm"
STATE, CODEC = "state_dict.bin", "compression_state_dict.bin"


def greedy(model: MusicModel, frames: int = 24) -> np.ndarray:
    return MusicStream(model, PROMPT, guidance_scale=3.0, temperature=0).generate(frames)


def same(one: Path | str, other: Path | str) -> None:
    first, second = (MusicModel.load(path, device="cpu") for path in (one, other))
    about = [
        (m.layers, m.width, m.heads, m.codebooks, m.codes, m.channels, m.window, m.lead)
        for m in (first, second)
    ]
    assert about[0] == about[1]
    assert first.start_code == second.start_code
    sound = greedy(first)
    assert np.abs(sound).max() > 0 and np.array_equal(sound, greedy(second))


@pytest.fixture(scope="module")
def written(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_audiocraft(checkpoint, tmp_path_factory.mktemp("audiocraft") / "mine")


@pytest.fixture
def pair(checkpoint: Path, written: Path, tmp_path: Path) -> tuple[Path, Path]:
    """A checkpoint, and a copy in audiocraft's format that a test may change."""
    return checkpoint, Path(shutil.copytree(written, tmp_path / "mine"))


@pytest.mark.parametrize(
    "shape",
    [
        {"stereo": True, "layers": 3, "lstm_layers": 2, "seed": 1},
        {"causal": True, "shortcut": True, "residual_layers": 2, "trim_right_ratio": 0.5},
        {"melody": True, "chroma_length": 20, "seed": 2},
        {"melody": True, "chroma_length": 20, "stereo": True},
        {"half": True, "activation": "gelu", "pad_mode": "constant", "codes": 128},
    ],
    ids="-".join,
)
def test_every_variant_sounds_the_same_in_both_formats(shape, tmp_path):
    seconds = 2.56
    assert shape.get("chroma_length", 20) == int(32_000 * seconds) // 4096
    shape = shape | ({"chroma_length": 21} if "chroma_length" in shape else {})
    plain = make_checkpoint(tmp_path / "plain", **shape)
    same(write_audiocraft(plain, tmp_path / "mine"), plain)


def test_nano_sounds_the_same_in_both_formats(tmp_path):
    mine = write_audiocraft(NANO, tmp_path / "mine")
    heard = greedy(MusicModel.load(mine, device="cpu"), 12)
    assert np.array_equal(heard, greedy(MusicModel.load("nano", device="cpu"), 12))


def test_conversion_writes_a_folder_for_transformers(pair, tmp_path, monkeypatch, capsys):
    from transformers import AutoTokenizer, MusicgenForConditionalGeneration

    plain, mine = pair
    monkeypatch.chdir(tmp_path)
    assert main(["import-model", "mine"]) == 0
    assert "bridge play --model converted/mine" in capsys.readouterr().out.replace(os.sep, "/")
    made = tmp_path / "converted" / "mine"
    same(made, plain)
    theirs = MusicgenForConditionalGeneration.from_pretrained(made)
    tokens = AutoTokenizer.from_pretrained(made)([PROMPT], return_tensors="pt")
    reference = MusicgenForConditionalGeneration.from_pretrained(plain)
    options = {"do_sample": False, "max_length": 12}
    assert torch.equal(
        theirs.generate(**tokens, **options), reference.generate(**tokens, **options)
    )
    assert [path.name for path in (tmp_path / "converted").iterdir()] == ["mine"]
    assert main(["import-model", "mine"]) == 2
    assert "is not empty" in capsys.readouterr().err


def test_model_size_is_read_without_loading(pair, tmp_path, monkeypatch):
    """Layers and width, also of an adapter through its base model."""
    from musicrfm.published.importer import model_size

    plain, mine = pair
    assert model_size(str(mine)) == model_size(str(mine / STATE)) == model_size(str(plain))
    about = {"peft_type": "LORA", "base_model_name_or_path": str(mine)}
    tuned = tmp_path / "tuned"
    tuned.mkdir()
    (tuned / "adapter_config.json").write_text(json.dumps(about))
    (tuned / "adapter_model.safetensors").write_bytes(b"x")
    assert model_size(str(tuned)) == (2, 32)
    about["base_model_name_or_path"] = "facebook/musicgen-melody"
    (tuned / "adapter_config.json").write_text(json.dumps(about))
    assert model_size(str(tuned)) == (48, 1536)


def test_float16_stays_float16_on_disk(tmp_path):
    from safetensors.torch import load_file

    plain = make_checkpoint(tmp_path / "plain", half=True)
    write_audiocraft(plain, tmp_path / "mine")
    assert main(["import-model", str(tmp_path / "mine"), "--out", str(tmp_path / "out")]) == 0
    saved = load_file(tmp_path / "out" / "model.safetensors")
    theirs = load_file(plain / "model.safetensors")
    decoder = {name: tensor for name, tensor in saved.items() if name.startswith("decoder.")}
    assert {tensor.dtype for tensor in decoder.values()} == {torch.float16}
    assert all(torch.equal(tensor, theirs[name]) for name, tensor in decoder.items())


def test_codec_named_only_is_taken_from_a_musicgen(pair, tmp_path, capsys):
    plain, _ = pair
    mine = write_audiocraft(plain, tmp_path / "names", codec=False)
    with pytest.raises(
        MusicRFMError, match="codec 'facebook/encodec_32khz' is not among .*--codec"
    ):
        MusicModel.load(mine, device="cpu")
    out = str(tmp_path / "out")
    assert main(["import-model", str(mine), "--out", out, "--codec", str(plain)]) == 0
    same(out, plain)


@pytest.mark.slow
def test_text_encoder_is_searched_in_every_place(pair, tmp_path, monkeypatch):
    plain, mine = pair
    shutil.rmtree(mine / "t5-base")
    with pytest.raises(MusicRFMError) as caught:
        MusicModel.load(mine, device="cpu")
    message = str(caught.value)
    assert "'mine' has audiocraft's file format" in message and "--text-encoder FOLDER" in message
    assert "'t5-base' is not among the files" in message and "\n" not in message
    t5 = write_text_encoder(plain, tmp_path / "somewhere")
    for given in (t5, plain):
        out = tmp_path / f"from-{given.name}"
        options = ["--out", str(out), "--text-encoder", str(given)]
        assert main(["import-model", str(mine), *options]) == 0
        same(out, plain)
    for cached in ("google-t5/t5-base", "t5-base", "facebook/musicgen-medium"):
        folder = plain if "musicgen" in cached else t5
        found = {cached: folder}
        monkeypatch.setattr(hub, "cached", lambda where, found=found: found.get(where.repo))
        same(mine, plain)


def test_both_hub_names_of_t5_are_tried(pair, tmp_path, monkeypatch):
    plain, mine = pair
    (mine / "t5-base").rename(tmp_path / "t5")
    asked = []

    def download(where: hub.Address, *how: object) -> Path:
        asked.append(where.repo)
        if "/" in where.repo:
            raise hub.NotThere("cannot be had from the Hugging Face hub: no such model")
        return tmp_path / "t5"

    monkeypatch.setattr(hub, "download", download)
    same(mine, plain)
    assert asked == ["google-t5/t5-base", "t5-base"]


@pytest.mark.parametrize("given", ["nowhere", "empty", "codec"])
def test_folder_without_a_text_encoder_is_refused(given, pair, tmp_path, capsys):
    _, mine = pair
    (tmp_path / "empty").mkdir()
    (tmp_path / "codec").mkdir()
    (tmp_path / "codec" / "config.json").write_text('{"model_type": "encodec"}')
    (tmp_path / "codec" / "model.safetensors").write_bytes(b"")
    options = ["--text-encoder", str(tmp_path / given), "--out", str(tmp_path / "out")]
    assert main(["import-model", str(mine), *options]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and error.count("\n") == 1 and given in error
    assert not (tmp_path / "out").exists()


def test_jointly_trained_text_encoder_is_loaded(pair, tmp_path):
    plain, mine = pair
    other = MusicModel.load(make_checkpoint(tmp_path / "other", seed=9), device="cpu")
    trained = other.hf.text_encoder.state_dict()

    def add(content: dict) -> None:
        start = "condition_provider.conditioners.description.t5."
        content["best_state"] |= {start + name: tensor for name, tensor in trained.items()}

    change(mine / STATE, add)
    model = MusicModel.load(mine, device="cpu")
    tokens = model.tokenizer([PROMPT], return_tensors="pt")
    states = [m.hf.text_encoder(**tokens).last_hidden_state for m in (model, other)]
    assert torch.equal(*states)


def change(path: Path, how: Callable[[dict], object], settings: bool = False) -> None:
    """Applies `how` to the contents of a file, or to its settings."""
    content = torch.load(path, weights_only=True)
    if settings:
        values = yaml.safe_load(content["xp.cfg"])
        how(values)
        content["xp.cfg"] = yaml.safe_dump(values)
    else:
        how(content)
    torch.save(content, path)


@pytest.mark.slow
def test_other_layouts_of_the_file_are_read(pair, tmp_path):
    plain, mine = pair

    def training(content: dict) -> None:
        content["best_state"] = {"model": content["best_state"]}

    change(mine / STATE, training)
    same(mine, plain)

    def sharded(content: dict) -> None:
        content |= {"fsdp_best_state": content.pop("best_state"), "best_state": {}}

    change(mine / STATE, sharded)
    same(mine, plain)
    change(mine / STATE, lambda c: c.update({"xp.cfg": yaml.safe_load(c["xp.cfg"])}))
    same(mine, plain)
    old = torch.load(mine / STATE, weights_only=True)
    torch.save(old, mine / STATE, _use_new_zipfile_serialization=False)
    same(mine / STATE, plain)

    def plain_attention(content: dict) -> None:
        state = content["fsdp_best_state"]["model"]
        for name in [n for n in state if "attn." in n or "attention." in n]:
            head, _, end = name.rpartition("attn." if "attn." in name else "attention.")
            dot = "attn." if "attn." in name else "attention."
            state[f"{head}{dot}mha.{end}"] = state.pop(name)

    change(mine / STATE, plain_attention)
    same(mine, plain)


def test_language_model_file_without_settings_uses_the_published_ones(tmp_path):
    plain = make_checkpoint(tmp_path / "plain", heads=2, width=128, window=1500)
    mine = write_audiocraft(plain, tmp_path / "mine")
    weights = torch.load(mine / STATE, weights_only=True)["best_state"]
    (mine / STATE).unlink()
    torch.save(weights, mine / "lm_final.pt")
    for named in (mine, mine / "lm_final.pt"):
        model = MusicModel.load(named, device="cpu")
        assert (model.heads, model.window, model.channels) == (2, 1500, 1)
        assert np.array_equal(greedy(model), greedy(MusicModel.load(plain, device="cpu")))
    assert model.name == "lm_final"


def test_zero_biases_are_dropped_and_others_refused(pair):
    plain, mine = pair

    def biased(value: float) -> Callable[[dict], None]:
        def add(content: dict) -> None:
            bias = torch.full((3 * 32,), value)
            content["best_state"]["transformer.layers.1.self_attn.in_proj_bias"] = bias

        return add

    change(mine / STATE, biased(0.0))
    same(mine, plain)
    change(mine / STATE, biased(0.1))
    refused(mine, r"biases \(transformer.layers.1.self_attn.in_proj_bias\)")


def refused(path: Path, pattern: str) -> None:
    with pytest.raises(MusicRFMError, match=pattern) as caught:
        MusicModel.load(path, device="cpu")
    message = str(caught.value)
    assert "\n" not in message and "audiocraft's file format" in message


@pytest.mark.parametrize(
    ("name", "value", "pattern"),
    [
        ("lm_model", "transformer_lm_magnet", "transformer_lm_magnet, not a MusicGen"),
        ("codebooks_pattern.modeling", "parallel", "codebook pattern is parallel, not delay"),
        ("codebooks_pattern.delay.delays", [0, 2, 4, 6], r"codebook delays are \[0, 2, 4, 6\]"),
        ("codebooks_pattern.delay.flatten_first", 2, "flatten_first is 2, but a MusicGen's is 0"),
        ("transformer_lm.positional_embedding", "rope", "positional_embedding is 'rope'"),
        ("transformer_lm.norm_first", False, "norm_first is False"),
        ("transformer_lm.num_heads", "many", "num_heads is 'many', not a number"),
        ("transformer_lm.num_heads", 5, "cannot be converted"),
        ("transformer_lm.activation", "swiglu", "cannot be converted"),
        ("interleave_stereo_codebooks.per_timestep", True, "per_timestep is True"),
        ("interleave_stereo_codebooks.use", True, "codebook delays are"),
        ("dataset.segment_duration", "long", "cannot be converted"),
        ("conditioners.description.model", "clap", "its text encoder is clap, not T5"),
        ("conditioners.description.t5.name", "../../etc", "neither a local folder nor on the hub"),
        ("conditioners.description.t5.name", "t5-huge", "'t5-huge' is not among the files"),
    ],
)
def test_settings_foreign_to_musicgen_are_refused(name, value, pattern, pair):
    _, mine = pair

    def set_it(settings: dict) -> None:
        *path, last = name.split(".")
        for part in path:
            settings = settings[part]
        settings[last] = value

    change(mine / STATE, set_it, settings=True)
    refused(mine, pattern)


@pytest.mark.parametrize(
    ("name", "value", "pattern"),
    [
        ("compression_model", "dac", "compression_model is 'dac'"),
        ("seanet.norm", "none", "layer normalisation is 'none'"),
        ("seanet.decoder.n_filters", 8, r"has separate settings \(n_filters\)"),
        ("seanet.decoder.final_activation", "Tanh", "final_activation is 'Tanh'"),
        ("seanet.ratios", "8", "seanet.ratios is '8'"),
        ("seanet.n_filters", 4, "do not fit"),
        ("sample_rate", "${sample_rate}", None),  # an unresolved value means 32 kHz
    ],
)
def test_settings_of_other_codecs_are_refused(name, value, pattern, pair):
    plain, mine = pair

    def set_it(settings: dict) -> None:
        *path, last = name.split(".")
        for part in path:
            settings = settings[part]
        settings[last] = value

    change(mine / CODEC, set_it, settings=True)
    if pattern is None:
        same(mine, plain)
    else:
        refused(mine, pattern)


def test_other_codecs_given_by_name_are_refused(pair):
    _, mine = pair
    torch.save({"pretrained": "dac_44khz", "exported": True}, mine / CODEC)
    refused(mine, "its codec is dac_44khz; only EnCodec")
    torch.save({"pretrained": "/home/someone/codec.bin"}, mine / CODEC)
    refused(
        mine, "'/home/someone/codec.bin', which is neither a local folder nor on the hub.*--codec"
    )


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        (
            "condition_provider.conditioners.genre.embed.weight",
            "its conditioning 'genre' is not supported",
        ),
        (
            "transformer.layers.0.layer_scale_1.scale",
            "unknown to MusicGen: transformer.layers.0.layer_scale_1",
        ),
        ("cfm.0.weight", "unknown to MusicGen: cfm.0.weight"),
    ],
)
def test_weights_foreign_to_musicgen_are_refused(name, pattern, pair):
    _, mine = pair
    change(mine / STATE, lambda content: content["best_state"].update({name: torch.ones(2)}))
    refused(mine, pattern)


def test_style_conditioning_is_refused(tmp_path):
    plain = make_checkpoint(tmp_path / "plain", melody=True, chroma_length=21)
    mine = write_audiocraft(plain, tmp_path / "mine")
    style = {"model": "style", "style": {}}
    change(mine / STATE, lambda s: s["conditioners"].update({"self_wav": style}), settings=True)
    refused(mine, "audio conditioning style is not supported")


class Harmful:
    def __reduce__(self):
        return (os.mkdir, ("harm",))


@pytest.mark.parametrize("file", [STATE, CODEC])
@pytest.mark.parametrize("new", [True, False])
def test_pickled_code_is_refused_and_not_run(file, new, pair, tmp_path, monkeypatch):
    _, mine = pair
    monkeypatch.chdir(tmp_path)
    content = torch.load(mine / file, weights_only=True) | {"xp.cfg": Harmful()}
    torch.save(content, mine / file, _use_new_zipfile_serialization=new)
    refused(mine, rf"{file} is refused: besides weights it contains (posix|nt)\.mkdir")
    content["xp.cfg"] = argparse.Namespace(a=1)
    torch.save(content, mine / file, _use_new_zipfile_serialization=new)
    refused(mine, "contains argparse.Namespace")
    assert not Path("harm").exists()


def test_damaged_or_foreign_files_are_refused(pair, tmp_path, monkeypatch):
    _, mine = pair
    monkeypatch.chdir(tmp_path)
    whole = (mine / STATE).read_bytes()
    for content in (b"x\n", b"", whole[: len(whole) // 2]):
        (mine / STATE).write_bytes(content)
        refused(mine, "state_dict.bin is not a weights file")
    (mine / STATE).write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n")
    with pytest.raises(
        MusicRFMError, match="only the Git LFS pointer of state_dict.bin: run `git lfs pull"
    ):
        MusicModel.load(mine, device="cpu")
    torch.save({"model": 1}, mine / STATE)
    refused(mine, "no best_state")
    (mine / STATE).write_bytes(whole)
    for text in ("&a [*a]", "- 1"):  # lists hold no settings
        change(mine / STATE, lambda content, text=text: content.update({"xp.cfg": text}))
        MusicModel.load(mine, device="cpu")
    for text in ("[1", "!!python/object/apply:os.mkdir [harm]"):
        change(mine / STATE, lambda content, text=text: content.update({"xp.cfg": text}))
        with pytest.raises(MusicRFMError, match=r"^.*settings \(xp.cfg\) in .* cannot be read$"):
            MusicModel.load(mine, device="cpu")
    assert not Path("harm").exists()
    (mine / STATE).unlink()
    with pytest.raises(MusicRFMError, match="compression_state_dict.bin is there, but not its"):
        MusicModel.load(mine, device="cpu")
