"""A model of a published size with random weights, to measure what playing it takes.

Nothing is downloaded. The sound is noise; time and memory are those of the real one.
"""

from __future__ import annotations

import torch
import transformers

from musicrfm.model import MusicModel
from musicrfm.published.sizes import PUBLISHED, config

CODE = 2048  # of the start


class Letters:
    """In place of the tokenizer, which only the hub has: a token a letter."""

    model_max_length = 512

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
    bits: int | None = None,
) -> MusicModel:
    """One of PUBLISHED, perhaps with fewer layers, with parts that are there, or in 4 or 8 bits.

    The decoder's weights never exist in any other precision than `dtype`.
    """
