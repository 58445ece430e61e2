"""Finding a model's folder, and choosing the files of a repository to download."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from musicrfm.checkpoints.finding import find, in_folder, wanted
from musicrfm.errors import MusicRFMError

SMALL = ["README.md", "config.json", "generation_config.json", "tokenizer.json", "spiece.model"]


def touch(folder: Path, *names: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_bytes(b"x")
    return folder


@pytest.mark.parametrize(
    ("weights", "chosen"),
    [
        (["model.safetensors", "pytorch_model.bin", "flax_model.msgpack"], ["model.safetensors"]),
        (["pytorch_model.bin", "tf_model.h5"], ["pytorch_model.bin"]),
        (
            ["pytorch_model-00001-of-00002.bin", "pytorch_model-00002-of-00002.bin"],
            ["pytorch_model-00001-of-00002.bin", "pytorch_model-00002-of-00002.bin"],
        ),
        (
            # An incomplete set of shards is useless.
            ["model-00001-of-00002.safetensors", "pytorch_model.bin"],
            ["pytorch_model.bin"],
        ),
        (["model.fp16.safetensors", "model.safetensors"], ["model.safetensors"]),
        (["model.fp16.safetensors"], ["model.fp16.safetensors"]),
        (
            ["state_dict.bin", "compression_state_dict.bin", "pytorch_model.bin"],
            ["pytorch_model.bin"],
        ),
        (
            ["adapter_config.json", "model.safetensors"],
            ["adapter_config.json", "model.safetensors"],
        ),
        (["tune.safetensors"], ["tune.safetensors"]),
        (["training_args.bin", "optimizer.pt", "model.safetensors"], ["model.safetensors"]),
    ],
)
def test_one_format_of_the_weights_is_downloaded(weights, chosen):
    inner = ["checkpoint-500/model.safetensors", "checkpoint-500/config.json"]
    small = [name for name in SMALL if not name.endswith(".md")]
    assert wanted([*SMALL, *weights, *inner]) == sorted([*small, *chosen])


def test_needed_files_of_other_layouts_are_downloaded():
    audiocraft = ["README.md", "state_dict.bin", "compression_state_dict.bin", "demo.wav"]
    assert wanted(audiocraft) == ["compression_state_dict.bin", "state_dict.bin"]
    adapter = ["adapter_config.json", "adapter_model.safetensors", "adapter_model.bin"]
    others = ["training_args.bin", "tokenizer.json", "checkpoint-9/adapter_model.safetensors"]
    assert wanted([*adapter, *others]) == [*adapter[:2], "tokenizer.json"]
    embedded = ["config.json", "model.safetensors"]
    assert wanted([*adapter, *embedded]) == [*adapter[:2], *embedded]
    assert wanted(["README.md", "demo.wav"]) == []


@pytest.mark.parametrize(
    ("names", "layout", "weights"),
    [
        (["config.json", "model.safetensors"], "huggingface", ["model.safetensors"]),
        (["state_dict.bin", "compression_state_dict.bin"], "audiocraft", ["state_dict.bin"]),
        (["checkpoint.th"], "audiocraft", ["checkpoint.th"]),
        (["adapter_config.json", "adapter_model.bin"], "adapter", ["adapter_model.bin"]),
        (
            # Like the published models: both formats in one repository.
            ["config.json", "model.safetensors", "state_dict.bin", "compression_state_dict.bin"],
            "huggingface",
            ["model.safetensors"],
        ),
        (
            ["config.json", "state_dict.bin", "compression_state_dict.bin"],
            "audiocraft",
            ["state_dict.bin"],
        ),
    ],
)
def test_layout_of_a_folder_is_recognised(names, layout, weights, tmp_path):
    found = in_folder(touch(tmp_path / "m", *names), "m")
    assert found.layout == layout
    assert found.weights == tuple(tmp_path / "m" / name for name in weights)


def test_parent_of_a_model_folder_suggests_the_model_folder(tmp_path):
    touch(tmp_path / "out" / "checkpoint-500", "config.json", "model.safetensors")
    touch(tmp_path / "out" / "logs", "events.txt")
    with pytest.raises(MusicRFMError, match="'out' is not a model folder.*'checkpoint-500' is"):
        find(tmp_path / "out")


def test_file_path_is_resolved_or_refused(tmp_path):
    folder = touch(tmp_path / "mine", "state_dict.bin", "model.safetensors", "lm.pt", "a.wav")
    assert find(folder / "state_dict.bin").name == "mine"
    assert find(folder / "lm.pt").name == "lm"
    for name in ("model.safetensors", "a.wav"):
        with pytest.raises(MusicRFMError, match=f"{name}' is a file: give the folder"):
            find(folder / name)


def test_hub_cache_folder_is_found(tmp_path):
    repository = tmp_path / "models--someone--my-tune"
    inner = touch(repository / "snapshots" / "abc", "config.json", "model.safetensors")
    touch(repository / "refs").joinpath("main").write_text("abc")
    for given in (repository, inner):
        found = find(given)
        assert (found.folder, found.name) == (inner.resolve(), "my-tune")


def test_folder_names_may_have_spaces_and_accents(tmp_path, checkpoint, monkeypatch):
    shutil.copytree(checkpoint, tmp_path / "my model été")
    monkeypatch.chdir(tmp_path)
    assert find("my model été").name == "my model été"
    assert find("./my model été/").name == "my model été"


@pytest.mark.parametrize("name", ["", "nowhere", "/a/b/c", "ftp://x/y", "https://example.com/a/b"])
def test_unknown_names_are_refused(name):
    with pytest.raises(MusicRFMError, match="does not exist: give nano, a folder, or a hub id"):
        find(name)
