"""Packs a model layer by layer while it loads, so that memory holds little but what plays.

In 4 bits, the matrices of MusicGen-small take 0.2 GiB, and its file 2.2. The file is mapped, read
tensor by tensor, and what has been read is given back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from musicrfm.weights.decoder import Weights, bits_of, block_of, matrices_of
from musicrfm.weights.packed import MATRICES, pack

_NOTHING = torch.empty(0)


def packed_alone(
    hf: PreTrainedModel, positions: int, codes: int, bits: int, own: Callable[[nn.Module], None]
) -> Weights:
    """As `packed(Weights.of(hf, positions, codes), bits)`, but without the matrices themselves,
    neither here nor in `hf`, whose decoder cannot be used any more.

    At no time is there more than one layer that is not packed.
    """
    layers, blocks = hf.decoder.model.decoder.layers, []
    whole = Weights.of(hf, positions, codes, ())

    def all_of_them() -> Iterator[tuple[Tensor | None, int]]:
        for number, layer in enumerate(layers):
            own(layer)
            block = block_of(layer)
            yield from matrices_of(block, bits_of(bits, number, len(layers)))
            gone = {name: _NOTHING for name in MATRICES if getattr(block, name) is not None}
            blocks.append(replace(block, **gone))
            layers[number] = nn.Identity()
        yield whole.heads, 8

    found = pack(all_of_them())
    for module in (*hf.decoder.lm_heads, *hf.decoder.model.decoder.embed_tokens):
        module.weight.data = module.weight.data[:0].clone()
    heads = whole.heads[:, :0].clone()
    return replace(whole, blocks=tuple(blocks), heads=heads, packed=found)
