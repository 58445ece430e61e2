"""A beat that is held: in every frame the hidden states are told how fast it goes and where it is.

A small step along a tempo direction, added again and again, hardly moves the music: tempo is not
only how fast the beats come, but where they are. So a direction of kind `beat` has three vectors a
layer, for the tempo and for the cosine and sine of the place in the beat. What the hidden states
say along them is taken out and replaced by where the beat should be, which goes round at the tempo
that the knob says. Source of the idea: interventions on concept bottlenecks, Koh et al. 2020,
arXiv:2007.04612.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from musicrfm.directions import Direction
from musicrfm.errors import MusicRFMError

KIND = "beat"
COMPONENTS = ("tempo", "cosine", "sine")
SLOWEST, FASTEST = 20.0, 400.0  # BPM, however far the knob is turned


@dataclass(frozen=True, eq=False)
class Beat:
    """What a direction of kind `beat` means.

    vectors: float32 [layers, 3, width], what one unit of each component adds. rest: [layers, 3],
    the components of nothing, which are added to those that are told. basis: [layers, 3, width],
    orthonormal, spanning the vectors. centre: BPM at raw coefficient 0; spread: of a raw
    coefficient of 1, as a natural logarithm. strength: how far beyond the usual the place in the
    beat is told.
    """

    vectors: np.ndarray
    rest: np.ndarray
    basis: np.ndarray
    centre: float
    spread: float
    strength: float

    @classmethod
    def of(cls, direction: Direction) -> Beat:
        """Raises MusicRFMError for a direction that is none."""
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
        """float32 [layers, width], what is said instead; beats: since a beat, whole ones or not."""
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
    """Where the knob of a beat stands for a tempo; never at 0, where it is off."""
    return direction.coefficient(Beat.of(direction).raw(bpm))


def bpm_at(direction: Direction, coefficient: float) -> float:
    """The tempo in BPM that the knob of a beat says at a coefficient other than 0."""
    return Beat.of(direction).bpm(direction.raw(coefficient))
