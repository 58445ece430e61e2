"""The decoder's two windows: when one is full, the music continues in the other.

By then, the other has been prefilled with the last seconds of music, little by little: with a large
model on a CPU, all at once would take longer than the music that is buffered.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from musicrfm.model import MusicModel
from musicrfm.runtime.backends import decoder_for
from musicrfm.runtime.decoder import Push
from musicrfm.runtime.playable import PromptStates
from musicrfm.runtime.static_step import StaticStep

LEAD = 10  # steps, at least, over which the next window is prefilled
RESTORABLE = 150  # steps after a turn for which the window before it stays as it was, if it can
BURST = 8  # positions that are prefilled together: single ones would read the weights more often
LATE = 50  # positions; a slow model with more of them begins guidance with its next window


class Window:
    """A window of the decoder: its cache, the codes read into it, and how they were steered.

    `uses` counts how often the window was started again; earlier states are lost then.
    """

    def __init__(self, model: MusicModel, size: int, cache: str | None) -> None:
        self.decoder = decoder_for(model, size, cache)
        # The codes read at each position, and one more column to write ahead.
        self.inputs = torch.zeros(model.codebooks, size + 1, dtype=torch.long, device=model.device)
        self.pushes: list[Push] = []  # the steering of each position
        self.prompt: PromptStates | None = None  # the prompt that the decoder reads
        self.uses = 0
        self.static: StaticStep | None = None  # makes the steps if they are CUDA graphs

    def read(self, prompt: PromptStates) -> bool:
        """Set the decoder's prompt; returns whether the window must be prefilled again."""
        if prompt is self.prompt:
            return False
        self.prompt = prompt
        return self.decoder.set_prompt(prompt)


@dataclass(frozen=True)
class WindowState:
    """The position of a piece: the window with its `uses`, and the next position to read.

    prepared: number of prefilled positions of the other window. guided: whether the decoder
    computes both halves of guidance.
    """

    window: Window
    uses: int
    position: int
    prepared: int
    guided: bool

    @property
    def reached(self) -> bool:
        """Whether this state can still be restored."""
        return self.window.uses == self.uses


