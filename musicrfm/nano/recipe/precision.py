"""Tests whether training in bfloat16 is faster here."""

from __future__ import annotations

import time

import torch


def bfloat16_is_faster(device: torch.device) -> bool:
    """Whether a layer's matrix product is faster in bfloat16; CPU flags alone do not show that."""
    if device.type == "cuda":
        return True

    def seconds(dtype: torch.dtype) -> float:
        x, w = torch.randn(3200, 256, dtype=dtype), torch.randn(256, 1024, dtype=dtype)
        times = []
        for _ in range(8):
            started = time.perf_counter()
            x @ w
            times.append(time.perf_counter() - started)
        return min(times)

    return seconds(torch.bfloat16) < 0.8 * seconds(torch.float32)
