"""A chain of dependent operations, to measure a core's clock frequency."""

from __future__ import annotations

import numpy as np

from musicrfm.kernels.step import compiled


@compiled
def chain(steps, number):
    """`steps` times an or and a multiplication, int64; a compiler cannot shorten squares."""
    for _ in range(steps):
        number = number * (number | np.int64(1))
    return number
