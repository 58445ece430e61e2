"""The EnCodec in audiocraft's `compression_state_dict.bin`, as Hugging Face's `EncodecModel`."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from torch import Tensor

from musicrfm.checkpoints.audiocraft_settings import Settings
from musicrfm.checkpoints.parts import Part
from musicrfm.errors import MusicRFMError

_NAMES = (
    (re.compile(r"^quantizer\.vq\.layers\.(\d+)\._codebook\."), r"quantizer.layers.\1.codebook."),
    (re.compile(r"^(encoder|decoder)\.model\."), r"\1.layers."),
    (re.compile(r"\.(?:conv\.conv|convtr\.convtr)\."), ".conv."),
    (re.compile(r"\.(?:conv|convtr)\.norm\."), ".norm."),
)
# Settings that Hugging Face's class cannot change, with the only supported value.
_ONLY = {
    "compression_model": "encodec",
    "encodec.autoencoder": "seanet",
    "encodec.quantizer": "rvq",
    "seanet.activation": "ELU",
    "seanet.disable_norm_outer_blocks": 0,
    "seanet.decoder.final_activation": None,
    "seanet.encoder": {},
}
_NORMS = ("weight_norm", "time_group_norm")


def codec(state: Mapping[str, Tensor], settings: Settings) -> Part:
    """The codec's tensors with the names of `EncodecModel`, and its configuration.

    Raises MusicRFMError if that class cannot represent it.
    """
    if not settings.values:
        raise MusicRFMError("the settings (xp.cfg) beside its weights are missing")
    for name, must in _ONLY.items():
        if (value := settings.get(name, must)) != must:
            raise MusicRFMError(f"its setting {name} is {value!r}, which is not supported")
    extra = set(settings.get("seanet.decoder", {})) - {
        *("trim_right_ratio", "final_activation", "final_activation_params")
    }
    if extra:
        raise MusicRFMError(
            f"its decoder has separate settings ({min(extra)}), which are not supported"
        )
    norm = settings.get("seanet.norm", "weight_norm")
    if norm not in _NORMS:
        raise MusicRFMError(f"its layer normalisation is {norm!r}, not {' or '.join(_NORMS)}")
    ratios = settings.get("seanet.ratios", [8, 5, 4, 2])
    if not (isinstance(ratios, list) and all(type(r) is int and r > 0 for r in ratios)):
        raise MusicRFMError(f"its setting seanet.ratios is {ratios!r}, not a list of whole numbers")
    tensors = {_renamed(name): tensor for name, tensor in state.items()}
    lstms = sum(".lstm.weight_ih_l" in name for name in tensors if name.startswith("encoder."))
    if not lstms:
        raise MusicRFMError("it has no LSTM, and Hugging Face's EnCodec requires one")
    books = sum(name.endswith(".codebook.embed") for name in tensors)
    embed = tensors.get("quantizer.layers.0.codebook.embed")
    if embed is None or embed.ndim != 2:
        raise MusicRFMError("it has no codebooks")
    rate = settings.whole("encodec.sample_rate", settings.whole("sample_rate", 32_000))
    frames, bits = math.ceil(rate / math.prod(ratios)), math.ceil(math.log2(len(embed)))
    config = {
        "model_type": "encodec",
        "sampling_rate": rate,
        "audio_channels": settings.whole("encodec.channels", settings.whole("channels", 1)),
        "normalize": bool(settings.get("encodec.renormalize", False)),
        "hidden_size": settings.whole("seanet.dimension", 128),
        "num_filters": settings.whole("seanet.n_filters", 32),
        "num_residual_layers": settings.whole("seanet.n_residual_layers", 3),
        "upsampling_ratios": ratios,
        "norm_type": norm,
        "kernel_size": settings.whole("seanet.kernel_size", 7),
        "last_kernel_size": settings.whole("seanet.last_kernel_size", 7),
        "residual_kernel_size": settings.whole("seanet.residual_kernel_size", 3),
        "dilation_growth_rate": settings.whole("seanet.dilation_base", 2),
        "use_causal_conv": bool(settings.get("seanet.causal", False)),
        "pad_mode": str(settings.get("seanet.pad_mode", "reflect")),
        "compress": settings.whole("seanet.compress", 2),
        "num_lstm_layers": lstms,
        "trim_right_ratio": float(settings.get("seanet.decoder.trim_right_ratio", 1.0)),
        "codebook_size": len(embed),
        "codebook_dim": embed.shape[1],
        "use_conv_shortcut": not settings.get("seanet.true_skip", True),
        # A little more than the codebooks need, so that rounding does not cost one.
        "target_bandwidths": [(books * frames * bits + 0.5) / 1000],
    }
    return Part(config, tensors)


def _renamed(name: str) -> str:
    for pattern, ours in _NAMES:
        name = pattern.sub(ours, name)
    return name
