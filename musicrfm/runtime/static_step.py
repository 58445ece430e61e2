"""The decoder's step and the choice of codes on fixed tensors, for CUDA graphs.

It computes the same as `StepDecoder.step`, `guide` and `sample`, but reads their numeric arguments
from a small tensor, so that no branch depends on a value. A few kinds of step remain, with one
graph each: with and without guidance, a prompt, preserved norms and a held part, and for several
lengths of the history.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from musicrfm.runtime.decoder import StepDecoder, joined, pushed
from musicrfm.runtime.graphs import Recorder, Work
from musicrfm.runtime.playable import Playable
from musicrfm.runtime.sampling import Draws, sample_static

REACH = 512  # the part of the cache that is read is a multiple of this number of positions
PROMPT = 128  # initial room for a prompt, in tokens
UPLOADS = 64  # number of steps that may be queued
ENDLESS = 2.0**52  # number of frames of an endless piece
_ALIGNED = 16  # masks start at multiples of it; otherwise attention copies them


@dataclass(frozen=True)
class Kind:
    """Everything that determines a step besides tensors."""

    rows: int
    prompted: bool
    keep_norm: bool
    holds: bool
    reach: int  # positions of the cache that are read


@dataclass(frozen=True)
class Choice:
    """The settings for choosing the codes of a frame, see `MusicStream`. last: number of frames of
    the piece."""

    frame: int
    draws: Draws
    guidance_scale: float
    temperature: float
    top_k: int
    last: int | None = None


class StaticStep:
    """Steps of one `StepDecoder`: read a column of `inputs`, write the next.

    inputs: int64 [codebooks, positions + 1], the decoder's input at each position. finite: bool [],
    set to False by logits that are not finite. Later positions of the decoder's cache must be
    finite as well, because they are read and multiplied by zero.
    """

    def __init__(
        self,
        model: Playable,
        decoder: StepDecoder,
        inputs: Tensor,
        finite: Tensor,
        recorder: Recorder,
    ) -> None:
        self.model, self.decoder, self.recorder = model, decoder, recorder
        self.inputs, self.finite, self.weights = inputs, finite, decoder.weights
        device, dtype, room = model.device, decoder.dtype, decoder.cache.shape[4]
        self.reaches = [*range(REACH, room, REACH), room]
        self._delays = torch.tensor(model.delays, device=device)
        # position, place in the cache, frame, last, top_k, guidance scale, temperature, draws...
        self._numbers = torch.zeros(7 + model.codebooks, dtype=torch.float64, device=device)
        # Transfers under way; several, because each must stay until it is read.
        pinned = recorder.records
        self._uploads = torch.zeros(UPLOADS, *self._numbers.shape, dtype=torch.float64)
        self._uploads = self._uploads.pin_memory() if pinned else self._uploads
        self._upload = 0
        self._places = torch.arange(-(-room // _ALIGNED) * _ALIGNED, device=device)
        self._nothing = torch.zeros((), dtype=dtype, device=device)
        self._never = torch.full((), -torch.inf, dtype=dtype, device=device)
        self._copied: object = None  # the prompt that is in the buffers
        self._biased: Tensor | None = None  # and the weights of its tokens
        self._make_room(PROMPT)

    def prepare(self) -> None:
        """Record every kind of step in advance, so that none is recorded during the music."""
        if not self.recorder.records:
            return
        kinds = [(1, False), (1, True), (2, True)]  # rows, and whether the prompt is read there
        if self.model.lead:
            kinds = [(1, False), (2, False)]
        either = (False, True)
        for kind, keep_norm, holds, reach in product(kinds, either, either, self.reaches):
            self._work(Kind(*kind, keep_norm, holds, reach))

    @torch.inference_mode()
    def step(self, position: int, choice: Choice) -> None:
        """Read `inputs[:, position]`, write the chosen codes to the column after it.

        Steering, prompt and guidance are those of the decoder.
        """
        decoder = self.decoder
        if decoder.prompt is not self._copied or decoder.prompt_bias is not self._biased:
            self._take_prompt()
        place = decoder.lead + position
        self._send(position, place, choice)
        reach = next(reach for reach in self.reaches if reach > place)
        rows = 2 if decoder.guided else 1
        prompted, keep_norm = decoder.prompt is not None, decoder.keep_norm
        self._work(Kind(rows, prompted, keep_norm, decoder.holds, reach))()

    def _work(self, kind: Kind) -> Work:
        if kind not in self._works:
            self._works[kind] = self.recorder(lambda: self._run(kind))
        return self._works[kind]

    def _send(self, position: int, place: int, choice: Choice) -> None:
        """Send all numbers of a step in one small asynchronous copy."""
        last = ENDLESS if choice.last is None else choice.last
        settings = (choice.top_k, choice.guidance_scale, choice.temperature)
        numbers = (position, place, choice.frame, last, *settings)
        numbers = (*numbers, *choice.draws.numbers(choice.frame).tolist())
        upload = self._uploads[self._upload]
        self._upload = (self._upload + 1) % UPLOADS
        upload.copy_(torch.tensor(numbers, dtype=torch.float64))
        self._numbers.copy_(upload, non_blocking=True)

    def _make_room(self, tokens: int) -> None:
        """Make room for prompts with this number of tokens. Earlier recordings become invalid."""
        layers, heads, size = len(self.weights.blocks), self.decoder.heads, self.decoder.head_size
        # [layers, keys and values, 1, heads, tokens, head_size]
        shape = (layers, 2, 1, heads, tokens, size)
        like: dict[str, Any] = {"dtype": self.decoder.dtype, "device": self.model.device}
        self._prompt = torch.zeros(shape, **like)
        self._unread = torch.zeros(1, 1, 1, tokens, **like)
        self._works: dict[Kind, Work] = {}

    def _take_prompt(self) -> None:
        before, prompt = self._copied, self.decoder.prompt
        self._copied, self._biased = prompt, self.decoder.prompt_bias
        if prompt is None:
            return
        tokens = prompt[0][0].shape[2]
        if tokens > self._prompt.shape[4]:
            self._make_room(2 ** (tokens - 1).bit_length())
        if prompt is not before:  # not only other weights of the same prompts
            for layer, keys_and_values in zip(self._prompt, prompt, strict=True):
                for there, here in zip(layer, keys_and_values, strict=True):
                    there[:, :, :tokens].copy_(here)
        self._unread[..., :tokens] = 0.0 if self._biased is None else self._biased
        self._unread[..., tokens:] = -torch.inf

    def _run(self, kind: Kind) -> Tensor:
        """One step that reads its numbers from tensors only. Returns the guided logits."""
        weights, decoder, numbers = self.weights, self.decoder, self._numbers
        position, place, frame, last, top_k = numbers[:5].long().unbind()
        scale, temperature, *_ = numbers[5:7].float().unbind()
        codes = self.inputs.index_select(1, position[None])
        embedded = weights.embedding[codes + weights.first_row].sum(0)
        embedded += weights.positions.index_select(0, place[None])
        hidden = self._through(embedded.repeat(kind.rows, 1), place, kind)
        hidden = torch.layer_norm(hidden, *weights.norm)
        logits = (
            weights.linear(hidden, weights.heads).view(kind.rows, decoder.codebooks, -1).float()
        )
        if kind.rows == 2:
            told, untold = logits
            logits = torch.addcmul(untold, told - untold, scale)
        else:
            logits = logits[0]
        self.finite.logical_and_(logits.sum().isfinite())
        codes = sample_static(logits, numbers[7:].float(), temperature, top_k)
        frames = frame - self._delays  # of each codebook; some have none yet, or none any more
        codes = codes.masked_fill((frames < 0) | (frames >= last), self.model.start_code)
        self.inputs.index_copy_(1, position[None] + 1, codes[:, None])
        return logits

    def _through(self, x: Tensor, place: Tensor, kind: Kind) -> Tensor:
        """Hidden states after the last block, [rows, width], from the embedded [rows, width].

        As `StepDecoder._through` for one position.
        """
        decoder, rows = self.decoder, kind.rows
        linear, onto = self.weights.linear, self.weights.onto
        split = (rows, 1, 3, decoder.heads, decoder.head_size)
        later = torch.where(self._places <= place, self._nothing, self._never)
        later = later.view(1, 1, 1, -1)[..., : kind.reach]
        for i, block in enumerate(self.weights.blocks):
            # [rows, 1, 3, heads, head_size] -> [rows, 3, heads, 1, head_size]
            qkv = linear(torch.layer_norm(x, *block.attention_norm), block.qkv)
            qkv = qkv.view(split).permute(0, 2, 3, 1, 4)
            cache = decoder.caches[i][:rows]
            cache.index_copy_(3, place[None], qkv[:, 1:])
            keys, values = cache[:, :, :, : kind.reach].unbind(1)
            y = F.scaled_dot_product_attention(qkv[:, 0], keys, values, later)
            onto(x, joined(y), block.to_attended)
            if kind.prompted:
                reader = x[:1]
                assert block.prompt_norm is not None
                q = linear(torch.layer_norm(reader, *block.prompt_norm), block.prompt_q)
                q = q.view(1, 1, decoder.heads, decoder.head_size).transpose(1, 2)
                keys, values = self._prompt[i]
                y = F.scaled_dot_product_attention(q, keys, values, self._unread)
                onto(reader, joined(y), block.to_prompted)
            y = linear(torch.layer_norm(x, *block.feed_norm), block.feed)
            onto(x, block.activation(y), block.to_fed)
            bases = ((decoder.bases[rows][i], None),) if kind.holds else ()
            pushed(x.view(rows, 1, -1), decoder.offsets[rows][i], kind.keep_norm, bases)
        return x
