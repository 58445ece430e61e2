"""Packs a model layer by layer while it loads, so that memory holds little but what plays.

In 4 bits, the matrices of MusicGen-small take 0.2 GiB, and its file 2.2. The file is mapped, read
tensor by tensor, and what has been read is given back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from musicrfm.checkpoints.mapped import trim
from musicrfm.runtime.codec import StreamingCodec
from musicrfm.weights.decoder import Weights, bits_of, block_of, matrices_of
from musicrfm.weights.fingerprint import fingerprint_of
from musicrfm.weights.packed import MATRICES, pack

if TYPE_CHECKING:
    from musicrfm.checkpoints.loading import Loaded
    from musicrfm.model import MusicModel

_DECODER = "decoder."
_NOTHING = torch.empty(0)


def keep_what_plays(model: MusicModel, own: Callable[[nn.Module], None], loaded: Loaded) -> None:
    """Make `model`, whose layers and codec are still mapped, play and nothing else.

    own: moves a layer from its file into memory. loaded: with the signs of all tensors.
    """
    model.plays_only, model.mapped = True, loaded.mapped
    inside = {n: s for n, s in loaded.signs.items() if n.startswith(_DECODER)}
    known = vars(model)  # what could no longer be computed
    known["whole_fingerprint"] = fingerprint_of(loaded.signs)
    known["fingerprint"] = fingerprint_of({n[len(_DECODER) :]: s for n, s in inside.items()})
    size, bits = model.lead + model.window, 4 if model.int4 else 8
    known["decoder_weights"] = packed_alone(model.hf, size, model.codes, bits, own)
    trim()


def codec_of(model: MusicModel) -> StreamingCodec:
    """A streaming codec of a model, in memory of its own."""
    codec, sizes = model.hf.audio_encoder, (model.codebooks, model.stereo_codes)
    if not model.plays_only:
        return StreamingCodec(codec, *sizes)
    found = StreamingCodec(codec, *sizes, map(deepcopy, codec.decoder.layers))
    for parameter in codec.parameters():
        model.mapped.let_go(parameter)
    trim()
    return found


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
