"""Stand-ins for `musicrfm.evaluation.perform.perform` that worker processes can import."""

from __future__ import annotations

import os

import numpy as np


def tone(model, prompt, *, seed=0, seconds=1.0, changes=(), fades=(), **settings) -> np.ndarray:
    """A pitch for each seed, an octave higher with each coefficient; a crossfade glides."""
    t = np.arange(int(seconds * model.sample_rate)) / model.sample_rate
    hz = 220 * 2 ** (seed / 12 + sum(raw for _, _, raw in changes))
    audio = 0.3 * np.sin(2 * np.pi * hz * t)
    for second, _, _, length in fades:
        other = 0.3 * np.sin(2 * np.pi * 1.5 * hz * t)  # a fifth above
        share = np.clip((t - second) / length, 0, 1)
        audio = (1 - share) * audio + share * other
    return audio.astype(np.float32)[:, None]


def processes(model, prompt, **settings) -> np.ndarray:
    """As `tone`, and says in the file that the prompt names which process played."""
    with open(prompt, "a") as file:
        file.write(f"{os.getpid()} {os.environ.get('OMP_NUM_THREADS')}\n")
    return tone(model, prompt, **settings)


def crash_on_seed_1(model, prompt, *, seed=0, **settings) -> np.ndarray:
    if seed == 1:
        os._exit(1)
    return tone(model, prompt, seed=seed, **settings)
