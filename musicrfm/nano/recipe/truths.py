"""The true properties of a clip at every position, and the read-outs that predict them.

The properties are the beat, the bar, and what sounds: pitch classes, bass note, drums, number of
parts. Read-outs are linear, one set per decoder block, and can be set to the truth: see `Readouts`.
"""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from musicrfm.data.compose import DRUMS

FRAME_RATE = 50
TEMPO, BEAT = slice(0, 1), slice(1, 3)  # standardised log-tempo; cosine and sine in the beat
BAR, METRE = slice(3, 5), slice(5, 6)  # cosine and sine in the bar; 1 three beats, -1 others
PITCHES, BASS = slice(6, 18), slice(18, 30)  # 1 sounds, -1 does not; of C, C sharp and so on
DRUMMED, PARTS = slice(30, 31), slice(31, 32)  # 1 or -1; how many channels sound, around two
SIZE = 32
BEAT_HEARD, BAR_HEARD = 100, 250  # positions after which the audio shows them
DRUM_MEMORY = 1.0  # seconds for which a stroke counts as drums
GROUPS = {"tempo": TEMPO, "beat": BEAT, "bar": slice(3, 6), "sound": slice(6, SIZE)}


def truths(rows: list[dict], starts: list[int], positions: int) -> tuple[Tensor, Tensor]:
    """(true, audible): [batch, positions, SIZE] each, NaN without a truth.

    rows: clips as `render.render_set` writes them. starts: the first frame of each crop. `audible`
    is NaN also where the audio so far cannot show the property: early in a crop, or after a jump.
    """
    beat, heard = beats_in(rows, starts, positions)
    true = torch.full((len(rows), positions, SIZE), math.nan)
    audible = true.clone()
    true[..., :3], audible[..., :3] = beat, heard
    for i, (row, start) in enumerate(zip(rows, starts, strict=True)):
        bar = torch.from_numpy(_bar(row, start, positions))
        sound = torch.from_numpy(_sound(row, start, positions))
        true[i, :, 3:6], true[i, :, 6:] = bar, sound
        audible[i, BAR_HEARD:, 3:6] = bar[BAR_HEARD:]
        audible[i, 1:, 6:] = sound[1:]
    return true, audible


def beats_in(rows: list[dict], starts: list[int], positions: int) -> tuple[Tensor, Tensor]:
    """(true, audible): the beat at every position, [batch, positions, 3] each.

    The three are the standardised log-tempo, and the cosine and sine of the position in the beat.
    NaN without a beat; `audible` also in the first two seconds of a crop and after a jump, where
    the audio so far cannot show it.
    """
    true = np.full((len(rows), positions, 3), math.nan, np.float32)
    audible = true.copy()
    for i, (row, start) in enumerate(zip(rows, starts, strict=True)):
        beats = np.asarray(row["beats"])
        if len(beats) < 2:
            continue
        at = (start + np.arange(positions)) / FRAME_RATE
        number = np.searchsorted(beats, at, side="right") - 1
        inside = np.clip(number, 0, len(beats) - 2)
        length = np.diff(beats)[inside]
        phase = 2 * math.pi * (at - beats[inside]) / length
        tempo = np.log(60 / length / 104) / 0.32
        true[i] = np.stack((tempo, np.cos(phase), np.sin(phase)), axis=1)
        jumps = ~(np.abs(np.diff(tempo, prepend=math.nan)) < 0.3)
        places = np.arange(positions)
        since = places - np.maximum.accumulate(np.where(jumps, places, 0))
        audible[i, since >= BEAT_HEARD] = true[i, since >= BEAT_HEARD]
    return torch.from_numpy(true), torch.from_numpy(audible)


def _bar(row: dict, start: int, positions: int) -> np.ndarray:
    """float32 [positions, 3]: cosine and sine of the position in the bar, and the metre."""
    out = np.full((positions, 3), math.nan, np.float32)
    bars, beats = np.asarray(row.get("bars") or []), np.asarray(row["beats"])
    if len(bars) < 2:
        return out
    at = (start + np.arange(positions)) / FRAME_RATE
    number = np.searchsorted(bars, at, side="right") - 1
    inside = np.clip(number, 0, len(bars) - 2)
    phase = 2 * math.pi * (at - bars[inside]) / np.diff(bars)[inside]
    count = np.diff(np.searchsorted(beats, bars - 1e-6))[inside]
    out[:, 0], out[:, 1], out[:, 2] = np.cos(phase), np.sin(phase), np.where(count == 3, 1, -1)
    return out


def _sound(row: dict, start: int, positions: int) -> np.ndarray:
    """float32 [positions, 26]: pitch classes, bass note, drums, parts."""
    notes = row.get("notes")
    if notes is None:
        return np.full((positions, SIZE - 6), math.nan, np.float32)
    classes = np.full((positions, 12), -1, np.float32)
    bass, lowest = classes.copy(), np.full(positions, 999)
    drums, parts = np.full(positions, -1, np.float32), np.zeros((positions, 16), np.float32)
    for begin, length, pitch, channel in notes:
        end = begin + (DRUM_MEMORY if channel == DRUMS else length)
        span = slice(
            max(0, round(begin * FRAME_RATE) - start), max(0, round(end * FRAME_RATE) - start)
        )
        parts[span, channel] = 1
        if channel == DRUMS:
            drums[span] = 1
        else:
            classes[span, pitch % 12] = 1
            lowest[span] = np.minimum(lowest[span], pitch)
    heard = lowest < 999
    bass[heard, lowest[heard] % 12] = 1
    return np.column_stack((classes, bass, drums, parts.sum(1) - 2)).astype(np.float32)


class Readouts(nn.ModuleList):
    """Linear read-outs of each decoder block but the last, which can also be set to the truth.

    The last block is excluded: a change there reaches the logits directly, and the blocks before
    would learn to leave the work to it.
    """

    def __init__(self, blocks: nn.ModuleList, width: int, size: int = SIZE) -> None:
        super().__init__(nn.Linear(width, size) for _ in blocks[:-1])
        self.told: Tensor | None = None
        for block, readout in zip(blocks, self, strict=False):
            block.register_forward_hook(partial(self._tell, readout))

    def _tell(self, readout: nn.Linear, block: nn.Module, inputs: tuple, hidden: Tensor) -> Tensor:
        """Move hidden [batch, positions, width] by the shortest way to where the read-outs equal
        `told`.

        Read-outs without a target (NaN) keep their value.
        """
        if self.told is None:
            return hidden
        weight, bias = readout.weight.detach(), readout.bias.detach()
        miss = (self.told - (hidden @ weight.T + bias)).nan_to_num()
        return hidden + miss @ torch.linalg.solve(weight @ weight.T, weight)
