"""Converts MusicGen from audiocraft's files to the tensors and configuration of Hugging Face's
classes.

`state_dict.bin` holds the language model and its training settings; `compression_state_dict.bin`
holds the codec, or the name of a published one. Neither contains the text encoder, only its name.
The mapping of names follows from the modules of both projects; the tests compare the audio of both.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import transformers
from torch import Tensor

from musicrfm.checkpoints import audiocraft_codec, parts
from musicrfm.checkpoints.audiocraft_settings import Settings, opened
from musicrfm.checkpoints.finding import CODEC, Checkpoint
from musicrfm.checkpoints.parts import Part
from musicrfm.checkpoints.tensors import read_pickled
from musicrfm.errors import MusicRFMError

HEAD_SIZE = 64  # of every published MusicGen; the default without settings
PRETRAINED = "//pretrained/"  # audiocraft's prefix for models that it downloads

_LAYER = re.compile(r"transformer\.layers\.(\d+)\.(.+)")
_IN_LAYER = {
    "self_attn.out_proj": "self_attn.out_proj",
    "cross_attention.out_proj": "encoder_attn.out_proj",
    "linear1": "fc1",
    "linear2": "fc2",
    "norm1": "self_attn_layer_norm",
    "norm_cross": "encoder_attn_layer_norm",
    "norm2": "final_layer_norm",
}
_FUSED = {"self_attn": "self_attn", "cross_attention": "encoder_attn"}
_TEXT = "condition_provider.conditioners.description."
_MELODY = "condition_provider.conditioners.self_wav."
# Tensors of the conditioners; a chroma is computed and has no parameters.
_READ = (f"{_TEXT}output_proj.", f"{_MELODY}output_proj.", f"{_MELODY}chroma.")
# Settings that Hugging Face's language model cannot change, with the only supported value.
_ONLY = {
    "transformer_lm.norm_first": True,
    "transformer_lm.norm": "layer_norm",
    "transformer_lm.causal": True,
    "transformer_lm.positional_embedding": "sin",
    "transformer_lm.past_context": None,
    "transformer_lm.kv_repeat": 1,
    "fuser.cross_attention_pos_emb": False,
    "codebooks_pattern.delay.flatten_first": 0,
    "codebooks_pattern.delay.empty_initial": 0,
    "interleave_stereo_codebooks.per_timestep": False,
}


@dataclass(frozen=True)
class Converted:
    """A model with Hugging Face's parameter names. kind: its class. tokenizer: the folder of its
    tokenizer."""

    kind: type[transformers.PreTrainedModel]
    config: transformers.PretrainedConfig
    tensors: dict[str, Tensor]
    generation: transformers.GenerationConfig
    tokenizer: Path


def convert(
    checkpoint: Checkpoint, text_encoder: Path | None = None, codec: Path | None = None
) -> Converted:
    """Convert the model in audiocraft's files.

    text_encoder, codec: folders of the parts that the files only name; by default they are searched
    beside the files and on the hub, see `musicrfm.checkpoints.parts`. Raises MusicRFMError if the
    files are damaged, incomplete or would run code, or if Hugging Face's classes cannot represent
    the model.
    """
    path = checkpoint.weights[0]
    content = read_pickled(path)
    state, settings = opened(content, path)
    _check(settings)
    lm, rest = language_model(state, settings)
    melody, text_state = _conditions(rest, settings)
    if melody == any("encoder_attn" in name for name in lm.tensors):
        raise MusicRFMError(
            "its text conditioning is neither MusicGen's nor that of the melody models"
        )
    sound = _codec(checkpoint, settings, codec)
    named = str(settings.get("conditioners.description.t5.name", parts.T5))
    text, tokenizer = parts.text_encoder(named, checkpoint.folder, text_encoder)
    _check_widths(lm, text, rest, named)
    joined = {
        "text_encoder": Part(text.config, text.tensors | text_state),
        "audio_encoder": sound,
        "decoder": lm,
    }
    tensors = {f"{key}.{n}": t for key, part in joined.items() for n, t in part.tensors.items()}
    tensors |= _projection("enc_to_dec_proj", _TEXT, rest)
    configs: dict[str, Any] = {key: part.config for key, part in joined.items()}
    seconds = float(settings.get("dataset.segment_duration", 30))
    kind, config = transformers.MusicgenForConditionalGeneration, transformers.MusicgenConfig
    if melody:
        kind = transformers.MusicgenMelodyForConditionalGeneration
        config = transformers.MusicgenMelodyConfig
        tensors |= _projection("audio_enc_to_dec_proj", _MELODY, rest)
        configs |= _melody_config(rest, settings, sound.config["sampling_rate"], seconds)
    start = dict.fromkeys(("pad_token_id", "decoder_start_token_id"), lm.config["vocab_size"])
    rate = math.ceil(sound.config["sampling_rate"] / math.prod(sound.config["upsampling_ratios"]))
    generation = transformers.GenerationConfig(
        do_sample=True,
        guidance_scale=float(settings.get("classifier_free_guidance.inference_coef", 3.0)),
        max_length=round(seconds * rate),
        bos_token_id=start["pad_token_id"],
        **start,
    )
    return Converted(kind, config(**configs, **start), tensors, generation, tokenizer)


def size(checkpoint: Checkpoint) -> tuple[int, int]:
    """Number of layers and width of the decoder. Raises MusicRFMError as `convert` does."""
    path = checkpoint.weights[0]
    lm, _ = language_model(*opened(read_pickled(path), path))
    return lm.config["num_hidden_layers"], lm.config["hidden_size"]


def language_model(state: Mapping[str, Tensor], settings: Settings) -> tuple[Part, dict]:
    """The decoder's tensors with the names of `MusicgenForCausalLM`, and all remaining tensors.

    Raises MusicRFMError for a decoder tensor that has no counterpart there.
    """
    found: dict[str, Tensor] = {}
    rest: dict[str, Tensor] = {}
    for name, tensor in state.items():
        if name.startswith("condition_provider."):
            rest[name] = tensor
        elif name.endswith("bias") and "norm" not in name:
            if tensor.any():
                raise MusicRFMError(f"it has biases ({name}), and a MusicGen has none")
        else:
            found |= _renamed(name, tensor)
    books = sum("embed_tokens" in name for name in found)
    layers = sum(name.endswith(".fc1.weight") for name in found)
    if not books or not layers:
        raise MusicRFMError("it contains no language model")
    embedding = found["model.decoder.embed_tokens.0.weight"]
    width, stereo = embedding.shape[1], _is_stereo(settings, books)
    config = {
        "model_type": "musicgen_decoder",
        "vocab_size": len(embedding) - 1,
        "hidden_size": width,
        "ffn_dim": len(found["model.decoder.layers.0.fc1.weight"]),
        "num_hidden_layers": layers,
        "num_attention_heads": settings.whole("transformer_lm.num_heads", width // HEAD_SIZE or 1),
        "num_codebooks": books,
        "audio_channels": 2 if stereo else 1,
        "activation_function": str(settings.get("transformer_lm.activation", "gelu")),
        "pad_token_id": len(embedding) - 1,
        "bos_token_id": len(embedding) - 1,
    }
    expected = [k // 2 if stereo else k for k in range(books)]
    delays = settings.get("codebooks_pattern.delay.delays", expected)
    if delays != expected:
        raise MusicRFMError(f"its codebook delays are {delays}, not {expected}")
    return Part(config, found), rest


def _check(settings: Settings) -> None:
    """Raise MusicRFMError for any other kind of model."""
    kind = settings.get("lm_model", "transformer_lm")
    if kind != "transformer_lm":
        raise MusicRFMError(f"it is a {kind}, not a MusicGen")
    pattern = settings.get("codebooks_pattern.modeling", "delay")
    if pattern != "delay":
        raise MusicRFMError(f"its codebook pattern is {pattern}, not delay")
    for name, must in _ONLY.items():
        if (value := settings.get(name, must)) != must:
            raise MusicRFMError(f"its setting {name} is {value!r}, but a MusicGen's is {must!r}")


def _renamed(name: str, tensor: Tensor) -> dict[str, Tensor]:
    """One tensor of the language model under Hugging Face's name; a fused one becomes three."""
    name = name.replace(".self_attn.mha.", ".self_attn.").replace("attention.mha.", "attention.")
    match = _LAYER.fullmatch(name)
    if match is None:
        first, _, end = name.partition(".")
        if first in ("emb", "linears"):
            start = "model.decoder.embed_tokens" if first == "emb" else "lm_heads"
            return {f"{start}.{end}": tensor}
        if first == "out_norm":
            return {f"model.decoder.layer_norm.{end}": tensor}
        raise MusicRFMError(f"it has weights unknown to MusicGen: {name[:80]}")
    start = f"model.decoder.layers.{match[1]}"
    module, _, end = match[2].rpartition(".")
    if end == "in_proj_weight" and module in _FUSED:
        if len(tensor) != 3 * tensor.shape[1]:
            raise MusicRFMError(f"its {name} has the unexpected shape {list(tensor.shape)}")
        names = [f"{start}.{_FUSED[module]}.{letter}_proj.weight" for letter in "qkv"]
        return dict(zip(names, tensor.chunk(3), strict=True))
    if module in _IN_LAYER:
        return {f"{start}.{_IN_LAYER[module]}.{end}": tensor}
    raise MusicRFMError(f"it has weights unknown to MusicGen: {name[:80]}")


