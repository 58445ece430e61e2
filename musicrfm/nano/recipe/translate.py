"""Carries a language model over to the codes of another codec.

When a codec is trained further, most of its codes change, but they still follow what they followed
before: a new code goes with few of the old ones. So its embedding begins as the mean of the
embeddings of the old codes in the same places, and so do the rows of the output heads. Measured on
`nano`, with 255 clips encoded by both codecs: held-out loss 3.05 with the old codes, 7.87 with the
new ones, and 4.82 with the new ones after this, before any training.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from transformers import MusicgenForConditionalGeneration

RARE = 2.0  # places at which a new code counts as seldom: it stays near the mean of all codes


@torch.no_grad()
def translate(
    model: MusicgenForConditionalGeneration, before: np.ndarray, after: np.ndarray
) -> None:
    """Set the embeddings and heads of all codes, from the same clips encoded by both codecs.

    before, after: whole numbers [clips, codebooks, frames].
    """
    embeddings, heads = model.decoder.model.decoder.embed_tokens, model.decoder.lm_heads
    for book, (embedding, head) in enumerate(zip(embeddings, heads, strict=True)):
        old, new = (
            torch.from_numpy(codes[:, book].astype(np.int64)).flatten() for codes in (before, after)
        )
        for table in (embedding.weight, head.weight):
            _means(table[: model.config.decoder.vocab_size], old, new)


def _means(table: Tensor, old: Tensor, new: Tensor) -> None:
    """Replace each row by the mean of the rows `old` where it is the one of `new`."""
    seen = table[old]
    sums = (RARE * seen.mean(0)).repeat(len(table), 1).index_add_(0, new, seen)
    table.copy_(sums / (RARE + torch.bincount(new, minlength=len(table)))[:, None])
