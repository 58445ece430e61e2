"""Decoder steps with 4-bit or 8-bit matrices, for a CPU, on one or several threads.

Everything else is more precise: 16-bit activations, a cache of 8 or 16 bits with a scale for each
head and position, float32 sums. See `musicrfm.kernels.packed_step`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor

from musicrfm.errors import MusicRFMError
from musicrfm.kernels.available import kernels
from musicrfm.kernels.lanes import GROUP
from musicrfm.kernels.team import team
from musicrfm.runtime.compiled_step import is_gelu, norms_of, seen
from musicrfm.runtime.decoder import Push, StepDecoder, Tap
from musicrfm.runtime.defaults import CACHES
from musicrfm.runtime.playable import Playable
from musicrfm.weights.decoder import Weights
from musicrfm.weights.packed import INPUTS, OUTPUTS, Packed, filled_to
from musicrfm.weights.pages import zeros

AT_ONCE = 8  # positions: more would leave a core's cache, fewer read the weights more often
SETS = 2  # sets of counters, so that a late helper delays nothing
FEED = 4  # row of the table


def can_pack(weights: Weights) -> bool:
    """Whether machine code supports steps with these weights here."""
    return packed_kernels() is not None and all(is_gelu(b.activation) for b in weights.blocks)


@lru_cache
def packed_kernels() -> ModuleType | None:
    """`musicrfm.kernels.packed_step`, or None if machine code is not available."""
    if kernels() is None:
        return None
    from musicrfm.kernels import packed_step

    return packed_step


def check_int4(device: torch.device) -> None:
    """Raise MusicRFMError if 4-bit weights are not available."""
    if device.type != "cpu":
        raise MusicRFMError(f"dtype int4 is for CPUs, not for {device}: use float16")
    if packed_kernels() is None:
        raise MusicRFMError("dtype int4 needs the package numba: pip install numba")


class PackedDecoder(StepDecoder):
    """A `StepDecoder` with packed weights. The threads of one team share its work.

    cache: precision of keys and values, of `CACHES`.
    """

    keeps_cache = False

    def __init__(self, model: Playable, window: int | None = None, cache: str = CACHES[0]) -> None:
        super().__init__(model, window)
        kernels, packed = packed_kernels(), self.weights.packed
        assert kernels is not None and packed is not None, "`can_pack` says so"
        self._kernels, self._plan = kernels, _plan(kernels, self.weights, packed)
        self._team = team(torch.get_num_threads())
        layers, heads, width = model.layers, model.heads, model.width
        size, room = filled_to(self.head_size), filled_to(model.lead + self.window)
        numbers, scales = (layers, 2, heads, room * size), (layers, 2, heads, room)
        self.memory = self._kernels.Cache(
            *(zeros(numbers, cache) for _ in range(2)),
            *(zeros(scales, np.float32) for _ in range(2)),
        )
        rows, wide = 2 * AT_ONCE, int(self._plan.table[FEED, OUTPUTS])
        self._shared = self._kernels.Shared(
            *(np.zeros((rows, n), np.float32) for n in (width, 3 * width, width, width, wide)),
            np.zeros((2, len(self.weights.heads)), np.float32),
        )
        self._own = [self._scratch(room, size) for _ in range(self._team.threads)]
        phases = 1 + layers * self._kernels.PHASES
        self._turns = [self._kernels.counters(phases, self._team.threads) for _ in range(SETS)]
        self._turn = 0
        self._first_row = self.weights.first_row.numpy()
        self._no_prompt = np.zeros((layers, 2, heads, 0, self.head_size), np.float32)
        self._no_bias = np.zeros(0, np.float32)
        self._taken: tuple[object, object] = (None, None)
        self._seen, self._bias = self._no_prompt, self._no_bias  # of the prompt
        self._unsteered = Push(torch.zeros(layers, width))
        self._steered: tuple[Push | None, tuple] = (None, ())
        # Compile now, not during the music.
        self.step(torch.zeros(self.codebooks, 1, dtype=torch.long), 0)
        self.forget(0)

    def steer(self, push: Push) -> None:
        self._push = push

    @torch.inference_mode()
    def step(self, codes: Tensor, position: int, tap: Tap | None = None) -> Tensor:
        """As `StepDecoder.step`, without a tap: values between blocks stay in machine code."""
        assert tap is None
        push = self._push or self._unsteered
        if push is not self._steered[0]:
            self._steered = (push, self._steering([push]))
        rows, place = 2 if self.guided else 1, self.lead + position
        self._embed(codes, place, rows)
        self._run(place, 0, rows, 1, self._steered[1], True)
        logits = self._shared.logits[:rows].reshape(rows, self.codebooks, -1)
        return torch.from_numpy(logits.copy())

    @torch.inference_mode()
    def prefill(
        self, codes: Tensor, pushes: Sequence[Push], first_row: int = 0, position: int = 0
    ) -> None:
        rows = (2 if self.guided else 1) - first_row
        for i in range(0, len(pushes), AT_ONCE):
            here, place = codes[:, i : i + AT_ONCE], self.lead + position + i
            self._embed(here, place, rows)
            steering = self._steering(pushes[i : i + AT_ONCE])
            self._run(place, first_row, rows, here.shape[1], steering, False)

    def forget(self, position: int) -> None:
        for scale in (self.memory.key_scale, self.memory.value_scale):
            scale[..., self.lead + position] = 0

    def _read_lead(self, embedded: Tensor) -> None:
        rows, positions, width = embedded.shape
        for i in range(0, positions, AT_ONCE):
            here = embedded[:, i : i + AT_ONCE].float()
            time = here.shape[1]
            self._shared.hidden[: rows * time] = here.reshape(rows * time, width).numpy()
            self._run(i, 0, rows, time, self._steering([self._unsteered] * time), False)

    def _embed(self, codes: Tensor, place: int, rows: int) -> None:
        rows_of_codes = codes.numpy() + self._first_row
        self._kernels.embed(self._plan, rows_of_codes, place, rows, self._shared.hidden)

    def _run(
        self, place: int, first_row: int, rows: int, time: int, steering: tuple, wants: bool
    ) -> None:
        if self.prompt is not self._taken[0] or self.prompt_bias is not self._taken[1]:
            self._take_prompt()
        self._turn += 1
        turn, turns = self._turn, self._turns[self._turn % SETS]
        prompt, bias, prompted = self._seen, self._bias, self.prompt is not None
        own, plan, shared, cache = self._own, self._plan, self._shared, self.memory
        run = self._kernels.run

        def work(thread: int) -> None:
            run(
                turn, thread == 0, turns, plan, shared, own[thread], cache, place, first_row, rows,
                time, prompt, bias, prompted, *steering, wants,
            )  # fmt: skip

        self._team(work)

    def _steering(self, pushes: Sequence[Push]) -> tuple:
        """The distinct pushes, and the index of each position's push."""
        different = list({id(push): push for push in pushes}.values())
        number = {id(push): i for i, push in enumerate(different)}
        which = np.array([number[id(push)] for push in pushes])
        offsets = torch.stack([push.offset for push in different]).float().numpy()
        none = torch.zeros(len(offsets[0]), 0, offsets.shape[2])
        bases = [none if push.basis is None else push.basis.float() for push in different]
        most = max(basis.shape[1] for basis in bases)
        held = torch.stack([_with_rows(basis, most) for basis in bases]).numpy()
        flags = [(p.prompted_only, p.keep_norm, p.basis is not None) for p in different]
        return which, offsets, held, np.array(flags, np.int64)

    def _take_prompt(self) -> None:
        before, prompt = self._taken[0], self.prompt
        self._taken = (prompt, self.prompt_bias)
        if prompt is not before:
            layers = [torch.cat(keys_and_values).float() for keys_and_values in prompt or ()]
            self._seen = torch.stack(layers).numpy() if layers else self._no_prompt
        bias = self.prompt_bias
        self._bias = self._no_bias if bias is None else bias.flatten().float().numpy()
        tokens = self._seen.shape[3]
        if tokens > len(self._own[0].scores):
            longer = np.zeros(tokens, np.float32)
            self._own = [own._replace(scores=longer.copy()) for own in self._own]

    def _scratch(self, room: int, size: int):
        rows, widest = 2 * AT_ONCE, int(self._plan.table[:, INPUTS].max())
        width = self._plan.norms.shape[2]
        return self._kernels.Own(
            np.zeros((rows, width), np.float32),
            np.zeros(rows * widest, np.int16),
            np.zeros(rows * widest // GROUP, np.int32),
            np.zeros(rows, np.float32),
            np.zeros(rows * self._kernels.CHUNK, np.float32),
            np.zeros(room, np.float32),
            np.zeros(room, np.int16),
            np.zeros(size, np.float32),
        )


def _plan(kernels: ModuleType, weights: Weights, packed: Packed) -> Any:
    """Weights as the kernels take them."""
    return kernels.Plan(
        packed.memory,
        packed.memory.view(np.float32),
        packed.table,
        torch.stack([norms_of(block) for block in weights.blocks]).float().numpy(),
        torch.stack(weights.norm[1:3]).float().numpy(),
        seen(weights.embedding),
        seen(weights.positions),
        np.float32(weights.norm[3]),
    )


def _with_rows(basis: Tensor, rows: int) -> Tensor:
    missing = rows - basis.shape[1]
    return torch.cat([basis, basis.new_zeros(len(basis), missing, basis.shape[2])], 1)
