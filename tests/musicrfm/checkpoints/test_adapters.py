"""LoRA adapters in PEFT's format, merged into their base model."""

from __future__ import annotations

import builtins
import json
import math
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

from musicrfm.cli import main
from musicrfm.errors import MusicRFMError
from musicrfm.model import MusicModel
from musicrfm.stream import MusicStream
from tests.audiocraft_files import write_audiocraft
from tests.checkpoints import make_checkpoint

pytestmark = pytest.mark.needs("peft")

PROMPT = "piano melody"
FILE = "adapter_model.safetensors"


def greedy(model: MusicModel) -> np.ndarray:
    return MusicStream(model, PROMPT, temperature=0).generate(12)


@pytest.fixture
def plain(checkpoint: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(checkpoint, tmp_path / "plain"))


def adapter(base: Path, folder: Path, *, decoder: bool = False, **settings: object) -> Path:
    """Writes a PEFT adapter with audible random weights, and returns its folder.

    decoder: wrap only the decoder, as some trainers do.
    """
    import peft

    melody = "melody" in json.loads((base / "config.json").read_text())["model_type"]
    kind = transformers.MusicgenForConditionalGeneration
    if melody:
        kind = transformers.MusicgenMelodyForConditionalGeneration
    hf = kind.from_pretrained(base)
    config = peft.LoraConfig(**{"r": 4, "target_modules": ["q_proj", "fc1"], **settings})
    wrapped = peft.get_peft_model(hf.decoder if decoder else hf, config)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in wrapped.parameters():
            if parameter.requires_grad:
                parameter += 0.3 * torch.randn(parameter.shape, generator=generator)
    wrapped.save_pretrained(folder)
    about = json.loads((folder / "adapter_config.json").read_text())
    about["base_model_name_or_path"] = str(base)
    (folder / "adapter_config.json").write_text(json.dumps(about))
    return folder


def change(folder: Path, **settings: object) -> None:
    path = folder / "adapter_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | settings))


def test_merged_adapter_follows_the_lora_formula(plain, tmp_path):
    """The reference is W + B A alpha / r."""
    tuned = adapter(plain, tmp_path / "tuned", lora_alpha=6)
    weights = load_file(plain / "model.safetensors")
    low = load_file(tuned / FILE)
    changed = 0
    for name in [n for n in low if n.endswith("lora_A.weight")]:
        down, up = low[name], low[name.replace("lora_A", "lora_B")]
        key = name.removeprefix("base_model.model.").replace("lora_A.", "")
        weights[key] = weights[key] + up @ down * (6 / 4)
        changed += 1
    assert changed == 2 * 3  # layers times self-attention, cross-attention and fc1
    by_hand = Path(shutil.copytree(plain, tmp_path / "by-hand"))
    save_file(weights, by_hand / "model.safetensors", {"format": "pt"})
    model, reference = (MusicModel.load(folder, device="cpu") for folder in (tuned, by_hand))
    assert model.name == "tuned" and not [n for n, _ in model.hf.named_modules() if "lora" in n]
    theirs = reference.hf.state_dict()
    for key, value in model.hf.state_dict().items():
        torch.testing.assert_close(value, theirs[key], msg=key)
    assert np.abs(greedy(model) - greedy(reference)).max() < 1e-4
    base = greedy(MusicModel.load(plain, device="cpu"))
    assert np.abs(greedy(model) - base).max() > 1e-3


@pytest.mark.parametrize(
    "settings",
    [
        {"modules_to_save": ["enc_to_dec_proj"], "rank_pattern": {"fc1": 2}, "use_rslora": True},
        {"use_dora": True},
        pytest.param(
            {"target_modules": ["lm_heads.0", "embed_tokens.1", "out_proj"]}, marks=pytest.mark.slow
        ),
        pytest.param(
            {"target_modules": r".*decoder.*\.(fc1|fc2)", "alpha_pattern": {"fc1": 3}},
            marks=pytest.mark.slow,
        ),
        {"decoder": True, "target_modules": ["v_proj"]},
    ],
    ids="-".join,
)
def test_merged_adapter_sounds_like_peft(settings, plain, tmp_path):
    import peft

    decoder = settings.get("decoder", False)
    tuned = adapter(plain, tmp_path / "tuned", **settings)
    model = MusicModel.load(tuned, device="cpu")
    hf = transformers.MusicgenForConditionalGeneration.from_pretrained(plain)
    wrapped = peft.PeftModel.from_pretrained(hf.decoder if decoder else hf, tuned)
    if decoder:
        hf.decoder = wrapped.merge_and_unload()
    tokens = model.tokenizer([PROMPT], return_tensors="pt")
    options = {"do_sample": False, "guidance_scale": 3.0, "max_length": 12 + 4}
    with torch.no_grad():
        theirs = hf.generate(**tokens, **options)[0].T.numpy()
    heard = greedy(model)
    assert np.abs(heard - theirs).max() < 1e-4
    assert np.abs(heard - greedy(MusicModel.load(plain, device="cpu"))).max() > 1e-3


