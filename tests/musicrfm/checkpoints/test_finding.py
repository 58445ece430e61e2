"""Where a model is, and which files of a repository are wanted."""

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
            # Shards of which one was never uploaded are no use.
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
def test_one_form_of_the_weights_is_downloaded(weights, chosen):
    inner = ["checkpoint-500/model.safetensors", "checkpoint-500/config.json"]
    small = [name for name in SMALL if not name.endswith(".md")]
    assert wanted([*SMALL, *weights, *inner]) == sorted([*small, *chosen])


def test_what_other_layouts_need_is_downloaded():
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
            # As the published ones are: both forms in one repository.
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
def test_what_a_folder_holds(names, layout, weights, tmp_path):
    found = in_folder(touch(tmp_path / "m", *names), "m")
    assert found.layout == layout
    assert found.weights == tuple(tmp_path / "m" / name for name in weights)


def test_a_folder_of_folders_says_which_to_give(tmp_path):
    touch(tmp_path / "out" / "checkpoint-500", "config.json", "model.safetensors")
    touch(tmp_path / "out" / "logs", "events.txt")
    with pytest.raises(MusicRFMError, match="'out' is not a model folder.*'checkpoint-500' is"):
        find(tmp_path / "out")


def test_a_file_instead_of_its_folder(tmp_path):
    folder = touch(tmp_path / "mine", "state_dict.bin", "model.safetensors", "lm.pt", "a.wav")
    assert find(folder / "state_dict.bin").name == "mine"
    assert find(folder / "lm.pt").name == "lm"
    for name in ("model.safetensors", "a.wav"):
        with pytest.raises(MusicRFMError, match=f"{name}' is a file: give the folder"):
            find(folder / name)


def test_a_folder_of_the_hubs_cache(tmp_path):
    repository = tmp_path / "models--someone--my-tune"
    inner = touch(repository / "snapshots" / "abc", "config.json", "model.safetensors")
    touch(repository / "refs").joinpath("main").write_text("abc")
    for given in (repository, inner):
        found = find(given)
        assert (found.folder, found.name) == (inner.resolve(), "my-tune")


def test_names_with_spaces_and_accents(tmp_path, checkpoint, monkeypatch):
    shutil.copytree(checkpoint, tmp_path / "my model été")
    monkeypatch.chdir(tmp_path)
    assert find("my model été").name == "my model été"
    assert find("./my model été/").name == "my model été"


@pytest.mark.parametrize("name", ["", "nowhere", "/a/b/c", "ftp://x/y", "https://example.com/a/b"])
def test_names_of_nothing(name):
    with pytest.raises(MusicRFMError, match="does not exist: give nano, a folder, or a hub id"):
        find(name)
