"""Small MusicGen checkpoints with random weights, in the layout of the real ones.

They load offline through the same `transformers` classes, so whatever works on them works on the
real ones. The sound is noise, but noise that changes with every code, prompt and direction.
"""

from __future__ import annotations

import math
import shutil
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp

import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from torch import nn
from transformers import (
    EncodecConfig,
    EncodecModel,
    GenerationConfig,
    MusicgenConfig,
    MusicgenDecoderConfig,
    MusicgenForConditionalGeneration,
    MusicgenMelodyConfig,
    MusicgenMelodyDecoderConfig,
    MusicgenMelodyForConditionalGeneration,
    PreTrainedTokenizerFast,
    T5Config,
)

LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789 .,-&#'"


@dataclass(frozen=True)
class Shape:
    """What a checkpoint looks like; the defaults are a mono model of nano's kind.

    codes: codebook size, a power of two. window: positions of the decoder. text_width equal to
    width leaves the projection between the two out.
    """

    stereo: bool = False
    causal: bool = False
    lstm_layers: int = 1
    layers: int = 2
    heads: int = 2
    width: int = 32
    codebooks: int = 4  # of one channel
    codes: int = 64
    window: int = 128
    text_width: int = 16
    filters: int = 2
    ratios: tuple[int, ...] = (4, 4, 5, 8)
    kernel: int = 7
    residual_layers: int = 1
    shortcut: bool = False
    pad_mode: str = "reflect"
    trim_right_ratio: float = 1.0
    activation: str = "gelu"
    half: bool = False  # write the weights in half precision
    melody: bool = False  # reads its prompt before the music, after as many positions of no melody:
    chroma_length: int = 5
    seed: int = 0


def make_checkpoint(folder: Path, shape: Shape | None = None, **changes: object) -> Path:
    """Writes a checkpoint into `folder` (made if need be) and returns it.

    `changes` are fields of `Shape`: make_checkpoint(tmp_path, stereo=True, layers=3).
    """
    shape = shape or Shape(**changes)  # type: ignore[arg-type]
    return Path(shutil.copytree(_made(shape), folder, dirs_exist_ok=True))


_kept = TemporaryDirectory(prefix="musicrfm-checkpoints-", ignore_cleanup_errors=True)


@cache
def _made(shape: Shape) -> Path:
    """The folder of a checkpoint that all who ask for this shape get a copy of."""
    folder = Path(mkdtemp(dir=_kept.name))
    tokenizer = _tokenizer()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(shape.seed)
        model = _model(shape, len(tokenizer))
        _randomise(model)
    if shape.half:
        model.half()
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def codec_config(shape: Shape) -> EncodecConfig:
    """32 kHz; 640 samples a frame with the default ratios."""
    bits = math.log2(shape.codes)
    frame_rate = math.ceil(32_000 / math.prod(shape.ratios))
    return EncodecConfig(
        target_bandwidths=[frame_rate * bits * shape.codebooks / 1000],
        sampling_rate=32_000,
        audio_channels=1,
        normalize=False,
        hidden_size=8,
        codebook_dim=8,
        num_filters=shape.filters,
        num_residual_layers=shape.residual_layers,
        upsampling_ratios=list(shape.ratios),
        kernel_size=shape.kernel,
        last_kernel_size=shape.kernel,
        use_causal_conv=shape.causal,
        pad_mode=shape.pad_mode,
        num_lstm_layers=shape.lstm_layers,
        trim_right_ratio=shape.trim_right_ratio,
        codebook_size=shape.codes,
        use_conv_shortcut=shape.shortcut,
    )


