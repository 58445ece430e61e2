"""Finds the beat in a model's hidden states, see `musicrfm.steering.beat`.

The model reads clips with known beats; in every frame, each layer's hidden state is paired with a
tempo and a position in the beat. The vectors are the slopes of the hidden states on these: a
regression of state on beat, not of beat on state, because the vectors must describe how the states
change when the beat moves, not how best to predict it (Haufe et al. 2014,
doi:10.1016/j.neuroimage.2013.10.067).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from musicrfm.directions import Direction
from musicrfm.errors import MusicRFMError
from musicrfm.executor import in_turn
from musicrfm.files import provenance
from musicrfm.intervals import Interval, statistic
from musicrfm.progress import Progress
from musicrfm.steering.beat import COMPONENTS, KIND
from musicrfm.training.reliability import ends

if TYPE_CHECKING:
    from musicrfm.data.clips import ClipSet
    from musicrfm.model import MusicModel

STRENGTH = 4.5  # from measurements on nano: less loses the beat, more makes it stiff
KNOB = (60.0, 160.0)  # BPM at the ends of the travel; beyond, half the tempo often sounds
SETTLING = 2.0  # seconds before the beat is established
HELD_OUT = 5  # one clip in this number is held out to score the layers
PAPER = "Koh et al. 2020, Concept Bottleneck Models, arXiv:2007.04612"  # of the intervention
FEWEST = 20  # clips; with fewer, the slopes are meaningless


@dataclass(frozen=True)
class Beats:
    """Audio with its beats. seconds: times of the beats, ascending, from before the start on."""

    audio: np.ndarray
    sample_rate: int
    seconds: Sequence[float] | np.ndarray


def composed(clips: ClipSet) -> Iterable[Beats]:
    """Clips of `composed.music_clips`, which start two seconds into their pieces."""
    from musicrfm.data.compose import compose
    from musicrfm.data.composed import START

    for row in clips.rows:
        if (sound := clips.hear(row)) is not None:
            beats = np.asarray(compose(row["seed"]).beats) - START
            yield Beats(*sound, beats)


def clicks(clips: ClipSet) -> Iterable[Beats]:
    """Clips of SynTheory's `tempos`: a click on every beat."""
    for row in clips.rows:
        if (sound := clips.hear(row)) is not None:
            beat = 60 / row["bpm"]
            first = -(row["offset_time"] % beat)
            yield Beats(*sound, first + beat * np.arange(math.ceil(8 / beat)))


def fit(
    model: MusicModel,
    clips: Iterable[Beats],
    count: int,
    *,
    name: str = "tempo",
    data: str = "",
    seed: int = 0,
    strength: float = STRENGTH,
    knob: tuple[float, float] = KNOB,
) -> Direction:
    """A direction of kind `beat` from clips read without text, at most `count`.

    knob: BPM at coefficients -1 and 1. layer_scores: how well each layer's states predict the beat
    along the vectors, the mean squared correlation on held-out clips. Memory holds one clip, or one
    layer of the held-out clips, which lie on disk meanwhile. Raises MusicRFMError for too few
    clips, and if all have the same tempo.
    """
    if not 0 < knob[0] < knob[1]:
        raise MusicRFMError(
            f"the knob range {knob[0]:g} to {knob[1]:g} BPM is not valid: give two rising tempi "
            "above 0"
        )
    with TemporaryDirectory(prefix="musicrfm-", ignore_cleanup_errors=True) as folder:
        held = _Held(Path(folder))
        sums = _collected(model, clips, f"encoding {data}", count, held)
        if sums.clips < FEWEST:
            raise MusicRFMError(
                f"{sums.clips} clips with a beat are too few: give {FEWEST} or more"
            )
        centre, spread, slopes, rest = sums.solved(model.name)
        scores = _scores(held, slopes, rest, centre, spread)
    best = int(np.argmax([one.value for one in scores]))
    sure = scores[best].above(0.01)  # a squared correlation is never below 0
    lengths = slopes.norm(dim=-1)
    # The mean components: setting them reproduces the mean state.
    at_rest = torch.linalg.lstsq(slopes.mT, rest[..., None]).solution[..., 0]
    travel = [math.log(bpm / math.exp(centre)) / spread for bpm in knob]
    meta = {
        "concept": "tempo",
        "target": "bpm",
        "kind": KIND,
        "method": "slope",
        "metric": "r2",
        "metric_higher_is_better": True,
        "model": model.name,
        "model_fingerprint": model.fingerprint,
        **provenance.made(),
        "pooling": "every frame",
        "data": {"name": data, "clips": sums.clips + len(held.beats)},
        "samples": sums.clips + len(held.beats),
        "held_out": len(held.beats),
        "splits": _splits(sums.clips, len(held.beats), seed),
        "chance": {"r2": 0.0},
        "layer_intervals": [ends(one) for one in scores],
        "verdict": "" if sure else "the best layer is not clearly better than chance",
        "citation": PAPER,
        "seed": seed,
        "label_mean": centre,
        "label_std": spread,
        "range": travel,
        "components": list(COMPONENTS),
        "beat": {
            "centre": math.exp(centre),
            "spread": spread,
            "strength": strength,
            "lengths": lengths.tolist(),
            "rest": at_rest.tolist(),
        },
    }
    return Direction(name, slopes, [one.value for one in scores], meta)