def _is_stereo(settings: Settings, books: int) -> bool:
    """Whether left and right alternate in the order of the codebooks."""
    said = settings.get("interleave_stereo_codebooks.use")
    return books == 8 and not settings.values if said is None else bool(said)


def _conditions(rest: Mapping[str, Tensor], settings: Settings) -> tuple[bool, dict[str, Tensor]]:
    """Whether the model takes melodies, and the weights of its own text encoder, if any."""
    text_state = {}
    reader = settings.get("conditioners.description.model", "t5")
    if reader != "t5" or f"{_TEXT}output_proj.weight" not in rest:
        raise MusicRFMError(
            "it has no text conditioning"
            if reader == "t5"
            else f"its text encoder is {reader}, not T5"
        )
    melody = f"{_MELODY}output_proj.weight" in rest
    kind = settings.get("conditioners.self_wav.model", "chroma_stem")
    if melody and kind != "chroma_stem":
        raise MusicRFMError(f"its audio conditioning {kind} is not supported")
    for name in rest:
        own = name.removeprefix(f"{_TEXT}t5.")
        if own != name:
            text_state[own] = rest[name]
        elif not name.startswith(_READ):
            what = ".".join(name.split(".")[2:3]) or name
            raise MusicRFMError(f"its conditioning {what[:60]!r} is not supported")
    return melody, text_state


