"""The weights of MusicGen's decoder, as its steps read them, from the Hugging Face module."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import PreTrainedModel

from musicrfm.weights.packed import MATRICES, Packed, pack

Norm = tuple[tuple[int], Tensor, Tensor, float]  # what layer_norm takes after its input


@dataclass(frozen=True)
class Block:
    """Weights of one layer; those named `to_*` are transposed for `addmm` onto the residual.

    Those of cross-attention are None if the model reads the prompt before the music, and those that
    are packed may be empty, see `musicrfm.weights.frugal`.
    """

    attention_norm: Norm
    qkv: Tensor  # [3 * width, width]
    to_attended: Tensor
    prompt_norm: Norm | None
    prompt_q: Tensor | None
    prompt_k: Tensor | None
    prompt_v: Tensor | None
    to_prompted: Tensor | None
    feed_norm: Norm
    feed: Tensor
    activation: Callable[[Tensor], Tensor]
    to_fed: Tensor


@dataclass(frozen=True)
class Weights:
    """All the decoder's weights, for any number of streams."""

    embedding: Tensor  # [codebooks * (codes + 1), width]
    first_row: Tensor  # [codebooks, 1], of each codebook in the embedding
    positions: Tensor  # [lead + window, width]
    blocks: tuple[Block, ...]
    norm: Norm
    heads: Tensor  # [codebooks * codes, width]
    # What is done with matrices: linear(x, matrix), and onto(x, y, matrix), which adds y @ matrix
    # in place.
    linear: Callable[..., Tensor] = F.linear
    onto: Callable[..., Tensor] = Tensor.addmm_
    packed: Packed | None = None  # all matrices that a step reads, if they are packed

    @classmethod
    def of(
        cls,
        hf: PreTrainedModel,
        positions: int,
        codes: int,
        blocks: Sequence[Block] | None = None,
    ) -> Weights:
        """From a MusicGen of `transformers`, for so many positions and codes per codebook.

        blocks: instead of those that `hf` has.
        """
        decoder = hf.decoder.model.decoder
        tables = [table.weight.detach() for table in decoder.embed_tokens]
        starts = torch.arange(len(tables), device=tables[0].device) * len(tables[0])
        places = decoder.embed_positions.weights.detach()
        if len(places) < positions:  # they are computed, so there is no end
            places = decoder.embed_positions.get_embedding(positions, places.shape[1]).to(places)
        heads = [head.weight.detach()[:codes] for head in hf.decoder.lm_heads]
        return cls(
            torch.cat(tables),
            starts[:, None],
            places[:positions],
            tuple(map(block_of, decoder.layers) if blocks is None else blocks),
            _norm(decoder.layer_norm),
            torch.cat(heads),
        )


def _norm(module: nn.LayerNorm) -> Norm:
    shape = (module.weight.shape[0],)
    return shape, module.weight.detach(), module.bias.detach(), module.eps


def block_of(layer: nn.Module) -> Block:
    """One `MusicgenDecoderLayer` or `MusicgenMelodyDecoderLayer`, both without any biases."""
    heard, prompt = layer.self_attn, getattr(layer, "encoder_attn", None)
    return Block(
        attention_norm=_norm(layer.self_attn_layer_norm),
        qkv=_fused(heard.q_proj, heard.k_proj, heard.v_proj),
        to_attended=heard.out_proj.weight.detach().T,
        prompt_norm=prompt and _norm(layer.encoder_attn_layer_norm),
        prompt_q=prompt and prompt.q_proj.weight.detach(),
        prompt_k=prompt and prompt.k_proj.weight.detach(),
        prompt_v=prompt and prompt.v_proj.weight.detach(),
        to_prompted=prompt and prompt.out_proj.weight.detach().T,
        feed_norm=_norm(layer.final_layer_norm),
        feed=layer.fc1.weight.detach(),
        activation=layer.activation_fn,
        to_fed=layer.fc2.weight.detach().T,
    )


def _fused(*projections: nn.Linear) -> Tensor:
    """The weights stacked, [outputs of all, width].

    The module refers to this tensor from now on, so that the weights are not in memory twice.
    """
    with torch.inference_mode(False), torch.no_grad():
        fused = torch.cat([projection.weight for projection in projections])
        sizes = [len(projection.weight) for projection in projections]
        for projection, part in zip(projections, fused.split(sizes), strict=True):
            projection.weight.data = part
    return fused


def packed(weights: Weights, bits: int) -> Weights:
    """The same, with all matrices that a step reads packed in 4 or 8 bits.

    In 4 bits, the matrices with the largest loss for their size stay in 8 bits, see `bits_of`.
    """

    def all_of_them() -> Iterator[tuple[Tensor | None, int]]:
        for layer, block in enumerate(weights.blocks):
            yield from matrices_of(block, bits_of(bits, layer, len(weights.blocks)))
        yield weights.heads, 8

    return replace(weights, packed=pack(all_of_them()))


def matrices_of(block: Block, bits: int) -> Iterator[tuple[Tensor | None, int]]:
    """What is packed of a layer, in the order of MATRICES, [outputs, inputs]."""
    for name in MATRICES:
        part = getattr(block, name)
        yield part.T if part is not None and name.startswith("to_") else part, bits


def bits_of(bits: int, layer: int, layers: int) -> int:
    """The number of bits of a layer's matrices: in int4, the first and the last layer have 8."""
    return 8 if layer in (0, layers - 1) else bits