def test_bin_adapter_of_a_melody_model_on_an_audiocraft_base(tmp_path):
    plain = make_checkpoint(tmp_path / "melody", melody=True, chroma_length=21)
    tuned = adapter(plain, tmp_path / "tuned", modules_to_save=["audio_enc_to_dec_proj"])
    expected = greedy(MusicModel.load(tuned, device="cpu"))
    torch.save(load_file(tuned / FILE), tuned / "adapter_model.bin")
    (tuned / FILE).unlink()
    write_audiocraft(plain, tmp_path / "mine")
    change(tuned, base_model_name_or_path="../mine")
    assert np.abs(greedy(MusicModel.load(tuned, device="cpu")) - expected).max() < 1e-5


def test_adapter_inside_its_model_folder_is_merged(plain, tmp_path):
    tuned = adapter(plain, tmp_path / "tuned")
    expected = greedy(MusicModel.load(tuned, device="cpu"))
    for file in tuned.iterdir():
        file.rename(plain / file.name)
    change(plain, base_model_name_or_path="someone/unreachable")
    assert np.array_equal(greedy(MusicModel.load(plain, device="cpu")), expected)


def test_stacked_adapters_are_merged_and_a_cycle_is_refused(plain, tmp_path):
    first = adapter(plain, tmp_path / "first")
    second = adapter(plain, tmp_path / "second", target_modules=["v_proj"])
    change(second, base_model_name_or_path=str(first))
    both = MusicModel.load(second, device="cpu").hf.state_dict()
    one = MusicModel.load(first, device="cpu").hf.state_dict()
    differ = {name.split(".")[-2] for name in one if not torch.equal(one[name], both[name])}
    assert differ == {"v_proj"}
    change(first, base_model_name_or_path=str(second))
    refused(second, "names itself as its base model")


def test_adapter_is_imported_with_another_base(plain, tmp_path, capsys):
    tuned = adapter(plain, tmp_path / "tuned")
    expected = greedy(MusicModel.load(tuned, device="cpu"))
    change(tuned, base_model_name_or_path="/home/trainer/musicgen-small")
    command = ["import-model", str(tuned), "--out", str(tmp_path / "out")]
    capsys.readouterr()
    assert main(command) == 2
    error = capsys.readouterr().err
    assert (
        "'tuned' is an adapter (LoRA) and needs its base model '/home/trainer/musicgen-small'"
        in error
    )
    assert "--base" in error and error.count("\n") == 1
    assert main([*command, "--base", str(plain)]) == 0
    assert np.array_equal(greedy(MusicModel.load(tmp_path / "out", device="cpu")), expected)


def refused(folder: Path, pattern: str) -> None:
    with pytest.raises(MusicRFMError, match=pattern) as caught:
        MusicModel.load(folder, device="cpu")
    assert "\n" not in str(caught.value)


def test_adapters_of_another_shape_are_refused(plain, tmp_path):
    wide = make_checkpoint(tmp_path / "wide", width=64)
    deep = make_checkpoint(tmp_path / "deep", layers=3)
    tuned = adapter(wide, tmp_path / "tuned")
    change(tuned, base_model_name_or_path=str(plain))
    refused(tuned, "adapter 'tuned' does not fit")
    tuned = adapter(deep, tmp_path / "deeper")
    change(tuned, base_model_name_or_path=str(plain))
    refused(tuned, r"does not fit.*which has no decoder\.model\.decoder\.layers\.2")
    tuned = adapter(plain, tmp_path / "shallow")
    change(tuned, base_model_name_or_path=str(deep))
    refused(tuned, r"does not fit.*it has no weights for decoder\.model\.decoder\.layers\.2")


def test_damaged_or_incomplete_adapters_are_refused(plain, tmp_path):
    tuned = adapter(plain, tmp_path / "tuned")
    weights = {name: tensor.clone() for name, tensor in load_file(tuned / FILE).items()}
    (tuned / FILE).write_bytes(b"x\n")
    refused(tuned, "adapter_model.safetensors is damaged")
    name = min(weights)
    save_file(weights | {name: torch.full_like(weights[name], math.nan)}, tuned / FILE)
    refused(tuned, f"adapter 'tuned' is damaged: .*{name} are not finite")
    (tuned / FILE).unlink()
    refused(tuned, "has no weights: there is no adapter_model.safetensors")
    save_file(weights, tuned / FILE)
    change(tuned, base_model_name_or_path=None)
    refused(tuned, "does not name its base model: .*--base")
    change(tuned, base_model_name_or_path=str(plain), peft_type="NEWEST")
    refused(tuned, "cannot be merged")
    (tuned / "adapter_config.json").write_text("{")
    refused(tuned, "adapter_config.json of model 'tuned' cannot be read")


def test_missing_peft_names_the_package_extra(plain, tmp_path, monkeypatch):
    tuned = adapter(plain, tmp_path / "tuned")
    real = builtins.__import__

    def without(name: str, *args: object, **options: object):
        if name == "peft":
            raise ModuleNotFoundError("No module named 'peft'", name="peft")
        return real(name, *args, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    refused(tuned, r"is an adapter \(LoRA\), .*pip install 'musicrfm-bridge\[lora\]'")
