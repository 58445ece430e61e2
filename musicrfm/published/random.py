"""A model of a published size with random weights, to measure the speed and memory of playing it.

Nothing is downloaded. The audio is noise; time and memory are those of the real model.
"""

from __future__ import annotations

import torch
import transformers

from musicrfm.model import MusicModel
from musicrfm.published.sizes import PUBLISHED, config


class Letters:
    """A replacement of the tokenizer, which is on the hub only: one token per letter."""

    model_max_length = 512

    def get_vocab(self) -> dict[str, int]:
        """It spells: no whole words."""
        return {chr(number): number for number in range(32, 127)}

    def __call__(self, texts: list[str], **options: object) -> transformers.BatchEncoding:
        ids = torch.tensor([[ord(letter) % 32_000 for letter in text] for text in texts])
        tokens = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
        return transformers.BatchEncoding(tokens)


def random_model(
    name: str,
    dtype: torch.dtype = torch.float32,
    layers: int | None = None,
    text_encoder: transformers.T5EncoderModel | None = None,
    codec: transformers.EncodecModel | None = None,
) -> MusicModel:
    """One of PUBLISHED, optionally with fewer layers, or with given parts.

    The decoder's weights never exist in any other precision.
    """
    shape, melody = config(name, layers), PUBLISHED[name].melody
    shape.decoder._attn_implementation = "sdpa"
    kind = "MusicgenMelody" if melody else "Musicgen"
    with torch.device("meta"):
        decoder = getattr(transformers, f"{kind}ForCausalLM")(shape.decoder).to(dtype)
    decoder.to_empty(device="cpu")
    decoder.model.decoder.embed_positions.make_weights(2048, shape.decoder.hidden_size)
    noise = torch.empty(1_000_003, dtype=dtype).uniform_(-0.02, 0.02)  # prime, so no rows repeat
    with torch.no_grad():
        for weight in decoder.parameters():
            for part in weight.view(-1).split(len(noise)):
                part.copy_(noise[: len(part)])
            weight._is_hf_initialized = True  # otherwise it would be initialised again
    for module in decoder.modules():
        module._is_hf_initialized = True
    hf = getattr(transformers, f"{kind}ForConditionalGeneration")(
        text_encoder=text_encoder or transformers.T5EncoderModel(shape.text_encoder),
        audio_encoder=codec or transformers.EncodecModel(shape.audio_encoder),
        decoder=decoder,
    )
    with torch.no_grad():
        for layer in hf.audio_encoder.quantizer.layers:
            layer.codebook.embed.normal_()
    hf.generation_config.max_length = 1500
    hf.generation_config.decoder_start_token_id = 2048
    return MusicModel(name, hf.eval().requires_grad_(False), Letters())