def _model(shape: Shape, vocabulary: int) -> MusicgenForConditionalGeneration:
    text = T5Config(
        vocab_size=vocabulary,
        d_model=shape.text_width,
        d_kv=8,
        num_heads=2,
        d_ff=32,
        num_layers=1,
        dropout_rate=0.0,
        is_encoder_decoder=False,
        use_cache=False,
    )
    decoder = (MusicgenMelodyDecoderConfig if shape.melody else MusicgenDecoderConfig)(
        vocab_size=shape.codes,
        hidden_size=shape.width,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        ffn_dim=2 * shape.width,
        num_codebooks=shape.codebooks * (2 if shape.stereo else 1),
        audio_channels=2 if shape.stereo else 1,
        max_position_embeddings=shape.window,
        activation_function=shape.activation,
        dropout=0.0,
        pad_token_id=shape.codes,
        bos_token_id=shape.codes,
    )
    parts = {
        "text_encoder": text.to_dict(),
        "audio_encoder": codec_config(shape).to_dict(),
        "decoder": decoder.to_dict(),
    }
    if shape.melody:
        config = MusicgenMelodyConfig(**parts, chroma_length=shape.chroma_length)
        model = MusicgenMelodyForConditionalGeneration(config)
    else:
        model = MusicgenForConditionalGeneration(MusicgenConfig(**parts))
    model.config.decoder_start_token_id = model.config.pad_token_id = shape.codes
    model.generation_config = GenerationConfig(
        do_sample=True,
        guidance_scale=3.0,
        max_length=shape.window,
        bos_token_id=shape.codes,
        pad_token_id=shape.codes,
        decoder_start_token_id=shape.codes,
        top_k=250,
    )
    return model.eval()


@torch.no_grad()
def _randomise(model: MusicgenForConditionalGeneration) -> None:
    """Weights large enough that every code, position and prompt makes a difference."""
    for name, parameter in model.decoder.named_parameters():
        if "embed_positions" in name:
            continue
        if "layer_norm" in name:
            parameter.normal_(1.0 if name.endswith("weight") else 0.0, 0.2)
        elif "embed_tokens" in name:
            parameter.normal_(0.0, 0.5)
        else:
            parameter.normal_(0.0, 1.2 / math.sqrt(parameter.shape[-1]))
    text = [*model.text_encoder.named_parameters()]
    for name in ("enc_to_dec_proj", "audio_enc_to_dec_proj"):
        if hasattr(model, name):
            text += [*getattr(model, name).named_parameters()]
    for name, parameter in text:
        if "layer_norm" in name:
            parameter.normal_(1.0, 0.2)
        else:
            parameter.normal_(0.0, 1.0 / math.sqrt(parameter.shape[-1]))
    randomise_codec(model.audio_encoder)


@torch.no_grad()
def randomise_codec(codec: EncodecModel) -> None:
    """Random codebooks; latents and sound at a usual level."""
    for layer in codec.quantizer.layers:
        layer.codebook.embed.normal_()
    for module in codec.modules():
        if isinstance(module, (nn.Conv1d, nn.ConvTranspose1d)) and module.bias is not None:
            module.bias.normal_(0.0, 0.05)
    noise = 0.1 * torch.randn(1, 1, 6400)
    latents = codec.encoder(noise)
    _rescale(codec.encoder.layers[-1], 1.0 / (latents - latents.mean(2, keepdim=True)).std())
    codec.encoder.layers[-1].conv.bias.sub_(codec.encoder(noise).mean((0, 2)))
    codes = torch.randint(codec.config.codebook_size, (1, 1, len(codec.quantizer.layers), 25))
    _rescale(codec.decoder.layers[-1], 0.1 / codec.decode(codes, [None]).audio_values.std())
    codec.decoder.layers[-1].conv.bias.sub_(codec.decode(codes, [None]).audio_values.mean())


def _rescale(layer: nn.Module, gain: torch.Tensor) -> None:
    conv = layer.conv
    conv.weight = conv.weight * gain  # through the weight norm's parametrization
    conv.bias.mul_(gain)


def _tokenizer() -> PreTrainedTokenizerFast:
    """One token a letter, each prompt closed by </s>, as T5's."""
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", -20.0)]
    pieces += [(letter, -3.0) for letter in LETTERS.replace(" ", "\u2581")]
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=2))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A </s>", special_tokens=[("</s>", 1)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        eos_token="</s>",
        unk_token="<unk>",
        model_max_length=64,
    )
