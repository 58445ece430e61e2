"""One model in the layouts of many programs, and layouts that are refused."""

from __future__ import annotations

import argparse
import collections
import json
import math
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from musicrfm.checkpoints import hub, parts
from musicrfm.checkpoints.tensors import read_pickled
from musicrfm.errors import MusicRFMError
from musicrfm.model import MusicModel

WHOLE, PICKLED = "model.safetensors", "pytorch_model.bin"
State = dict[str, Tensor]


@pytest.fixture
def folder(checkpoint: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(checkpoint, tmp_path / "m"))


@pytest.fixture
def state(folder: Path) -> State:
    """The weights of `folder`; their file is removed."""
    found = {name: tensor.clone() for name, tensor in load_file(folder / WHOLE).items()}
    (folder / WHOLE).unlink()
    return found


def write(state: State, path: Path) -> None:
    if path.suffix == ".bin":
        torch.save(state, path)
    else:
        save_file({name: tensor.clone() for name, tensor in state.items()}, path, {"format": "pt"})


def shards(state: State, folder: Path, stem: str, end: str, index: str | None) -> list[Path]:
    """Writes the weights as two shards, and their index unless `index` is None."""
    names = sorted(state)
    halves = names[: len(names) // 2], names[len(names) // 2 :]
    paths = [folder / f"{stem}-{i}-of-00002.{end}" for i in ("00001", "00002")]
    for part, path in zip(halves, paths, strict=True):
        write({name: state[name] for name in part}, path)
    if index is not None:
        weight_map = {n: p.name for h, p in zip(halves, paths, strict=True) for n in h}
        (folder / index).write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))
    return paths


def equal(folder: Path, model: MusicModel) -> None:
    ours, theirs = MusicModel.load(folder, device="cpu").hf.state_dict(), model.hf.state_dict()
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(tensor, theirs[name]) for name, tensor in ours.items())


def old_names(state: State, folder: Path) -> None:
    ends = {"parametrizations.weight.original0": "weight_g"}
    ends |= {"parametrizations.weight.original1": "weight_v"}
    renamed = {}
    for name, tensor in state.items():
        end = next((end for end in ends if name.endswith(end)), None)
        renamed[name.removesuffix(end) + ends[end] if end else name] = tensor
    assert any(name.endswith("weight_g") for name in renamed)
    write(renamed, folder / PICKLED)


def beside_another(state: State, folder: Path) -> None:
    write(state, folder / WHOLE)
    (folder / PICKLED).write_bytes(b"not to be opened")


def broken_off(state: State, folder: Path) -> None:
    shards(state, folder, "model", "safetensors", "model.safetensors.index.json")[1].unlink()
    write(state, folder / PICKLED)


def untied(state: State, folder: Path) -> None:
    shared = state["text_encoder.shared.weight"]
    write(state | {"text_encoder.encoder.embed_tokens.weight": shared}, folder / WHOLE)


def tied_elsewhere(state: State, folder: Path) -> None:
    shared = state.pop("text_encoder.shared.weight")
    write(state | {"text_encoder.encoder.embed_tokens.weight": shared}, folder / WHOLE)


def with_positions(state: State, folder: Path) -> None:
    """Adds position embeddings, as older versions of transformers do, longer than the window."""
    name = "decoder.model.decoder.embed_positions.weights"
    write(state | {name: torch.zeros(2048, 32)}, folder / WHOLE)


def from_before_archives(state: State, folder: Path) -> None:
    torch.save(state, folder / PICKLED, _use_new_zipfile_serialization=False)


