"""Holds a beat: in every frame, the tempo and the position in the beat are set in the hidden
states.

Adding a small step along a tempo direction hardly changes the music, because tempo is not only the
rate of the beats but also their positions. A direction of kind `beat` therefore has three vectors
per layer: for the tempo, and for the cosine and sine of the position in the beat. The hidden
states' components along them are projected out and replaced by the intended position, which
advances at the knob's tempo. Source of the idea: interventions on concept bottlenecks, Koh et al.
2020, arXiv:2007.04612.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from musicrfm.directions import Direction
from musicrfm.errors import MusicRFMError

KIND = "beat"
COMPONENTS = ("tempo", "cosine", "sine")
SLOWEST, FASTEST = 20.0, 400.0  # BPM, limits of the tempo


@dataclass(frozen=True, eq=False)
class Beat:
    """The parameters of a direction of kind `beat`.

    vectors: float32 [layers, 3, width], one unit of each component. rest: [layers, 3], the mean
    components, added to the intended ones. basis: [layers, 3, width], orthonormal, spanning the
    vectors. centre: BPM at raw coefficient 0. spread: effect of a raw coefficient of 1, as a
    natural logarithm. strength: amplitude of the position in the beat, relative to its usual value.
    """

    vectors: np.ndarray
    rest: np.ndarray
    basis: np.ndarray
    centre: float
    spread: float
    strength: float

    @classmethod
    def of(cls, direction: Direction) -> Beat:
        """The beat of a direction. Raises MusicRFMError for a direction of another kind."""
        if not is_beat(direction):
            raise MusicRFMError(
                f"direction {direction.name!r} holds no beat: train one with `musicrfm train beat`"
            )
        try:
            about = direction.meta["beat"]
            lengths, rest = (np.asarray(about[key], np.float32) for key in ("lengths", "rest"))
            numbers = [float(about[key]) for key in ("centre", "spread", "strength")]
        except (KeyError, TypeError, ValueError) as error:
            raise MusicRFMError(
                f"direction {direction.name!r} has no valid description of its beat "
                f"({error!r}): train it again"
            ) from error
        shape = (direction.layers, len(COMPONENTS))
        known = np.isfinite(lengths).all() and np.isfinite(rest).all()
        if not (lengths.shape == rest.shape == shape and known and min(numbers[:2]) > 0):
            raise MusicRFMError(f"direction {direction.name!r} has a damaged beat: train it again")
        vectors = direction.vectors.numpy() * lengths[..., None]
        basis = np.linalg.qr(vectors.transpose(0, 2, 1))[0].transpose(0, 2, 1)
        return cls(vectors, rest, np.ascontiguousarray(basis), *numbers)

    def bpm(self, raw: float) -> float:
        """The tempo that a raw coefficient stands for."""
        exponent = min(max(raw * self.spread, -10.0), 10.0)
        return min(max(self.centre * math.exp(exponent), SLOWEST), FASTEST)

    def raw(self, bpm: float) -> float:
        """The raw coefficient that stands for a tempo in BPM; never 0, which is off."""
        return math.log(bpm / self.centre) / self.spread or 1e-9

    def offset(self, bpm: float, beats: float) -> np.ndarray:
        """float32 [layers, width], the replacement of the projected part; beats: since a beat,
        possibly fractional."""
        angle = 2 * math.pi * (beats % 1.0)
        told = np.array(
            [
                math.log(bpm / self.centre) / self.spread,
                self.strength * math.cos(angle),
                self.strength * math.sin(angle),
            ],
            np.float32,
        )
        return np.einsum("lk,lkw->lw", told + self.rest, self.vectors)


def is_beat(direction: Direction) -> bool:
    return direction.meta.get("kind") == KIND


def coefficient_for(direction: Direction, bpm: float) -> float:
    """The knob position of a beat for a tempo; never 0, which is off."""
    return direction.coefficient(Beat.of(direction).raw(bpm))
