"""Signal processing shared by the engine and the sound card's deck.

Everything works on float32 blocks [samples, channels] and keeps its state between blocks, so that a
level never jumps at a block's edge.
"""

from __future__ import annotations

import numpy as np

LIMIT = 0.75  # full scale is 1.0; below this the limiter changes nothing


def soft_limit(audio: np.ndarray, threshold: float = LIMIT) -> np.ndarray:
    """Leave samples up to `threshold` unchanged and bend the rest smoothly towards ±1.0.

    Memoryless (a tanh knee whose slope is continuous at the threshold), so it adds no latency.
    Returns the same array when nothing is above the threshold. Never exceeds 1.0.
    """
    magnitude = np.abs(audio)
    if magnitude.size == 0 or float(magnitude.max()) <= threshold:
        return audio
    room = 1.0 - threshold
    bent = threshold + room * np.tanh((magnitude - threshold) / room)
    return np.where(magnitude > threshold, np.copysign(bent, audio), audio).astype(np.float32)


def db_to_amplitude(decibels: float, silent_below: float = -60.0) -> float:
    """Decibels to a factor; at or below `silent_below` the factor is 0."""
    return 0.0 if decibels <= silent_below else 10.0 ** (decibels / 20.0)


def mended(audio: object, channels: int, loudest: float = 1.0) -> tuple[np.ndarray, set[str]]:
    """A block as playable float32 [samples, channels], and the faults found in it.

    The number of samples is kept, because time is counted in samples; unusable values become
    silence. A block above `loudest` is scaled down to full scale.
    """
    wrong = set()
    block = np.asarray(audio)
    samples = len(block) if block.ndim else 0
    if block.dtype.kind not in "fiu":
        wrong.add(f"has values of type {block.dtype}")
        block = np.zeros((samples, channels), np.float32)
    if block.shape != (samples, channels):
        wrong.add(f"has the shape {block.shape}, not (samples, {channels})")
        block = block.reshape(samples, -1) if block.size else np.zeros((samples, 1), np.float32)
        block = np.repeat(block.mean(axis=1, keepdims=True), channels, axis=1)
    if not np.isfinite(block).all():
        wrong.add("has values that are not finite")
        block = np.nan_to_num(block, nan=0.0, posinf=0.0, neginf=0.0)
    peak = float(np.abs(block).max(initial=0.0))
    if peak > loudest:
        wrong.add("is far too loud")
        block = block / peak
    return block.astype(np.float32, copy=False), wrong


class Ramp:
    """A level that moves to its target linearly, sample by sample."""

    def __init__(self, value: float) -> None:
        self.value = float(value)
        self.target = float(value)
        self._left = 0

    def to(self, target: float, samples: int) -> None:
        """Reach `target` after this number of samples; the same target again changes nothing."""
        target = float(target)
        if target == self.target:
            return
        self.target = target
        self._left = max(1, samples)

    def jump(self, value: float) -> None:
        self.value = self.target = float(value)
        self._left = 0

    @property
    def moving(self) -> bool:
        return self._left > 0

    @property
    def state(self) -> tuple[float, float, int]:
        return self.value, self.target, self._left

    @state.setter
    def state(self, state: tuple[float, float, int]) -> None:
        self.value, self.target, self._left = state

    def apply(self, audio: np.ndarray) -> np.ndarray:
        """Multiply a block by the level, advancing by its number of samples."""
        if not self._left:
            return audio if self.value == 1.0 else audio * np.float32(self.value)
        samples = len(audio)
        moving = min(samples, self._left)
        line = np.full(samples, self.target, dtype=np.float32)
        step = (self.target - self.value) / self._left
        line[:moving] = self.value + step * np.arange(1, moving + 1)
        self._left -= moving
        self.value = self.target if not self._left else self.value + step * moving
        return audio * line[:, None]
