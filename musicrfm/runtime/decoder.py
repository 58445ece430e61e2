"""MusicGen's decoder, one frame at a time, from the weights of the Hugging Face module.

The cache is allocated once, and the prompt's keys and values are computed once per prompt. Guidance
is a second row without a prompt: there, cross-attention adds exactly zero, as in Hugging Face's
code, where it would read zeros only. A melody model has no cross-attention: its cache starts with
the prompt, followed by the music. Steering is a push after every block, see `Push`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from musicrfm.runtime.playable import Playable, PromptStates

# The part projected out: a basis per layer, [rows, HELD, width]; the positions, [rows, time, 1].
Taken = tuple[Sequence[Tensor], Tensor | None]
Tap = Callable[[int, Tensor], None]
HELD = 3  # dimensions that can be held


@dataclass(frozen=True, eq=False)
class Push:
    """The steering of the hidden states of one position.

    offset: [layers, width], added after each block. prompted_only: to row 0 alone. keep_norm:
    whether pushed states are then rescaled to their previous norm. basis: [layers, HELD, width],
    orthogonal rows, which are projected out of the hidden state before the offset is added, so that
    the offset alone determines that part. Rows shorter than 1 are projected out in part.
    """

    offset: Tensor
    prompted_only: bool = False
    keep_norm: bool = False
    basis: Tensor | None = None


class StepDecoder:
    """The decoder of one stream, with its cache; for one thread.

    `window` is the number of positions. Row 0 reads the prompt. Row 1, present only while `guided`,
    reads none.

    The computation of a step depends on `guided` and on whether the push keeps norms and has a
    basis; the rest of the steering is in the tensors `offset` and `basis`, which are never
    replaced. This is the plain reference; `musicrfm.runtime.backends` lists faster implementations.
    """

    keeps_cache = True  # other decoders may have a different cache

    def __init__(self, model: Playable, window: int | None = None) -> None:
        self.window = window or model.window
        self.weights = model.decoder_weights
        self.heads, self.head_size = model.heads, model.width // model.heads
        self.codebooks = model.codebooks
        # The precision of computation; prompts and pushes may have another.
        self.dtype = self.weights.positions.dtype
        room = model.lead + self.window
        places = room if self.keeps_cache else 0
        shape = (model.layers, 2, 2, model.heads, places, self.head_size)
        # [layers, rows, keys and values, heads, positions, head_size]
        self.cache = torch.zeros(shape, device=model.device, dtype=self.dtype)
        # [layers, rows, time, width], added after each block
        offset_shape = (model.layers, 2, 1, model.width)
        self.offset = torch.zeros(offset_shape, device=model.device, dtype=self.dtype)
        # [layers, rows, HELD, width], projected out before that while the push has a basis
        basis_shape = (model.layers, 2, HELD, model.width)
        self.basis = torch.zeros(basis_shape, device=model.device, dtype=self.dtype)
        self.caches = list(self.cache)  # views, made once
        self.offsets = {1: list(self.offset[:, :1]), 2: list(self.offset)}  # by how many rows
        self.bases = {1: list(self.basis[:, :1]), 2: list(self.basis)}
        self._push: Push | None = None
        self._held: tuple[Tensor | None, bool] = (None, False)  # the content of `basis`
        # Keys and values of the prompt per layer, [1, heads, tokens, head_size].
        self.prompt: list[tuple[Tensor, Tensor]] | None = None
        self.prompt_bias: Tensor | None = None  # of a blend, [1, 1, 1, tokens]
        # Of the latest prompts, so that a blend's weights may change in every frame.
        self._keys: dict[int, tuple[PromptStates, list[tuple[Tensor, Tensor]]]] = {}
        self._blended: tuple[tuple[int, ...], list[tuple[Tensor, Tensor]]] = ((), [])
        self.lead = 0  # positions of the cache before the music
        self.guided = False
        # A faster backend for the steps, if any; see `musicrfm.runtime.backends`.
        self.faster: Callable[[Tensor, int], Tensor] | None = None

    @property
    def keep_norm(self) -> bool:
        """Whether pushed states are currently rescaled, see `Push`."""
        return self._push is not None and self._push.keep_norm

    @property
    def holds(self) -> bool:
        """Whether a part of the hidden states is currently projected out, see `Push`."""
        return self._push is not None and self._push.basis is not None

    @torch.inference_mode()
    def set_prompt(self, prompt: PromptStates) -> bool:
        """Read this prompt in row 0 from the next position on; the history stays.

        Returns True if the history cannot stay, as where the prompt precedes the music: then
        `prefill` again.
        """
        self.prompt = self.prompt_bias = None
        if prompt.lead is not None:
            self.lead = prompt.lead.shape[1]
            self._read_lead(prompt.lead.to(self.dtype) + self.weights.positions[: self.lead])
            return True
        if prompt.unconditional:
            return False
        self.prompt = self._read_prompt(prompt)
        self.prompt_bias = None if prompt.bias is None else prompt.bias.to(self.dtype)
        return False

    def _read_lead(self, embedded: Tensor) -> None:
        """Read the positions before the music, [2, positions, width], into the cache."""
        unsteered = [torch.zeros_like(self.offset[0, :, :1])] * len(self.weights.blocks)
        self._through(embedded, 0, 0, unsteered, False)

    def _read_prompt(self, prompt: PromptStates) -> list[tuple[Tensor, Tensor]]:
        """Keys and values [1, heads, tokens, head_size] of each layer."""
        parts = prompt.parts or (prompt,)
        kept, self._keys = self._keys, {}
        for part in parts:
            self._keys[id(part)] = kept.get(id(part)) or (part, self._keys_of(part))
        if not prompt.parts:
            return self._keys[id(prompt)][1]
        which = tuple(id(part) for part in parts)
        if self._blended[0] != which or any(number not in kept for number in which):
            layers = zip(*(self._keys[number][1] for number in which), strict=True)
            joint = [
                (torch.cat([k for k, _ in every], 2), torch.cat([v for _, v in every], 2))
                for every in layers
            ]
            self._blended = (which, joint)
        return self._blended[1]

    def _keys_of(self, prompt: PromptStates) -> list[tuple[Tensor, Tensor]]:
        states = prompt.states[0].to(self.dtype)
        read = []
        for block in self.weights.blocks:
            assert block.prompt_k is not None and block.prompt_v is not None
            read.append(
                (self._split(states @ block.prompt_k.T), self._split(states @ block.prompt_v.T))
            )
        return read

    def steer(self, push: Push) -> None:
        """Set the push after each block from now on."""
        if push is self._push:
            return
        self._push = push
        self._to_rows(self.offset[:, :, 0], push.offset, push.prompted_only)
        basis, only = push.basis, push.prompted_only
        if basis is not None and (self._held[0] is not basis or self._held[1] != only):
            self._to_rows(self.basis, basis, only)
            self._held = (basis, only)

    @torch.inference_mode()
    def step(self, codes: Tensor, position: int, tap: Tap | None = None) -> Tensor:
        """Read codes [codebooks, 1] at `position`; logits float32 [rows, codebooks, codes].

        Everything before `position` must have been read; later positions of the cache are
        overwritten. tap: receives every block's number and output [rows, width], which it must not
        keep; such a step uses no faster backend.
        """
        if self.faster is not None and tap is None:
            return self.faster(codes, self.lead + position)
        rows = 2 if self.guided else 1
        taken = ((self.bases[rows], None),) if self.holds else ()
        pushes = (self.offsets[rows], self.keep_norm, taken)
        hidden = self._read(codes, position, 0, rows, *pushes, tap)
        hidden = torch.layer_norm(hidden, *self.weights.norm)
        return (
            self.weights.linear(hidden, self.weights.heads).view(rows, self.codebooks, -1).float()
        )

    @torch.inference_mode()
    def prefill(
        self, codes: Tensor, pushes: Sequence[Push], first_row: int = 0, position: int = 0
    ) -> None:
        """Read codes [codebooks, positions] from `position` on in one pass.

        pushes: the steering of each position. With `first_row` 1, only the row without a prompt is
        filled.
        """
        if not pushes:
            return
        rows = (2 if self.guided else 1) - first_row
        if all(push is pushes[0] for push in pushes):
            pushes = pushes[:1]  # for all positions
        prompted = torch.ones(len(pushes), dtype=torch.bool, device=codes.device)
        unprompted = self._flags(not push.prompted_only for push in pushes)
        # [rows, time, 1], in which rows and positions the offset counts
        counts = torch.stack([prompted, unprompted])[first_row : first_row + rows, :, None]
        layers = zip(*(list(push.offset) for push in pushes), strict=True)
        offsets = [torch.stack(layer).to(self.dtype) * counts for layer in layers]
        keep_norm: bool | Tensor = False
        if any(push.keep_norm for push in pushes):
            keep_norm = self._flags(push.keep_norm for push in pushes)[:, None]
        taken = []
        for basis in {id(push.basis): push.basis for push in pushes}.values():
            if basis is not None:
                where = counts * self._flags(push.basis is basis for push in pushes)[:, None]
                held = basis[:, None].to(self.dtype).expand(-1, rows, -1, -1)
                taken.append((list(held), where.to(self.dtype)))
        self._read(codes, position, first_row, rows, offsets, keep_norm, taken)

    def forget(self, position: int) -> None:
        """Clear `position` in the cache, which may contain NaN."""
        with torch.inference_mode():
            self.cache[..., self.lead + position, :] = 0

    def _read(
        self,
        codes: Tensor,
        position: int,
        first_row: int,
        rows: int,
        offsets: Sequence[Tensor],
        keep_norm: bool | Tensor,
        taken: Sequence[Taken] = (),
        tap: Tap | None = None,
    ) -> Tensor:
        """Hidden states after the last block, [rows * time, width].

        offsets: one per layer, [rows, 1 or time, width]. keep_norm: for all positions, or bool
        [time, 1]. taken: the part to project out.
        """
        weights, start = self.weights, self.lead + position
        embedded = weights.embedding[codes + weights.first_row].sum(0)
        embedded += weights.positions[start : start + len(embedded)]
        embedded = embedded.repeat(rows, 1, 1)
        return self._through(embedded, start, first_row, offsets, keep_norm, taken, tap)

    def _through(
        self,
        embedded: Tensor,
        position: int,
        first_row: int,
        offsets: Sequence[Tensor],
        keep_norm: bool | Tensor,
        taken: Sequence[Taken] = (),
        tap: Tap | None = None,
    ) -> Tensor:
        """As `_read`, from the embedded positions [rows, time, width].

        `embedded` may be overwritten.
        """
        rows, time, width = embedded.shape
        end = position + time
        split = (rows, time, 3, self.heads, self.head_size)
        x = embedded.reshape(rows * time, width)
        linear, onto = self.weights.linear, self.weights.onto
        causal, seen = time > 1, None
        if causal and position:
            seen = torch.ones(time, end, dtype=torch.bool, device=x.device).tril(position)
            causal = False
        for i, block in enumerate(self.weights.blocks):
            # [rows, time, 3, heads, head_size] -> [rows, 3, heads, time, head_size]
            qkv = linear(torch.layer_norm(x, *block.attention_norm), block.qkv)
            qkv = qkv.view(split).permute(0, 2, 3, 1, 4)
            cache = self.caches[i][first_row : first_row + rows, :, :, :end]
            cache[:, :, :, position:] = qkv[:, 1:]
            keys, values = cache.unbind(1)
            y = F.scaled_dot_product_attention(qkv[:, 0], keys, values, seen, is_causal=causal)
            onto(x, joined(y), block.to_attended)
            if self.prompt is not None and first_row == 0:
                reader = x if rows == 1 else x[:time]
                assert block.prompt_norm is not None
                q = linear(torch.layer_norm(reader, *block.prompt_norm), block.prompt_q)
                y = F.scaled_dot_product_attention(
                    self._split(q), *self.prompt[i], self.prompt_bias
                )
                onto(reader, joined(y), block.to_prompted)
            y = linear(torch.layer_norm(x, *block.feed_norm), block.feed)
            onto(x, block.activation(y), block.to_fed)
            bases = [(basis[i], where) for basis, where in taken]
            pushed(x.view(rows, time, -1), offsets[i], keep_norm, bases)
            if tap is not None:
                tap(i, x)
        return x

    @staticmethod
    def _to_rows(there: Tensor, here: Tensor, first_only: bool) -> None:
        """Copies [layers, ...] to both rows of [layers, 2, ...], or zeros to the other one."""
        there[:, 0].copy_(here)
        if first_only:
            there[:, 1].zero_()
        else:
            there[:, 1].copy_(here)

    def _flags(self, flags: Iterable[bool]) -> Tensor:
        return torch.tensor(list(flags), device=self.cache.device)

    def _split(self, x: Tensor) -> Tensor:
        """[time, width] -> [1, heads, time, head_size]"""
        return x.view(1, -1, self.heads, self.head_size).transpose(1, 2)


def pushed(
    x: Tensor,
    offset: Tensor,
    keep_norm: bool | Tensor,
    bases: Sequence[tuple[Tensor, Tensor | None]] = (),
) -> None:
    """Steer x [rows, time, width] in place; see `Push`.

    keep_norm: for all positions, or bool [time, 1]; elsewhere, and where nothing changes, x stays
    bit-identical. Norms are float32 in any precision. bases: [rows, HELD, width] each, with a mask
    of the positions if it is not all of them.
    """
    if keep_norm is not False:
        before = torch.linalg.vector_norm(x, dim=-1, keepdim=True, dtype=torch.float32)
    for basis, where in bases:
        along = torch.bmm(x, basis.mT)
        x.baddbmm_(along if where is None else along * where, basis, alpha=-1)
    x.add_(offset)
    if keep_norm is not False:
        after = torch.linalg.vector_norm(x, dim=-1, keepdim=True, dtype=torch.float32)
        gain = before / after.clamp_min_(torch.finfo(torch.float32).tiny)
        x.mul_(gain if keep_norm is True else gain.masked_fill_(~keep_norm, 1.0))


def joined(x: Tensor) -> Tensor:
    """[rows, heads, time, head_size] -> [rows * time, width]"""
    rows, heads, time, size = x.shape
    return x.transpose(1, 2).reshape(rows * time, heads * size)