def _projection(ours: str, theirs: str, rest: Mapping[str, Tensor]) -> dict[str, Tensor]:
    kinds = ("weight", "bias")
    named = {f"{ours}.{kind}": rest.get(f"{theirs}output_proj.{kind}") for kind in kinds}
    return {name: tensor for name, tensor in named.items() if tensor is not None}


def _check_widths(lm: Part, text: Part, rest: Mapping[str, Tensor], named: str) -> None:
    """Raise MusicRFMError unless the text encoder fits and has a different width, so that a
    projection exists."""
    reads, width = rest[f"{_TEXT}output_proj.weight"].shape[1], text.config.get("d_model")
    if reads != width:
        raise MusicRFMError(
            f"it expects text states of width {reads}, but the text encoder {named!r} "
            f"found here has width {width}"
        )
    if width == lm.config["hidden_size"]:
        raise MusicRFMError(
            f"its width equals that of its text encoder ({width}), and Hugging Face's "
            "layout cannot represent that"
        )


def _melody_config(
    rest: Mapping[str, Tensor], settings: Settings, sample_rate: int, seconds: float
) -> dict[str, int]:
    """Settings of the melody condition: number of pitch classes and frames of the spectrogram."""
    exponent = settings.whole("conditioners.self_wav.chroma_stem.radix2_exp", 14)
    hop = 2**exponent // 4
    chroma = rest[f"{_MELODY}output_proj.weight"].shape[1]
    return {"num_chroma": chroma, "chroma_length": int(sample_rate * seconds) // hop + 1}


def _codec(checkpoint: Checkpoint, settings: Settings, given: Path | None) -> Part:
    """The codec in the file beside the language model, or the published one it names."""
    path = checkpoint.folder / CODEC
    name = settings.get("compression_model_checkpoint", parts.ENCODEC)
    if path.is_file():
        content = read_pickled(path)
        if not (isinstance(content, Mapping) and "pretrained" in content):
            state, own = opened(content, path)
            try:
                return audiocraft_codec.codec(state, own)
            except MusicRFMError as error:
                raise MusicRFMError(f"the codec in {path} cannot be converted: {error}") from error
        name = content["pretrained"]
    name = str(name).removeprefix(PRETRAINED)
    if name.startswith("dac_"):
        raise MusicRFMError(f"its codec is {name}; only EnCodec is supported")
    return parts.codec(name, checkpoint.folder, given)