class Windows:
    """The current window, `here`, and the `next` one; for use by one thread.

    size: positions of a window. keep: positions that the next window begins with. cache: see
    `decoder_for`. position: the next one to read in `here`.
    """

    def __init__(self, model: MusicModel, size: int, keep: int, cache: str | None = None) -> None:
        self.model, self.size, self.keep = model, size, keep
        self.here, self.next = Window(model, size, cache), Window(model, size, cache)
        self.position = self._prepared = 0
        # The position from which the next window is prefilled. What it begins with is played from
        # size - keep on.
        self._first = max(size - keep, min(keep + RESTORABLE, size - LEAD))
        self._slow = model.device.type == "cpu" and not model.small
        self.delays = torch.tensor(model.delays, device=model.device)
        self._books = torch.arange(model.codebooks, device=model.device)
        delay: int = max(model.delays)
        self._back = self.delays - delay  # columns of the codes of the latest complete frame
        # For incomplete frames: the number of positions until each of their codes is known.
        self._later = self._back[:, None] + torch.arange(1, delay + 1, device=model.device)

    @property
    def both(self) -> tuple[Window, Window]:
        return self.here, self.next

    @property
    def state(self) -> WindowState:
        """The state of the piece. Setting an earlier one that is `reached` restores it."""
        here = self.here
        return WindowState(here, here.uses, self.position, self._prepared, here.decoder.guided)

    @state.setter
    def state(self, state: WindowState) -> None:
        if state.window is not self.here:
            self.here, self.next = self.next, self.here
        self.position, self._prepared = state.position, state.prepared
        del self.here.pushes[state.position :]
        self.here.decoder.guided = state.guided

    def begin(self) -> None:
        """Start a new piece in the other window, so that this one can still be restored."""
        self.here, self.next, self._prepared = self.next, self.here, 0
        self.here.uses += 1
        self.here.pushes = []
        self.position = 0
        self.here.inputs[:, 0] = self.model.start_code
        self.here.decoder.guided = False

    def begin_from(self, take: Tensor, unsteered: Push, prompt: PromptStates, guided: bool) -> None:
        """Prefill a take [codebooks, frames] as if it had been played; call right after `begin`."""
        here, frames = self.here, take.shape[1]
        here.inputs[:, : frames + 1] = self.model.delay(take[None])[0]
        here.pushes = [unsteered] * frames
        self.position = frames
        here.prompt = None
        here.read(prompt)
        here.decoder.guided = guided
        self.read_again()

    def turn_to(self, prompt: PromptStates, guided: bool) -> None:
        """Prepare for reading a position: make room in `here`, and set its prompt."""
        if self.position == self.size:
            self._re_anchor(prompt, guided)
        if self.here.read(prompt):
            self.read_again()
        self._set_guided(guided)
        if self.position >= self._first:
            self._prepare(prompt, guided)

    def completed(self) -> Tensor:
        """The latest complete frame, int64 [codebooks]."""
        return self.here.inputs[self._books, self.position + self._back]

    def latest(self, count: int) -> Tensor:
        """The latest complete frames, int64 [codebooks, count]."""
        columns = torch.arange(1 - count, 1, device=self._books.device) + self.position
        return self.here.inputs[self._books[:, None], columns + self._back[:, None]]

    def ahead(self) -> tuple[Tensor, Tensor]:
        """(codes [codebooks, frames] of the incomplete frames, which of them are known)"""
        columns = self.position + self._later.clamp_max(0)
        return self.here.inputs[self._books[:, None], columns], self._later <= 0

    def read_again(self, first_row: int = 0) -> None:
        """Prefill the cache again up to the position, from the codes played."""
        here, before = self.here, self.position
        here.decoder.prefill(here.inputs[:, :before], here.pushes[:before], first_row)

    def widen(self, prompt: PromptStates) -> None:
        """Continue in a wider precision than float16, and prefill the window again."""
        guided = self.here.decoder.guided
        kept = [
            None if window.static is None else (window.static.finite, window.static.recorder)
            for window in self.both
        ]
        for window in self.both:  # nothing may refer to the old weights while they are replaced
            window.static = None
            del window.decoder
        self.model.widen()
        for window, parts in zip(self.both, kept, strict=True):
            window.decoder, window.prompt = decoder_for(self.model, self.size), None
            if parts is not None:
                window.static = StaticStep(self.model, window.decoder, window.inputs, *parts)
        self.next.uses += 1  # its cache is lost
        self._prepared = 0
        self.here.decoder.guided = guided
        self.here.read(prompt)
        self.read_again()

    def _set_guided(self, guided: bool) -> None:
        begins = guided and not self.here.decoder.guided
        if begins and self._slow and self.position > LATE:
            return  # reading the window again would take many seconds
        self.here.decoder.guided = guided
        if begins:
            self.read_again(first_row=1)

    def _prepare(self, prompt: PromptStates, guided: bool) -> None:
        """Prefill a part of the beginning of the next window, in proportion to the steps left."""
        steps = self.position + 1 - self._first
        last = -(-self.keep * steps // (self.size - self._first))
        last = min(last, self.position - (self.size - self.keep)) // BURST * BURST
        if last > self._prepared:
            self._read_ahead(self._prepared, last, prompt, guided)

    def _read_ahead(self, first: int, last: int, prompt: PromptStates, guided: bool) -> None:
        """Prefill positions `first` to `last` of the next window, as if the piece began there."""
        here, window, gone = self.here, self.next, self.size - self.keep
        if first == 0:
            window.uses += 1
        if window.read(prompt):
            first = 0
        codes = here.inputs[:, gone + first : gone + last]
        places = torch.arange(first, last, device=codes.device)
        unknown = places <= self.delays[:, None]
        window.inputs[:, first:last] = codes.masked_fill(unknown, self.model.start_code)
        if first == 0 or not guided:
            window.decoder.guided = guided
        # Always the same parts, as roundings depend on them.
        for begin in range(first, last, BURST):
            end = min(begin + BURST, last)
            part, pushes = window.inputs[:, begin:end], here.pushes[gone + begin : gone + end]
            window.decoder.prefill(part, pushes, position=begin)
        self._prepared = last

    def _re_anchor(self, prompt: PromptStates, guided: bool) -> None:
        """Continue in the next window, which begins with the last `keep` frames."""
        here, window = self.here, self.next
        if self.keep > self._prepared:
            self._read_ahead(self._prepared, self.keep, prompt, guided)
        window.inputs[:, self.keep] = here.inputs[:, self.size]
        window.pushes = here.pushes[self.size - self.keep :]
        self.here, self.next, self._prepared = window, here, 0
        self.position = self.keep
