"""A chain of operations of which each waits for the one before, to tell a core's clock by."""

from __future__ import annotations

import numpy as np

from musicrfm.kernels.step import compiled


@compiled
def chain(steps, number):
    """`steps` multiplications and additions in a row, int64."""
    for _ in range(steps):
        number = number * np.int64(6364136223846793005) + np.int64(1442695040888963407)
    return number
