"""The decoder's window, and a second one in which the music goes on when the first is full.

The second has read the last seconds from position 0 by then, a few positions at each step.
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

LEAD = 10  # positions over which the next window is prefilled, a part of it at each


class Window:
    """What the decoder sees: a cache, what was read into it, and how that was steered.

    `uses` counts how often it was begun anew: what was known of it before is gone.
    """

    def __init__(self, model: MusicModel, size: int) -> None:
        self.decoder = decoder_for(model, size)
        # What is read at each position, one column more to write ahead.
        self.inputs = torch.zeros(model.codebooks, size + 1, dtype=torch.long, device=model.device)
        self.pushes: list[Push] = []  # how each position has been steered
        self.prompt: PromptStates | None = None  # the prompt that the decoder reads
        self.uses = 0
        self.static: StaticStep | None = None  # does the steps, where they are CUDA graphs

    def read(self, prompt: PromptStates) -> bool:
        """Makes the decoder read this prompt; whether what it has read must be read again."""
        if prompt is self.prompt:
            return False
        self.prompt = prompt
        return self.decoder.set_prompt(prompt)


@dataclass(frozen=True)
class WindowState:
    """Where a piece stands: in `window` as it was at its `uses`, at `position`, the next to read.

    prepared: positions of the other window that have been read.
    """

    window: Window
    uses: int
    position: int
    prepared: int
    guided: bool

    @property
    def reached(self) -> bool:
        """Whether it can still be gone back to."""
        return self.window.uses == self.uses


class Windows:
    """`here`, which is played in, and `next`; for the thread that plays.

    size: positions of a window. keep: those that the next window begins with. position: of `here`,
    the next to read.
    """

    def __init__(self, model: MusicModel, size: int, keep: int) -> None:
        self.model, self.size, self.keep = model, size, keep
        self.here, self.next = Window(model, size), Window(model, size)
        self.position = self._prepared = 0
        self.delays = torch.tensor(model.delays, device=model.device)
        self._books = torch.arange(model.codebooks, device=model.device)
        delay: int = max(model.delays)
        self._back = self.delays - delay  # where the codes of the latest complete frame are
        # Of the frames that lack codes yet: how many positions later each of their codes comes.
        self._later = self._back[:, None] + torch.arange(1, delay + 1, device=model.device)

    @property
    def both(self) -> tuple[Window, Window]:
        return self.here, self.next

    @property
    def state(self) -> WindowState:
        """Where the piece stands. Setting an earlier one that is `reached` goes back there."""
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
        """A new piece, in the other window, so that it can still be gone back to this one."""
        self.here, self.next, self._prepared = self.next, self.here, 0
        self.here.uses += 1
        self.here.pushes = []
        self.position = 0
        self.here.inputs[:, 0] = self.model.start_code
        self.here.decoder.guided = False

    def begin_from(self, take: Tensor, unsteered: Push, prompt: PromptStates, guided: bool) -> None:
        """Right after `begin`: reads codes [codebooks, frames] as if they had been played."""
        here, frames = self.here, take.shape[1]
        here.inputs[:, : frames + 1] = self.model.delay(take[None])[0]
        here.pushes = [unsteered] * frames
        self.position = frames
        here.prompt = None
        here.read(prompt)
        here.decoder.guided = guided
        self.read_again()

    def turn_to(self, prompt: PromptStates, guided: bool) -> None:
        """Before a position is read: `here` has room for it and reads this prompt."""
        if self.position == self.size:
            self._re_anchor(prompt)
        if self.here.read(prompt):
            self.read_again()
        self._set_guided(guided)
        if self.position >= self.size - LEAD:
            self._prepare(prompt)

    def completed(self) -> Tensor:
        """The latest frame that has all its codes, int64 [codebooks]."""
        return self.here.inputs[self._books, self.position + self._back]

    def latest(self, count: int) -> Tensor:
        """The latest frames that have all their codes, int64 [codebooks, count]."""
        columns = torch.arange(1 - count, 1, device=self._books.device) + self.position
        return self.here.inputs[self._books[:, None], columns + self._back[:, None]]

    def ahead(self) -> tuple[Tensor, Tensor]:
        """Codes [codebooks, frames] of the frames that lack some yet, and which are known."""
        columns = self.position + self._later.clamp_max(0)
        return self.here.inputs[self._books[:, None], columns], self._later <= 0

    def read_again(self, first_row: int = 0) -> None:
        """Fills the cache up to the position from what has been played."""
        here, before = self.here, self.position
        here.decoder.prefill(here.inputs[:, :before], here.pushes[:before], first_row)

    def widen(self, prompt: PromptStates) -> None:
        """Goes on in a wider precision than float16, and reads all of the window again."""
        guided = self.here.decoder.guided
        kept = [
            None if window.static is None else (window.static.finite, window.static.recorder)
            for window in self.both
        ]
        for window in self.both:  # nothing may hold the weights when others take their place
            window.static = None
            del window.decoder
        self.model.widen()
        for window, parts in zip(self.both, kept, strict=True):
            window.decoder, window.prompt = decoder_for(self.model, self.size), None
            if parts is not None:
                window.static = StaticStep(self.model, window.decoder, window.inputs, *parts)
        self.next.uses += 1  # what it had read is lost
        self._prepared = 0
        self.here.decoder.guided = guided
        self.here.read(prompt)
        self.read_again()

    def _set_guided(self, guided: bool) -> None:
        begins = guided and not self.here.decoder.guided
        self.here.decoder.guided = guided
        if begins:
            self.read_again(first_row=1)

    def _prepare(self, prompt: PromptStates) -> None:
        """Reads a part of what the next window will begin with."""
        if not self._prepared:
            self.next.uses += 1
        first, last = self._prepared, self._prepared + -(-(self.keep - LEAD) // LEAD)
        last = min(last, self.position - (self.size - self.keep))
        if last > first:
            self._read_ahead(first, last, prompt)

    def _read_ahead(self, first: int, last: int, prompt: PromptStates) -> None:
        """Positions `first` to `last` of the next window, as if the piece began at its start."""
        here, window, gone = self.here, self.next, self.size - self.keep
        if window.read(prompt):
            first = 0
        codes = here.inputs[:, gone + first : gone + last]
        places = torch.arange(first, last, device=codes.device)
        unknown = places <= self.delays[:, None]
        window.inputs[:, first:last] = codes.masked_fill(unknown, self.model.start_code)
        if first == 0 or not here.decoder.guided:
            window.decoder.guided = here.decoder.guided
        window.decoder.prefill(
            window.inputs[:, first:last], here.pushes[gone + first : gone + last], position=first
        )
        self._prepared = last

    def _re_anchor(self, prompt: PromptStates) -> None:
        """Goes on in the next window, which begins with the last `keep` frames."""
        here, window = self.here, self.next
        if self.keep > self._prepared:
            self._read_ahead(self._prepared, self.keep, prompt)
        window.inputs[:, self.keep] = here.inputs[:, self.size]
        window.pushes = here.pushes[self.size - self.keep :]
        self.here, self.next, self._prepared = window, here, 0
        self.position = self.keep
        self._set_guided(here.decoder.guided)