LAYOUTS: dict[str, Callable[[State, Path], object]] = {
    "bin": lambda s, f: write(s, f / PICKLED),
    "parameters": lambda s, f: torch.save(
        {n: torch.nn.Parameter(t) if t.is_floating_point() else t for n, t in s.items()},
        f / PICKLED,
    ),
    "float64": lambda s, f: write(
        {n: t.double() if t.is_floating_point() else t for n, t in s.items()}, f / WHOLE
    ),
    "shards": lambda s, f: shards(s, f, "model", "safetensors", f"{WHOLE}.index.json"),
    "shards of bin": lambda s, f: shards(s, f, "pytorch_model", "bin", f"{PICKLED}.index.json"),
    "shards without index": lambda s, f: shards(s, f, "model", "safetensors", None),
    "variant": lambda s, f: write(s, f / "model.fp16.safetensors"),
    "variant of bin": lambda s, f: write(s, f / "pytorch_model.fp16.bin"),
    "shards of variant": lambda s, f: shards(
        s, f, "model.fp16", "safetensors", f"{WHOLE}.index.fp16.json"
    ),
    "only one, by another name": lambda s, f: write(s, f / "my-tune.safetensors"),
    "format not said": lambda s, f: save_file(s, f / WHOLE),
    "old names": old_names,
    "beside another": beside_another,
    "broken off, but also as bin": broken_off,
    "text encoder untied": untied,
    "text encoder tied elsewhere": tied_elsewhere,
    "from before archives": from_before_archives,
    "with positions": with_positions,
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_loads_the_same_model(layout, folder, state, model):
    LAYOUTS[layout](state, folder)
    equal(folder, model)


def test_bfloat16_files_load_exactly(folder, state, model):
    rounded = {n: t.bfloat16() if t.is_floating_point() else t for n, t in state.items()}
    write(rounded, folder / WHOLE)
    ours = MusicModel.load(folder, device="cpu").hf.state_dict()
    for name, tensor in model.hf.state_dict().items():
        if "embed_positions" not in name:
            assert torch.equal(ours[name], tensor.bfloat16().float()), name


def test_weights_saved_from_a_gpu_load_on_the_cpu(folder, state, model, monkeypatch):
    monkeypatch.setattr(torch.serialization, "location_tag", lambda storage: "cuda:0")
    write(state, folder / PICKLED)
    monkeypatch.undo()
    equal(folder, model)


def test_preferred_variant_of_the_weights_is_loaded(folder, state, model):
    wrong = {name: torch.zeros_like(tensor) for name, tensor in state.items()}
    write(wrong, folder / "model.bf16.safetensors")
    write(state, folder / "model.fp32.safetensors")
    write(wrong, folder / PICKLED)
    (folder / PICKLED).rename(folder / "pytorch_model.ema.bin")
    equal(folder, model)


def test_loaded_weights_do_not_depend_on_the_file(folder, model):
    loaded = MusicModel.load(folder, device="cpu")
    (folder / WHOLE).write_bytes(b"")
    for name, tensor in loaded.hf.state_dict().items():
        assert torch.equal(tensor, model.hf.state_dict()[name])


def test_adapter_config_without_weights_is_ignored(folder, model):
    about = {"peft_type": "LORA", "base_model_name_or_path": "some/other", "r": 4}
    (folder / "adapter_config.json").write_text(json.dumps(about))
    equal(folder, model)


# ---- refusals ----


def refused(folder: Path, pattern: str) -> None:
    with pytest.raises(MusicRFMError, match=pattern) as caught:
        MusicModel.load(folder, device="cpu")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize(
    "name",
    [
        "decoder.model.decoder.layers.1.fc1.weight",
        "text_encoder.shared.weight",
        "audio_encoder.quantizer.layers.2.codebook.embed",
    ],
)
def test_weights_that_are_not_finite_are_refused(bad, name, folder, state):
    state[name].view(-1)[5] = bad
    write(state, folder / WHOLE)
    refused(folder, rf"model 'm' is damaged: 1 of the \d+ values of {name} are not finite")


def test_large_finite_weights_are_accepted(folder, state):
    name = "decoder.model.decoder.layers.1.fc1.weight"
    state[name].fill_(3e38)  # their sum is infinite
    write(state, folder / WHOLE)
    assert MusicModel.load(folder, device="cpu").hf.state_dict()[name].max() > 1e38


def test_training_only_values_may_be_nan(folder, state, model):
    state["audio_encoder.quantizer.layers.0.codebook.cluster_size"].fill_(math.nan)
    write(state, folder / WHOLE)
    assert MusicModel.load(folder, device="cpu").codes == model.codes


@pytest.mark.parametrize(
    ("stem", "end", "index"),
    [
        ("model", "safetensors", "model.safetensors.index.json"),
        ("pytorch_model", "bin", "pytorch_model.bin.index.json"),
        ("model", "safetensors", None),
    ],
)
def test_a_missing_shard_is_named(stem, end, index, folder, state):
    paths = shards(state, folder, stem, end, index)
    paths[1].unlink()
    refused(folder, f"'m' is incomplete: {paths[1].name} is missing.*download it again")
    if index is not None:
        paths[0].unlink()
        refused(folder, f"'m' is incomplete: {paths[0].name} is missing")


def test_git_lfs_pointer_is_refused_unless_other_weights_exist(folder, state):
    note = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n"
    (folder / WHOLE).write_bytes(note)
    refused(folder, "only the Git LFS pointer of model.safetensors: run `git lfs pull`")
    write(state, folder / PICKLED)
    assert MusicModel.load(folder, device="cpu").name == "m"


@pytest.mark.needs("posix")
def test_dangling_link_is_refused(folder, state):
    """The hub's cache looks like this after its blobs are deleted."""
    (folder / WHOLE).symlink_to(folder / "blobs" / "gone")
    refused(folder, "'m' is incomplete: model.safetensors is missing")


def test_truncated_files_are_refused(folder, state):
    for name in (WHOLE, PICKLED):
        write(state, folder / name)
        whole = (folder / name).read_bytes()
        (folder / name).write_bytes(whole[: len(whole) // 2])
        refused(folder, f"{name} is (damaged|not a weights file)")
        (folder / name).unlink()


class Harmful:
    def __reduce__(self):
        return (os.mkdir, ("harm",))


@pytest.mark.parametrize("new", [True, False])
def test_pickled_code_is_refused_and_not_run(new, folder, state, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save(state | {"x": Harmful()}, folder / PICKLED, _use_new_zipfile_serialization=new)
    refused(folder, r"pytorch_model.bin is refused: besides weights it contains (posix|nt)\.mkdir")
    args = {"x": argparse.Namespace()}
    torch.save(state | args, folder / PICKLED, _use_new_zipfile_serialization=new)
    refused(folder, "it contains argparse.Namespace, .*save the weights alone")
    torch.save({"epoch": 3, "model": state}, folder / PICKLED)
    refused(folder, "pytorch_model.bin does not contain named weights")
    assert not Path("harm").exists()


def test_pickles_need_a_safe_pytorch_version(folder, state, monkeypatch):
    write(state, folder / PICKLED)
    monkeypatch.setattr(torch, "__version__", "2.5.1")
    refused(
        folder,
        "pytorch_model.bin .*PyTorch 2.6 or newer can read it without running code, "
        "and this is 2.5.1",
    )


def test_weights_under_other_names_are_refused(folder, state):
    write({f"module.{name}": tensor for name, tensor in state.items()}, folder / WHOLE)
    refused(folder, r"'m' is incomplete: \d+ weights are missing.*module\..* is unknown")


def test_weights_of_another_size_are_refused(folder, state):
    name = "decoder.model.decoder.layers.0.fc1.weight"
    write(state | {name: torch.zeros(8, 8)}, folder / WHOLE)
    refused(folder, rf"do not fit its configuration: {name} is \[8, 8\], not \[64, 32\]")


def test_weights_of_other_frameworks_are_refused(folder, state):
    refused(folder, "'m' has no weights: there is no model.safetensors or pytorch_model.bin")
    (folder / "flax_model.msgpack").write_bytes(b"x")
    refused(folder, r"only flax_model.msgpack, a format of another program")


def test_quantised_weights_are_refused(folder):
    config = json.loads((folder / "config.json").read_text())
    config["quantization_config"] = {"quant_method": "bitsandbytes", "load_in_8bit": True}
    (folder / "config.json").write_text(json.dumps(config))
    refused(folder, "quantised with 'bitsandbytes'")


def test_decoder_only_model_is_refused(folder):
    (folder / "config.json").write_text('{"model_type": "musicgen_decoder"}')
    refused(folder, "'musicgen_decoder', only the decoder of a MusicGen")


def test_missing_tokenizer_is_refused_or_taken_from_a_published_model(
    folder, checkpoint, model, monkeypatch
):
    """`transformers` would build an empty one, and every prompt would sound the same."""
    for file in ("tokenizer.json", "tokenizer_config.json"):
        (folder / file).unlink()
    refused(folder, "'m' has no tokenizer: copy tokenizer.json into")
    vocabulary = model.hf.config.text_encoder.vocab_size
    monkeypatch.setattr("musicrfm.checkpoints.loading._T5_VOCABULARY", vocabulary)
    refused(folder, "'m' has no tokenizer")
    monkeypatch.setattr(hub, "cached", lambda where: checkpoint)  # a published MusicGen
    states = MusicModel.load(folder, device="cpu").encode_prompt("slow piano").states
    assert torch.equal(states, model.encode_prompt("slow piano").states)
    (folder / "tokenizer.json").write_text("{")
    refused(folder, "the tokenizer of model 'm' cannot be read")


def test_code_in_a_model_folder_is_not_run_and_no_question_is_asked(folder, monkeypatch):
    theirs = folder / "tokenizer_config.json"
    settings = json.loads(theirs.read_text())
    settings["tokenizer_class"] = "Theirs"
    settings["auto_map"] = {"AutoTokenizer": ["theirs.Theirs", None]}
    theirs.write_text(json.dumps(settings))
    (folder / "theirs.py").write_text(f"open({str(folder / 'ran')!r}, 'w')\nclass Theirs: pass\n")
    (folder / "config.json").unlink()  # otherwise `transformers` ignores the setting
    asked = []
    monkeypatch.setattr("builtins.input", lambda *question: asked.append(question) or "y")
    assert parts.tokenizer_in(folder) is not None
    assert not asked and not (folder / "ran").exists()


class Built:
    """Pickles as a harmless call followed by a harmful state."""

    def __init__(self) -> None:
        self.x = 1

    def __reduce__(self):
        return (collections.OrderedDict, (), {"x": Harmful()})


@pytest.mark.parametrize("new", [True, False])
@pytest.mark.parametrize(
    "content",
    [
        {"x": Harmful()},
        {"x": argparse.Namespace()},
        {"x": Built()},
        {"x": len},
        {"x": Path("a")},
        {"x": np.float64(1)},
        {"x": np.ones(2)},
        Harmful(),
    ],
    ids=["harmful", "class", "built", "function", "path", "float64", "array", "harmful alone"],
)
def test_refusal_of_a_pickle_does_not_advise_unsafe_loading(content, new, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "odd.bin"
    torch.save(content, path, _use_new_zipfile_serialization=new)
    with pytest.raises(MusicRFMError) as refusal:
        read_pickled(path)
    told = str(refusal.value)
    assert "\n" not in told and str(path) in told
    for advice in ("weights_only", "safe_globals", "trust", "WARNING", "torch.load"):
        assert advice not in told
    assert not Path("harm").exists()
