"""The sizes of the published MusicGens, by name, without downloading anything.

They are `facebook/musicgen-` followed by small, medium, large, melody or melody-large, and the
stereo version of each. All read T5-base and write the codes of `facebook/encodec_32khz`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import MusicgenConfig, MusicgenMelodyConfig

HUB = "facebook/musicgen-"


@dataclass(frozen=True)
class Size:
    """The size of a decoder. stereo: twice the codebooks. melody: reads its prompt before the
    music."""

    layers: int
    width: int
    heads: int
    stereo: bool = False
    melody: bool = False


def _sizes() -> dict[str, Size]:
    sizes = {"small": (24, 1024, 16), "medium": (48, 1536, 24), "large": (48, 2048, 32)}
    melodies = {"melody": sizes["medium"], "melody-large": sizes["large"]}
    return {
        f"musicgen-{prefix}{name}": Size(*size, stereo=bool(prefix), melody=name in melodies)
        for prefix in ("", "stereo-")
        for name, size in (sizes | melodies).items()
    }


PUBLISHED = _sizes()


def config(name: str, layers: int | None = None) -> MusicgenConfig | MusicgenMelodyConfig:
    """The configuration of a published model, optionally with fewer layers.

    As in the conversion scripts of `transformers`; `name` is a key of PUBLISHED.
    """
    import transformers

    from musicrfm.checkpoints.loading import quiet

    size = PUBLISHED[name]
    text = transformers.T5Config(
        d_model=768, d_ff=3072, num_layers=12, num_heads=12, vocab_size=32_128,
        is_encoder_decoder=False, use_cache=False,
    )  # fmt: skip
    codec = transformers.EncodecConfig(
        upsampling_ratios=[8, 5, 4, 4], target_bandwidths=[2.2], num_filters=64, hidden_size=128,
        sampling_rate=32_000, codebook_size=2048, use_causal_conv=False, normalize=False,
        use_conv_shortcut=False,
    )  # fmt: skip
    kinds: tuple = (transformers.MusicgenDecoderConfig, transformers.MusicgenConfig)
    if size.melody:
        kinds = (transformers.MusicgenMelodyDecoderConfig, transformers.MusicgenMelodyConfig)
    with quiet():  # it takes the start code, which is beyond the vocabulary, for a mistake
        decoder = kinds[0](
            hidden_size=size.width,
            ffn_dim=4 * size.width,
            num_hidden_layers=layers or size.layers,
            num_attention_heads=size.heads,
            num_codebooks=8 if size.stereo else 4,
            audio_channels=2 if size.stereo else 1,
        )
        parts = {"text_encoder": text, "audio_encoder": codec, "decoder": decoder}
        return kinds[1](**{name: part.to_dict() for name, part in parts.items()})
