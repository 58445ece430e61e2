"""The interface between decoders and models, and the encoded prompt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from musicrfm.weights.decoder import Weights


class Playable(Protocol):
    """A model as the decoders in this folder use it; `musicrfm.model.MusicModel` is one.

    window, lead: number of positions of the music, and of those that a prompt may occupy before it.
    delays: of each codebook, in frames. start_code: the id at positions without a code. small:
    whether a step is so little work that one CPU thread is fastest.
    """

    @property
    def device(self) -> torch.device: ...

    @property
    def dtype(self) -> torch.dtype: ...

    @property
    def layers(self) -> int: ...

    @property
    def width(self) -> int: ...

    @property
    def heads(self) -> int: ...

    @property
    def codebooks(self) -> int: ...

    @property
    def codes(self) -> int: ...

    @property
    def window(self) -> int: ...

    @property
    def lead(self) -> int: ...

    @property
    def start_code(self) -> int: ...

    @property
    def delays(self) -> list[int]: ...

    @property
    def small(self) -> bool: ...

    @property
    def decoder_weights(self) -> Weights: ...


@dataclass(frozen=True)
class PromptStates:
    """An encoded prompt: the input of the decoder's cross-attention.

    states: [1, tokens, width], already projected to the decoder's width; a single row of zeros if
    `text` is empty, which makes generation unconditional. lead: of a melody model, which reads its
    prompt before the music instead, all that it reads there, with the text and without it
    [2, positions, width]. parts, bias: where several prompts are blended, these and what is added
    to the attention to each token [1, 1, 1, tokens], see `musicrfm.streaming.prompts`.
    """

    text: str
    states: Tensor
    lead: Tensor | None = None
    parts: tuple[PromptStates, ...] = ()
    bias: Tensor | None = None

    @property
    def unconditional(self) -> bool:
        return not self.text