def _collected(
    model: MusicModel, clips: Iterable[Beats], what: str, count: int, held: _Held
) -> _Sums:
    """Sums over the training clips; the others go to `held`."""
    sums = _Sums(model.layers, model.width)
    progress = Progress(what, count, "clips")

    def encoded(clip: Beats) -> tuple[Beats, torch.Tensor]:
        return clip, model.encode_audio(clip.audio, clip.sample_rate)

    for number, (clip, codes) in enumerate(in_turn(encoded, clips, model.device)):
        states, beat = _heard(model, clip, codes)
        if number % HELD_OUT == HELD_OUT - 1:
            held.add(states, beat)
        else:
            sums.add(states, beat)
        progress(number + 1)
    return sums


def _splits(training: int, test: int, seed: int) -> dict[str, Any]:
    """As of `provenance.splits`; every clip is a piece of its own."""
    parts = {"train": training, "test": test}
    found: dict[str, Any] = {name: {"clips": n, "groups": n} for name, n in parts.items()}
    return found | {"seed": seed, "rule": f"every {HELD_OUT}th clip is for the test"}


class _Held:
    """The held-out clips: their beats, and their states in files of a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.beats = folder, list[torch.Tensor]()

    def add(self, states: torch.Tensor, beat: torch.Tensor) -> None:
        """states: [layers, frames, width]."""
        np.save(self._file(len(self.beats)), states.numpy())
        self.beats.append(beat)

    def layer(self, number: int) -> torch.Tensor:
        """The states of all clips in one layer, [frames, width]."""
        files = map(self._file, range(len(self.beats)))
        return torch.cat([torch.tensor(np.load(file, "r")[number]) for file in files])

    def _file(self, clip: int) -> Path:
        return self.folder / f"{clip}.npy"


class _Sums:
    """Sums of products, which determine the slopes for any number of frames."""

    def __init__(self, layers: int, width: int) -> None:
        self.clips = 0
        self.products = torch.zeros(4, 4, dtype=torch.float64)
        self.with_states = torch.zeros(layers, 4, width, dtype=torch.float64)

    def add(self, states: torch.Tensor, beat: torch.Tensor) -> None:
        if len(beat):
            known = torch.cat([torch.ones(len(beat), 1), beat], 1).double()
            self.clips += 1
            self.products += known.T @ known
            self.with_states += known.T @ states.double()

    def solved(self, model: str) -> tuple[float, float, torch.Tensor, torch.Tensor]:
        """(mean and deviation of log BPM, slopes [layers, 3, width], state at none of them)."""
        frames = self.products[0, 0].item()
        centre = self.products[0, 1].item() / frames
        spread = math.sqrt(max(self.products[1, 1].item() / frames - centre**2, 0.0))
        if spread < 1e-3:
            raise MusicRFMError("all clips have the same tempo: give clips of several tempi")
        found = torch.linalg.solve(self.products, self.with_states)
        if not found.isfinite().all():
            raise MusicRFMError(f"hidden states of {model!r} are not finite in at least one clip")
        slopes, rest = found[:, 1:], found[:, 0]
        rest = rest + centre * slopes[:, 0]
        slopes[:, 0] *= spread  # of one deviation
        return centre, spread, slopes.float(), rest.float()


def _heard(
    model: MusicModel, clip: Beats, codes: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """States [layers, frames, width], and log BPM, cosine and sine of the beat [frames, 3].

    Row `t` of the states chooses frame t + 1, so it is paired with the beat there.
    """
    states = model.hidden_states(codes[None])[:, 0].float().cpu()
    at: np.ndarray = (1 + np.arange(states.shape[1])) / model.frame_rate
    beats = np.asarray(clip.seconds, np.float64)
    if len(beats) < 2:
        return states[:, :0], torch.zeros(0, 3)
    number = np.searchsorted(beats, at, side="right") - 1
    known = (at >= SETTLING) & (number >= 0) & (number < len(beats) - 1)
    number, at = number[known], at[known]
    length = beats[number + 1] - beats[number]
    angle = 2 * math.pi * (at - beats[number]) / length
    beat = np.stack([np.log(60 / length), np.cos(angle), np.sin(angle)], 1)
    return states[:, torch.from_numpy(known)], torch.from_numpy(beat).float()


def _scores(
    held: _Held,
    slopes: torch.Tensor,
    rest: torch.Tensor,
    centre: float,
    spread: float,
) -> list[Interval]:
    """Squared correlation of each layer's prediction with the truth, averaged over the three, with
    intervals over the held-out clips."""
    if not held.beats:
        return [Interval(1.0, math.nan, math.nan, 0)] * len(slopes)
    beat = torch.cat(held.beats)
    beat[:, 0] = (beat[:, 0] - centre) / spread
    lengths = [len(one) for one in held.beats]
    found = []
    for layer, slope in enumerate(slopes):
        said = torch.linalg.lstsq(slope.T, (held.layer(layer) - rest[layer]).T).solution.T
        moments = _moments(said, beat, lengths)
        found.append(statistic(partial(_covered, moments), len(moments)))
    return found


def _moments(said: torch.Tensor, true: torch.Tensor, lengths: Sequence[int]) -> np.ndarray:
    """What a correlation of [frames, 3] needs of each clip: float64 [clips, 6, 3]."""
    ones = torch.ones_like(said)
    each = torch.stack([ones, said, true, said * said, true * true, said * true], 1).double()
    return np.stack([one.sum(0).numpy() for one in each.split(list(lengths))])


def _covered(moments: np.ndarray, clips: np.ndarray) -> float:
    """The mean squared correlation over the clips of these numbers."""
    count, said, true, said2, true2, both = moments[clips].sum(0)
    spreads = (said2 - said**2 / count) * (true2 - true**2 / count)
    return float(((both - said * true / count) ** 2 / np.maximum(spreads, 1e-12)).mean())
