"""A checkpoint of `tests.checkpoints` as audiocraft would have saved it.

Names, shapes and settings are those that audiocraft 1.4's own classes write and load; what it then
plays has been compared with these classes by hand, as they cannot be installed here.
"""

from __future__ import annotations

import json
import re
import shutil
from collections import OrderedDict
from pathlib import Path

import torch
import yaml
from safetensors.torch import load_file
from torch import Tensor

VERSION = "1.4.0a2"
_NAMES = (
    (r"^decoder\.model\.decoder\.embed_tokens\.", "emb."),
    (r"^decoder\.lm_heads\.", "linears."),
    (r"^decoder\.model\.decoder\.layer_norm\.", "out_norm."),
    (r"^decoder\.model\.decoder\.layers\.", "transformer.layers."),
    (r"\.self_attn_layer_norm\.", ".norm1."),
    (r"\.encoder_attn_layer_norm\.", ".norm_cross."),
    (r"\.final_layer_norm\.", ".norm2."),
    (r"\.encoder_attn\.", ".cross_attention."),
    (r"\.fc1\.", ".linear1."),
    (r"\.fc2\.", ".linear2."),
    (r"^enc_to_dec_proj\.", "condition_provider.conditioners.description.output_proj."),
    (r"^audio_enc_to_dec_proj\.", "condition_provider.conditioners.self_wav.output_proj."),
)
_CODEC_NAMES = (
    (r"^(encoder|decoder)\.layers\.", r"\1.model."),
    (r"\.parametrizations\.weight\.original0$", ".weight_g"),
    (r"\.parametrizations\.weight\.original1$", ".weight_v"),
    (r"^quantizer\.layers\.(\d+)\.codebook\.", r"quantizer.vq.layers.\1._codebook."),
)


def write_audiocraft(checkpoint: Path, folder: Path, *, codec: bool = True) -> Path:
    """Writes the two files into `folder`, with the text encoder beside them, and returns it.

    codec: in the file, or else as the name of `facebook/encodec_32khz`.
    """
    folder.mkdir(parents=True)
    state, config = load_file(checkpoint / "model.safetensors"), _config(checkpoint)
    torch.save(
        {
            "best_state": language_model(state),
            "xp.cfg": yaml.safe_dump(settings(checkpoint)),
            "version": VERSION,
            "exported": True,
        },
        folder / "state_dict.bin",
    )
    package = {"pretrained": "facebook/encodec_32khz", "version": VERSION, "exported": True}
    if codec:
        package = {
            "best_state": _codec(state, len(config["audio_encoder"]["upsampling_ratios"])),
            "xp.cfg": yaml.safe_dump(_codec_settings(config["audio_encoder"])),
            "version": VERSION,
            "exported": True,
        }
    torch.save(package, folder / "compression_state_dict.bin")
    write_text_encoder(checkpoint, folder / "t5-base")
    return folder


def write_text_encoder(checkpoint: Path, folder: Path) -> Path:
    """The text encoder alone, as the hub has it: the whole T5's names, and its tokenizer."""
    folder.mkdir(parents=True)
    state = load_file(checkpoint / "model.safetensors")
    text = {k.removeprefix("text_encoder."): v for k, v in state.items() if k.startswith("text_")}
    torch.save(text | {"lm_head.weight": torch.zeros(3, 3)}, folder / "pytorch_model.bin")
    config = _config(checkpoint)["text_encoder"] | {"model_type": "t5", "is_encoder_decoder": True}
    (folder / "config.json").write_text(json.dumps(config))
    for file in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(checkpoint / file, folder / file)
    return folder


def language_model(state: dict[str, Tensor]) -> OrderedDict[str, Tensor]:
    """The tensors of `state_dict.bin`, in which queries, keys and values are one matrix."""
    found: OrderedDict[str, Tensor] = OrderedDict()
    for name, tensor in state.items():
        if name.startswith(("text_encoder.", "audio_encoder.")) or "embed_positions" in name:
            continue
        theirs = _renamed(name, _NAMES)
        if theirs.endswith(".q_proj.weight"):
            parts = [state[name.replace("q_proj", f"{letter}_proj")] for letter in "qkv"]
            found[theirs.replace("q_proj.weight", "in_proj_weight")] = torch.cat(parts)
        elif not theirs.endswith(("k_proj.weight", "v_proj.weight")):
            found[theirs] = tensor
    if any("self_wav" in name for name in found):
        window = "condition_provider.conditioners.self_wav.chroma.spec.window"
        found[window] = torch.hann_window(2**14)
    return found


