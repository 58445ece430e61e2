"""The levels of the music: gains set by the player, and a fade over everything."""

from __future__ import annotations

import numpy as np

from bridge.audio.dsp import Ramp, soft_limit
from bridge.controls.parameters import CUE_GAIN

GAIN = "/gain"


class Levels:
    """`gains`: by address, one for the music and, with a `cue`, one for the headphones, which
    get the music again on further channels. `curtain`: 0 closed, 1 open; start, pause, panic and
    stop."""

    def __init__(self, cue: bool) -> None:
        self.gains = {a: Ramp(0.0) for a in (GAIN, CUE_GAIN.address)[: 2 if cue else 1]}
        self.curtain = Ramp(0.0)
        self._ramps = (*self.gains.values(), self.curtain)

    @property
    def closed(self) -> bool:
        return self.curtain.value == 0.0 and not self.curtain.moving

    def apply(self, audio: np.ndarray) -> np.ndarray:
        """[samples, channels] at every gain side by side, faded and limited."""
        levelled = [gain.apply(audio) for gain in self.gains.values()]
        audio = levelled[0] if len(levelled) == 1 else np.concatenate(levelled, axis=1)
        return soft_limit(self.curtain.apply(audio))

    @property
    def state(self) -> tuple[tuple[float, float, int], ...]:
        return tuple(ramp.state for ramp in self._ramps)

    @state.setter
    def state(self, state: tuple[tuple[float, float, int], ...]) -> None:
        for ramp, own in zip(self._ramps, state, strict=True):
            ramp.state = own