def settings(checkpoint: Path) -> dict:
    """What a checkpoint's `xp.cfg` says, as far as any of it could matter."""
    config = _config(checkpoint)
    decoder, melody = config["decoder"], config["model_type"] == "musicgen_melody"
    stereo = decoder["audio_channels"] == 2
    generation = json.loads((checkpoint / "generation_config.json").read_text())
    guidance = generation["guidance_scale"]
    books, window = decoder["num_codebooks"], decoder["max_position_embeddings"]
    t5 = {"model": "t5", "t5": {"name": "t5-base", "finetune": False, "word_dropout": 0.3}}
    chroma = {"sample_rate": "${sample_rate}", "n_chroma": config.get("num_chroma"),
              "radix2_exp": 14, "argmax": True}  # fmt: skip
    wav = {"self_wav": {"model": "chroma_stem", "chroma_stem": chroma}}
    return {
        "solver": "musicgen",
        "sample_rate": 32000,
        "channels": 2 if stereo else 1,
        "compression_model_checkpoint": "//pretrained/facebook/encodec_32khz",
        "compression_model_n_q": None,
        "interleave_stereo_codebooks": {"use": stereo, "per_timestep": False},
        "lm_model": "transformer_lm",
        "codebooks_pattern": {
            "modeling": "delay",
            "delay": {
                "delays": [k // 2 if stereo else k for k in range(books)],
                "flatten_first": 0,
                "empty_initial": 0,
            },
        },
        "transformer_lm": {
            "dim": decoder["hidden_size"],
            "num_heads": decoder["num_attention_heads"],
            "num_layers": decoder["num_hidden_layers"],
            "hidden_scale": 4,
            "n_q": books,
            "card": decoder["vocab_size"],
            "activation": "gelu",
            "norm_first": True,
            "bias_ff": False,
            "bias_attn": False,
            "bias_proj": False,
            "past_context": None,
            "causal": True,
            "layer_scale": None,
            "positional_embedding": "sin",
            "norm": "layer_norm",
            "kv_repeat": 1,
        },
        "classifier_free_guidance": {"training_dropout": 0.3, "inference_coef": guidance},
        "fuser": {
            "cross_attention_pos_emb": False,
            "prepend": ["self_wav", "description"] if melody else [],
            "cross": [] if melody else ["description"],
        },
        "conditioners": {"description": t5} | (wav if melody else {}),
        "dataset": {"segment_duration": window / 50},
    }


def _codec(state: dict[str, Tensor], ratios: int) -> OrderedDict[str, Tensor]:
    """The tensors of `compression_state_dict.bin`."""
    found: OrderedDict[str, Tensor] = OrderedDict()
    for name, tensor in state.items():
        ours = name.removeprefix("audio_encoder.")
        if ours == name:
            continue
        theirs = _renamed(ours, _CODEC_NAMES)
        match = re.match(r"decoder\.model\.(\d+)\.conv\.", theirs)
        # Those that make it longer: every third layer after the first two, but the last.
        longer = match and int(match[1]) % 3 == 0 and 3 <= int(match[1]) <= 3 * ratios
        wrapped = ".convtr.convtr." if longer else ".conv.conv."
        found[theirs.replace(".conv.", wrapped, 1)] = tensor
    return found


def _codec_settings(config: dict) -> dict:
    return {
        "sample_rate": config["sampling_rate"],
        "channels": config["audio_channels"],
        "compression_model": "encodec",
        "encodec": {
            "autoencoder": "seanet",
            "quantizer": "rvq",
            "sample_rate": "${sample_rate}",
            "channels": "${channels}",
            "causal": config["use_causal_conv"],
            "renormalize": False,
        },
        "seanet": {
            "dimension": config["hidden_size"],
            "channels": "${channels}",
            "causal": "${encodec.causal}",
            "n_filters": config["num_filters"],
            "n_residual_layers": config["num_residual_layers"],
            "ratios": list(config["upsampling_ratios"]),
            "activation": "ELU",
            "activation_params": {"alpha": 1.0},
            "norm": "weight_norm",
            "norm_params": {},
            "kernel_size": config["kernel_size"],
            "residual_kernel_size": config["residual_kernel_size"],
            "last_kernel_size": config["last_kernel_size"],
            "dilation_base": config["dilation_growth_rate"],
            "pad_mode": config["pad_mode"],
            "true_skip": not config["use_conv_shortcut"],
            "compress": config["compress"],
            "lstm": config["num_lstm_layers"],
            "disable_norm_outer_blocks": 0,
            "decoder": {
                "trim_right_ratio": config["trim_right_ratio"],
                "final_activation": None,
                "final_activation_params": None,
            },
            "encoder": {},
        },
        "rvq": {"n_q": 4, "bins": config["codebook_size"]},
    }


def _renamed(name: str, names: tuple) -> str:
    for pattern, theirs in names:
        name = re.sub(pattern, theirs, name)
    return name


def _config(checkpoint: Path) -> dict:
    return json.loads((checkpoint / "config.json").read_text())
